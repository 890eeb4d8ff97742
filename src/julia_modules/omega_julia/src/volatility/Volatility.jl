"How much returns move, and will move."
module Volatility

using LinearAlgebra
using ..OmegaJulia
using ..OmegaJulia: FunctionSpec, Input, Model, OmegaFunction, Output
using ..OmegaJulia: average, choice_parameter, degenerate_data, int_parameter, minimize, no_convergence, not_enough_data, scaling, variance

export garch

include("garch.jl")

end
