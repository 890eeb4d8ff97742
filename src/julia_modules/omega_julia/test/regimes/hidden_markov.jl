using OmegaJulia.Regimes: Chains, Passes, climb!, clustered, expect!, exponential, logarithm, maximize!, penalty, put!, start, take
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
    for (parameters, returns, expected) in reference_cases("regimes/hidden_markov.csv")
        k = parse(Int, parameters["states"])
        fit = Regimes.hidden_markov(returns; states = k)
        reference = only(expected["log_likelihood"])
        @test fit.log_likelihood >= reference - 1e-6 * abs(reference)
        @test isapprox([fit.aic, fit.bic], [only(expected["aic"]), only(expected["bic"])]; rtol = 1e-6)
        @test (fit.free_parameters, fit.rows, fit.converged) === (2k + k^2 - 1, length(returns), true)
        @test isapprox(fit.standard_deviations, expected["standard_deviations"].values; rtol = 1e-2)
        @test isapprox(fit.means, expected["means"].values; rtol = 2e-2)
        @test isapprox(vec(permutedims(fit.transition)), expected["transition"].values; atol = 5e-3)
        posterior = expected["posterior"]
        @test isapprox(posterior(fit.posterior), posterior.values; atol = 0.02 * sqrt(length(posterior.values)))
    end
end

"The probabilities of the states in each row given the rows up to it, row by row."
function filtered_by_hand(fit, returns)
    k, rows = length(fit.means), zeros(length(returns), length(fit.means))
    ahead = fit.initial
    for (t, r) in enumerate(returns)
        joint = [ahead[i] * exp(-((r - fit.means[i]) / fit.standard_deviations[i])^2 / 2) / fit.standard_deviations[i] for i in 1:k]
        rows[t, :] = joint / sum(joint)
        ahead = [sum(rows[t, i] * fit.transition[i, j] for i in 1:k) for j in 1:k]
    end
    return rows
end

@testset "filtered probabilities know the rows up to their own, and posteriors all" begin
    returns = two_regimes(300)[1]
    for k in 1:5
        fit = Regimes.hidden_markov(returns; states = k, restarts = 4)
        @test isapprox(fit.filtered, filtered_by_hand(fit, returns); atol = 1e-9)
        @test isapprox(fit.filtered[end, :], fit.posterior[end, :]; atol = 1e-12)
        k > 1 && @test maximum(abs, fit.filtered - fit.posterior) > 0.01
        # What comes later does not change them, but for the parameters, which are the same here.
        @test isapprox(fit.filtered[1:100, :], filtered_by_hand(fit, [returns[1:100]; fill(9.0, 9)])[1:100, :]; atol = 1e-9)
    end
end

@testset "shares and durations follow from posteriors and transitions" begin
    fit = Regimes.hidden_markov([two_regimes(500)[1]; NaN]; states = 3)
    @test fit.shares ≈ vec(sum(fit.posterior[1:500, :]; dims = 1)) / 500
    @test sum(fit.shares) ≈ 1
    @test fit.expected_durations ≈ [1 / (1 - fit.transition[i, i]) for i in 1:3]
    @test fit.rows === 500
    alone = Regimes.hidden_markov(two_regimes(100)[1]; states = 1)
    @test isnan(only(alone.expected_durations)) && only(alone.shares) ≈ 1
end

"Chains from the first starts, side by side."
function chains_from_starts(lanes, k, y)
    chains = Chains(lanes, k)
    for s in 1:lanes
        put!(chains, s, start(s, y, ordered(y), clustered(y, y, k), Xoshiro(s)))
    end
    return chains
end

standard(y) = (y .- sum(y) / length(y)) / sqrt(OmegaJulia.variance(y))

