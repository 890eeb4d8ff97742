using OmegaJulia: Xoshiro, agreement, average, below!, ordered, ordering, quantile_of_sorted, scaling, variance

@testset "mean and variance are those of the sample" begin
    @test average([1.0, 2.0, 6.0]) == 3
    @test variance([1.0, 2.0, 6.0]) ≈ 14 / 3
end

@testset "an order is that of the values, and equals keep theirs" begin
    rng = Xoshiro(1)
    for n in 0:40, most in (3, 1000)
        x = [Float64(below!(rng, most)) for _ in 1:n]
        @test ordering(x) == sortperm(x; alg = MergeSort)
        @test ordered(x) == sort(x)
    end
end

@testset "quantiles are interpolated between order statistics" begin
    x = [1.0, 2.0, 4.0, 8.0]
    @test quantile_of_sorted(x, 0) == 1
    @test quantile_of_sorted(x, 1) == 8
    @test quantile_of_sorted(x, 0.5) == 3
    @test quantile_of_sorted(x, 0.1) ≈ 1.3
    @test quantile_of_sorted([5.0], 0.3) == 5
    @test ordered([3.0, 1.0, 2.0]) == [1, 2, 3]
end

@testset "scaling neither overflows nor underflows" begin
    for size in (1e-150, 1.0, 1e150)
        centre, width = scaling(size * [-1.0, 0.0, 1.0], "test")
        @test abs(centre) <= 1e-16 * size
        @test width ≈ size * sqrt(2 / 3)
    end
end

@testset "searches agree that end within the tolerance of the highest" begin
    @test agreement([-3.0, -1.0, -1.0005, -2.5], 1e-3) == (searches = 4.0, searches_at_top = 2.0, lead_over_next_top = 1.5)
    @test isnan(agreement([-1.0, -1.0005], 1e-3).lead_over_next_top)
    @test isequal(agreement([-1.0, -Inf], 1e-3), (searches = 2.0, searches_at_top = 1.0, lead_over_next_top = NaN))
end

@testset "what hardly varies is told from what does not vary" begin
    seen(x) = field(failure(() -> scaling(x, "test")), "value")
    @test seen(fill(0.5, 10)) == "the same value in all 10 rows"
    @test seen([1.0 + (i % 3) * eps() for i in 1:10]) == "nearly the same value in all 10 rows, from 1.0 to 1.0000000000000004"
end
