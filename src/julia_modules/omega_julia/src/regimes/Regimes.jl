"Which state a market is in."
module Regimes

Base.Experimental.@optlevel 2

using ..OmegaJulia
using ..OmegaJulia: FunctionSpec, Input, Model, OmegaFunction, Output
using ..OmegaJulia: SMALLEST_VALUE, Xoshiro, agreement, below!, check_interrupt, float_parameter, int_parameter, no_convergence, not_enough_data, ordered, ordering, quantile_of_sorted, scaling, uniform!

export hidden_markov

include("baum_welch.jl")
include("hidden_markov.jl")

end