"What Rabiner writes, row by row: the log-likelihood, the posteriors and the expected moves."
function forward_backward(chain, y)
    density(i, t) = exp(-(y[t] - chain.μ[i])^2 / 2chain.σ²[i]) / sqrt(2π * chain.σ²[i])
    k, n = length(chain.μ), length(y)
    α, β = zeros(k, n), ones(k, n)
    for t in 1:n, j in 1:k
        α[j, t] = density(j, t) * (t == 1 ? chain.π[j] : sum(α[i, t - 1] * chain.A[i, j] for i in 1:k))
    end
    for t in n - 1:-1:1, i in 1:k
        β[i, t] = sum(chain.A[i, j] * density(j, t + 1) * β[j, t + 1] for j in 1:k)
    end
    likelihood = sum(α[:, n])
    moves = [sum(α[i, t] * chain.A[i, j] * density(j, t + 1) * β[j, t + 1] for t in 1:n - 1) for i in 1:k, j in 1:k]
    return log(likelihood), α .* β ./ likelihood, moves ./ likelihood
end

@testset "the passes are forward and backward, for any number of states and of chains" begin
    y = standard(two_regimes(80)[1])
    for k in 1:6, lanes in (1, 5, 19)
        chains, passes = chains_from_starts(lanes, k, y), Passes(lanes, k, 80)
        ℓ = expect!(passes, chains, y)
        for lane in 1:lanes
            chain = take(chains, lane)
            expected, γ, moves = forward_backward(chain, y)
            @test ℓ[lane] ≈ expected rtol = 1e-12
            @test passes.memory.γ[lane, :, 2:end] ≈ γ rtol = 1e-11
            @test passes.moves[lane, :, :] .* chain.A ≈ moves rtol = 1e-11
            @test passes.sums[lane, :] ≈ [sum(γ[i, t] * (y[t] - chain.μ[i]) for t in 1:80) for i in 1:k] rtol = 1e-10 atol = 1e-12
            @test passes.squares[lane, :] ≈ [sum(γ[i, t] * (y[t] - chain.μ[i])^2 for t in 1:80) for i in 1:k] rtol = 1e-10
        end
    end
end

@testset "single precision says nearly the same" begin
    y = standard(two_regimes(701)[1])
    for k in 1:6
        chains = chains_from_starts(16, k, y)
        double, single = Passes(16, k, 701), Passes(16, k, 701; single = true)
        @test expect!(single, chains, y) ≈ expect!(double, chains, y) rtol = 1e-5
        @test single.rows ≈ double.rows rtol = 1e-4
        @test single.squares ≈ double.squares rtol = 1e-3
        @test single.first ≈ double.first atol = 1e-4
    end
end

@testset "states that are all but left, and rows that are all but impossible, leave numbers finite" begin
    y = repeat([0.0, 0.0, 0.0, 50.0, -50.0], 120)
    for k in 1:5, single in (false, true)
        chains, passes = Chains(1, k), Passes(1, k, 600; single = single)
        never = fill(1e-290, k, k)
        for i in 1:k
            never[i, i] = 1.0
        end
        put!(chains, 1, Regimes.Chain(fill(1 / k, k), never, [100.0 * i / k - 50 for i in 1:k], fill(1e-3, k)))
        ℓ = only(expect!(passes, chains, y))
        @test isfinite(ℓ) && all(isfinite, passes.moves)
        @test all(t -> isapprox(sum(passes.memory.γ[1, :, t + 1]), 1; rtol = single ? 1e-4 : 1e-8), 1:600)
    end
end

@testset "no iteration lowers the likelihood" begin
    y = standard(two_regimes(500)[1])
    for k in 1:4
        chains, passes = chains_from_starts(6, k, y), Passes(6, k, 500)
        likelihoods = map(1:40) do _
            ℓ = expect!(passes, chains, y) - [penalty(chains, 1e-4, lane) for lane in 1:6]
            maximize!(chains, passes, 1e-4)
            ℓ
        end
        @test all(step -> all(step .> -1e-8), diff(likelihoods))
    end
end

@testset "a chain climbs alike beside others and by itself" begin
    y = standard(two_regimes(300)[1])
    for k in 1:3
        together = climb!(chains_from_starts(6, k, y), Passes(6, k, 300), y, 1e-4, -1.0, 20)[1]
        alone = map(1:6) do s
            chains = Chains(1, k)
            put!(chains, 1, start(s, y, ordered(y), clustered(y, y, k), Xoshiro(s)))
            climb!(chains, Passes(1, k, 300), y, 1e-4, -1.0, 20)[1][1]
        end
        @test together ≈ alone rtol = 1e-9
    end
end

