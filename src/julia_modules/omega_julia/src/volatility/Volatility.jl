"How much returns move, and will move."
module Volatility

Base.Experimental.@optlevel 2

using ..Modelling

include("garch_grid.jl")
include("garch_likelihood.jl")
include("garch_search.jl")
include("garch.jl")
include("ewma.jl")

end
