"Which state a market is in."
module Regimes

Base.Experimental.@optlevel 2

using Base.Cartesian: @nexprs
using ..Modelling

include("chains.jl")
include("chain_passes.jl")
include("baum_welch.jl")
include("chain_starts.jl")
include("chain_search.jl")
include("hidden_markov.jl")

end
