# Every test of the package: each file beside this one and below; `test/topic.jl` mirrors `src/topic.jl`.
#
#     julia --project=src/julia_modules/omega_julia src/julia_modules/omega_julia/test/runtests.jl

using OmegaJulia
using Test

include("helpers.jl")

"The files of tests, by their paths from here."
function topics()
    found = [relpath(joinpath(folder, file), @__DIR__) for (folder, _, files) in walkdir(@__DIR__) for file in files]
    return sort!([path for path in found if endswith(path, ".jl") && !(path in ("runtests.jl", "helpers.jl"))])
end

@testset "OmegaJulia" begin
    for topic in topics()
        @testset "$topic" begin
            include(topic)
        end
    end
end
