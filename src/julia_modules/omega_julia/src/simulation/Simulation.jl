"How sure a figure is, by drawing the data again."
module Simulation

Base.Experimental.@optlevel 2

using ..OmegaJulia
using ..OmegaJulia: FunctionSpec, Input, Model, OmegaFunction, Output
using ..OmegaJulia: Xoshiro, below!, check_interrupt, float_parameter, int_parameter, interpolate, not_enough_data
using ..OmegaJulia: average, ordered, ordering, parameter_out_of_range, quantile_of_sorted, uniform!

export stationary_bootstrap

include("stationary_bootstrap.jl")

end
