# Every test of the package; `test/topic.jl` mirrors `src/topic.jl`.
#
#     julia --project=src/julia_modules/omega_julia src/julia_modules/omega_julia/test/runtests.jl

using OmegaJulia
using Test

include("helpers.jl")

@testset "OmegaJulia" begin
    for topic in ("abi", "arrow", "decimal", "documentation", "door", "errors", "model", "optimize", "probe", "random",
                  "records", "registry", "statistics", "volatility/garch", "regimes/hidden_markov",
                  "simulation/stationary_bootstrap")
        path = joinpath(@__DIR__, topic * ".jl")
        isfile(path) && @testset "$topic" begin
            include(path)
        end
    end
end
