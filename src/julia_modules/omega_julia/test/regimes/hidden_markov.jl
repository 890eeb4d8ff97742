using OmegaJulia.Regimes: Passes, expect!, maximize!, penalty, start
using OmegaJulia: ordered

"Returns of a market that is calm or wild, and which it was."
function two_regimes(n; seed = 1)
    rng = Xoshiro(seed)
    wild = false
    states = Bool[]
    returns = map(1:n) do _
        wild = uniform!(rng) < (wild ? 0.95 : 0.02)
        push!(states, wild)
        wild ? -0.001 + 0.03normal!(rng) : 0.001 + 0.008normal!(rng)
    end
    return returns, states
end

@testset "it is no worse than hmmlearn, and has its parameters" begin
    for (parameters, expected) in reference_cases("regimes/hidden_markov.csv")
        k = parse(Int, parameters["states"])
        fit = Regimes.hidden_markov(expected["returns"]; states = k)
        reference = only(expected["log_likelihood"])
        @test fit.log_likelihood >= reference - 1e-6 * abs(reference)
        @test isapprox(fit.standard_deviations, expected["standard_deviations"]; rtol = 1e-2)
        @test isapprox(fit.means, expected["means"]; rtol = 2e-2)
        @test isapprox(vec(permutedims(fit.transition)), expected["transition"]; atol = 5e-3)
        @test isapprox(vec(permutedims(fit.posterior)), expected["posterior"]; atol = 0.02 * sqrt(length(fit.posterior)))
    end
end

@testset "no iteration lowers the likelihood" begin
    y, _ = two_regimes(500)
    y = (y .- sum(y) / 500) / sqrt(OmegaJulia.variance(y))
    for s in 1:6, k in 1:4
        chain = start(s, k, ordered(y), Xoshiro(s))
        passes = Passes(k, length(y))
        likelihoods = map(1:40) do _
            ℓ = expect!(passes, chain, y) - penalty(chain, 1e-4)
            maximize!(chain, passes, y, 1e-4)
            ℓ
        end
        @test all(diff(likelihoods) .> -1e-8)
    end
end

@testset "it recovers the regimes that made the data" begin
    returns, wild = two_regimes(8000)
    fit = Regimes.hidden_markov(returns)
    @test fit.standard_deviations ≈ [0.008, 0.03] rtol = 0.05
    @test fit.transition ≈ [0.98 0.02; 0.05 0.95] atol = 0.01
    @test sum((fit.posterior[:, 2] .> 0.5) .== wild) > 0.95 * 8000
end

@testset "probabilities are probabilities" begin
    for n in (600, 3000), k in 1:4
        returns, _ = two_regimes(n)
        fit = Regimes.hidden_markov(returns; states = k, restarts = 5)
        for p in (fit.posterior, fit.transition, permutedims(fit.initial))
            @test all(x -> 0 <= x <= 1, p)
            @test all(abs.(sum(p; dims = 2) .- 1) .<= 1e-12)
        end
        @test issorted(fit.standard_deviations)
        @test size(fit.posterior) == (n, k)
    end
end

@testset "one state is the normal distribution" begin
    returns, _ = two_regimes(300)
    fit = Regimes.hidden_markov(returns; states = 1)
    @test only(fit.means) ≈ sum(returns) / 300
    @test only(fit.standard_deviations)^2 ≈ OmegaJulia.variance(returns) rtol = 1e-6
    @test fit.log_likelihood ≈ -150 * (log(2π * OmegaJulia.variance(returns)) + 1)
end

@testset "a more likely model has more states" begin
    returns, _ = two_regimes(1500)
    @test issorted([Regimes.hidden_markov(returns; states = k).log_likelihood for k in 1:3])
end

@testset "equal seeds give equal answers" begin
    returns, _ = two_regimes(400)
    @test isequal(Regimes.hidden_markov(returns; states = 3, seed = 9), Regimes.hidden_markov(returns; states = 3, seed = 9))
end

@testset "another unit of returns changes units only" begin
    returns, _ = two_regimes(700)
    fit = Regimes.hidden_markov(returns)
    scaled = Regimes.hidden_markov(100returns)
    @test scaled.standard_deviations ≈ 100fit.standard_deviations rtol = 1e-6
    @test scaled.posterior ≈ fit.posterior atol = 1e-5
    @test scaled.log_likelihood ≈ fit.log_likelihood - 700log(100) rtol = 1e-9
end

@testset "rows far outside every state leave all numbers finite" begin
    returns, _ = two_regimes(400)
    returns[200] = 1e6
    fit = Regimes.hidden_markov(returns)
    @test isfinite(fit.log_likelihood) && all(isfinite, fit.posterior)
end

@testset "equal rows may have a narrow state, a single row may not" begin
    returns, _ = two_regimes(1000)
    plain = Regimes.hidden_markov(returns)
    @test minimum(plain.standard_deviations) > 0.005
    returns[1:4:1000] .= 0.0
    idle = Regimes.hidden_markov(returns; states = 3)
    @test idle.standard_deviations[1] < 1e-5
    @test sum(idle.posterior[1:4:1000, 1] .> 0.99) > 225
end

@testset "what cannot be fitted is refused" begin
    returns, _ = two_regimes(400)
    @test failure_name(() -> Regimes.hidden_markov(returns[1:29]; states = 3)) == "NOT_ENOUGH_DATA"
    @test failure_name(() -> Regimes.hidden_markov(returns; max_iterations = 2, tolerance = 1e-12)) == "NO_CONVERGENCE"
end
