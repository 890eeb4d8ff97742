using OmegaJulia.Simulation: draw!, optimal_block_length, quantile_of_counts
using OmegaJulia: ordered, quantile_of_sorted

@testset "it agrees with arch, up to chance" begin
    for (parameters, returns, expected) in reference_cases("simulation/stationary_bootstrap.csv")
        cutoff = parse(Float64, parameters["cutoff"])
        fit = Simulation.stationary_bootstrap(returns; cutoff = cutoff, mean_block = parse(Float64, parameters["mean_block"]),
                                              confidence = parse(Float64, parameters["confidence"]), replications = 20_000)
        error = only(expected["standard_error"])
        @test fit.value_at_risk ≈ only(expected["value_at_risk"]) rtol = 1e-12
        @test fit.standard_error ≈ error rtol = 0.05
        @test abs(fit.lower - only(expected["lower"])) < 0.2error
        @test abs(fit.upper - only(expected["upper"])) < 0.2error
        @test fit.mean_block ≈ only(expected["mean_block"]) rtol = 1e-9
        @test optimal_block_length(returns) ≈ max(1, only(expected["optimal_block_of_returns"])) rtol = 1e-9
    end
end

@testset "a seed fixes every bit, on every version of Julia" begin
    x = [((i * 7919) % 1009) / 1009 - 0.5 for i in 1:200]
    fit = Simulation.stationary_bootstrap(x; seed = 42, replications = 4, mean_block = 8)
    @test fit.replications == [-0.44667988107036666, -0.46278493557978195, -0.4427155599603568, -0.44667988107036666]
    @test fit.replications != Simulation.stationary_bootstrap(x; seed = 43, replications = 4, mean_block = 8).replications
end

@testset "counting ranks gives the quantile of the sorted sample" begin
    rng = Xoshiro(8)
    for n in (1, 2, 3, 50), p in (0.0, 0.01, 0.05, 0.5, 0.99, 1.0), _ in 1:10
        sorted = ordered([round(normal!(rng); digits = 1) for _ in 1:n])
        counts = zeros(Int32, n)
        draw!(counts, collect(1:n), 3.0, rng)
        @test sum(counts) == n
        sample = [sorted[i] for i in 1:n for _ in 1:counts[i]]
        @test quantile_of_counts(sorted, counts, p) ≈ quantile_of_sorted(sample, p) atol = 1e-15
    end
end

@testset "long blocks keep neighbours together, and short ones do not" begin
    n = 5000
    "How many of the drawn rows were drawn together with the row after them."
    function neighbours(mean_block)
        counts = zeros(Int32, n)
        draw!(counts, collect(1:n), mean_block, Xoshiro(2))
        return sum(min(counts[i], counts[i % n + 1]) for i in 1:n) / n
    end
    @test neighbours(1.0) < 0.6 < 0.9 < neighbours(100.0)
end

@testset "intervals of independent returns hold the true quantile as often as they say" begin
    truth = -1.6448536269514722
    trials = 200
    held = count(1:trials) do trial
        rng = Xoshiro(1000 + trial)
        fit = Simulation.stationary_bootstrap([normal!(rng) for _ in 1:500]; mean_block = 1, confidence = 0.9, replications = 300, seed = trial)
        fit.lower <= truth <= fit.upper
    end
    @test 0.82 < held / trials < 0.96
end

@testset "the standard error is that of the theory of quantiles" begin
    rng = Xoshiro(6)
    n, p = 4000, 0.05
    fit = Simulation.stationary_bootstrap([normal!(rng) for _ in 1:n]; cutoff = p, mean_block = 1, replications = 2000)
    density = exp(-1.6448536269514722^2 / 2) / sqrt(2π)
    @test fit.standard_error ≈ sqrt(p * (1 - p) / n) / density rtol = 0.25
end

@testset "dependent returns need longer blocks than independent ones" begin
    rng = Xoshiro(7)
    independent = [normal!(rng) for _ in 1:2000]
    dependent = copy(independent)
    for t in 2:2000
        dependent[t] = 0.8dependent[t - 1] + independent[t]
    end
    @test optimal_block_length(independent) < 5 < optimal_block_length(dependent)
    @test optimal_block_length(fill(1.0, 100)) == 1
end

@testset "a wider confidence is a wider interval around the figure" begin
    x = garch_returns(800)
    narrow, wide = (Simulation.stationary_bootstrap(x; confidence = c) for c in (0.5, 0.99))
    @test wide.lower < narrow.lower <= narrow.value_at_risk <= narrow.upper < wide.upper
    @test length(wide.replications) == 1000
end

@testset "constant returns have a certain value at risk" begin
    fit = Simulation.stationary_bootstrap(fill(0.01, 50))
    @test fit.lower == fit.upper == fit.value_at_risk == 0.01
    @test fit.standard_error < 1e-15
end

@testset "blocks shorter than a row are refused" begin
    e = failure(() -> Simulation.stationary_bootstrap(garch_returns(100); mean_block = 0.5))
    @test error_name(e.code) == "PARAMETER_OUT_OF_RANGE"
    @test field(e, "name") == "mean_block"
    @test failure_name(() -> Simulation.stationary_bootstrap(garch_returns(19))) == "NOT_ENOUGH_DATA"
end
