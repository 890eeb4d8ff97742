"Which state a market is in."
module Regimes

using ..Modelling

"Hidden Markov chains side by side: what they make of rows, and how they climb. All the work of a search is here."
module SideBySide

# The search itself is left to the package's level: it runs as fast, and is compiled sooner.
Base.Experimental.@optlevel 2

using Base.Cartesian: @nexprs
using ...Modelling

include("chains.jl")
include("chain_numbers.jl")
include("chain_passes.jl")
include("baum_welch.jl")

end

using .SideBySide: Chain, Chains, LANES, LANES_TIMES_NUMBERS, Passes, climb!, come_back!, expect!, exponential, go_forth!, is_single,
                   lanes, logarithm, maximize!, penalty, put!, take

include("chain_starts.jl")
include("chain_search.jl")
include("hidden_markov.jl")

end
