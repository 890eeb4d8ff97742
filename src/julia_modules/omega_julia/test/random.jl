using OmegaJulia: below!, next!, splitmix

@testset "SplitMix64 and xoshiro256++ give the published numbers" begin
    first_output, state = splitmix(UInt64(1234567))
    @test first_output == 6457827717110365317
    @test first(splitmix(state)) == 3203168211198807973
    rng = Xoshiro(UInt64(1), UInt64(2), UInt64(3), UInt64(4))
    @test [next!(rng) for _ in 1:3] == [41943041, 58720359, 3588806011781223]
end

@testset "whole numbers below a bound are equally likely" begin
    rng = Xoshiro(5)
    n, draws = 7, 70_000
    counts = zeros(Int, n)
    for _ in 1:draws
        counts[below!(rng, n) + 1] += 1
    end
    @test sum((counts .- draws / n) .^ 2 ./ (draws / n)) < 22.5    # chi-squared with 6 degrees of freedom, 0.1 %
end

@testset "uniform numbers fill the half-open unit interval" begin
    rng = Xoshiro(3)
    x = [uniform!(rng) for _ in 1:20_000]
    @test all(0 .<= x .< 1)
    @test abs(sum(x) / length(x) - 0.5) < 0.01
end
