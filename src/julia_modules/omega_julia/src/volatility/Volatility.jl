"How much returns move, and will move."
module Volatility

Base.Experimental.@optlevel 2

using ..OmegaJulia
using ..OmegaJulia: FunctionSpec, Input, Model, OmegaFunction, Output
using ..OmegaJulia: agreement, check_interrupt, choice_parameter, inner, int_parameter, inverse, minimize, no_convergence, not_enough_data, product, scaling, variance

export garch

include("garch_grid.jl")
include("garch_likelihood.jl")
include("garch_search.jl")
include("garch.jl")

end