@testset "leaps arrive where small steps do, and sooner" begin
    y = standard(two_regimes(500)[1])
    chains, passes = chains_from_starts(1, 2, y), Passes(1, 2, 500)
    leapt, iterations, converged = climb!(chains_from_starts(1, 2, y), passes, y, 1e-4, 1e-10, 1000)
    for _ in 1:3000
        expect!(passes, chains, y)
        maximize!(chains, passes, 1e-4)
    end
    @test only(converged) && iterations < 100
    @test only(leapt) ≈ only(expect!(passes, chains, y)) - penalty(chains, 1e-4, 1) rtol = 1e-10
end

@testset "exponentials are right to the last digits" begin
    for x in (0.0, -1e-300, -1e-9, -0.3, -0.5log(2), -1.0, -20.123, -599.9)
        @test exponential(x) ≈ exp(x) rtol = 1e-15
    end
    @test 0 < exponential(-1e9) < 1e-260
    @test exponential(80.0) ≈ exp(80.0) rtol = 1e-15
end

@testset "logarithms are right to the last digits" begin
    for x in (1e-290, 1e-100, 0.5, sqrt(0.5), prevfloat(sqrt(0.5)), 0.999, 1.001, sqrt(2), 2.0, 1e100, 1e290)
        @test logarithm(x) ≈ log(x) rtol = 1e-14
    end
    @test logarithm(1.0) == 0
end

"A year of returns of an index: the likelihood of three states and more has many tops."
const YEAR = [parse(Float64, line) for line in readlines(joinpath(@__DIR__, "year.txt")) if !startswith(line, "#")]

@testset "the top of three states on a year is the same for every seed, and how many searches came there is said" begin
    for seed in 0:7
        fit = Regimes.hidden_markov(YEAR; states = 3, seed = seed)
        @test fit.log_likelihood > 837.79
        @test 1 <= fit.searches_at_top <= fit.searches
        @test isnan(fit.lead_over_next_top) || fit.lead_over_next_top > 1e-3
    end
end

@testset "the top of four states on a year is as high as a thousand random starts found" begin
    tops = [Regimes.hidden_markov(YEAR; states = 4, seed = seed).log_likelihood for seed in 0:7]
    @test minimum(tops) > 844.799
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

@testset "an answer may be an input: no probability is between 0 and the least value that inputs take" begin
    far_apart = [(isodd(i ÷ 50) ? 1.0 : -1.0) + 0.01 * sin(7.0i^2) for i in 1:400]
    fit = Regimes.hidden_markov(far_apart)
    @test any(iszero, fit.posterior)
    for p in (fit.posterior, fit.transition, fit.initial)
        @test all(x -> x == 0 || x >= OmegaJulia.SMALLEST_VALUE, p)
    end
end

@testset "a narrow state of a few rows is found, and states that alternate" begin
    rng = Xoshiro(5)
    alternating = [isodd(i) ? 0.3normal!(rng) : 0.5 + 1.2normal!(rng) for i in 1:300]
    moves = Regimes.hidden_markov(alternating).transition
    @test moves[1, 2] > 0.9 && moves[2, 1] > 0.9
    few = [i % 25 == 0 ? 1.5 + 0.01normal!(rng) : normal!(rng) for i in 1:300]
    narrow = Regimes.hidden_markov(few; states = 2)
    @test narrow.standard_deviations[1] < 0.05
    @test isapprox(narrow.means[1], 1.5; atol = 0.05)
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

@testset "the answer is a search at its end, not one whose rough height was too high" begin
    for first in 1:20:61
        idle = copy(YEAR[first:first + 189])
        idle[1:3:end] .= 0.0
        for states in 3:4, variance_prior in (1e-4, 1e-10)
            fit = Regimes.hidden_markov(idle; states = states, variance_prior = variance_prior)
            @test fit.log_likelihood > 0 && fit.searches_at_top >= 1
        end
    end
end

@testset "what cannot be fitted is refused" begin
    returns, _ = two_regimes(400)
    @test failure_name(() -> Regimes.hidden_markov(returns[1:29]; states = 3)) == "NOT_ENOUGH_DATA"
    @test failure_name(() -> Regimes.hidden_markov(returns; max_iterations = 2, tolerance = 1e-12)) == "NO_CONVERGENCE"
end
