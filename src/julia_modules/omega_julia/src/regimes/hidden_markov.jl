# A Gaussian hidden Markov model: a market that is in one of a few states, each with its own mean and deviation.

export hidden_markov

const HIDDEN_MARKOV = FunctionSpec(
    "regimes.hidden_markov", "model", "A Gaussian hidden Markov model of returns, with the probability of every state in every row.";
    description = """
    The state of a row depends on that of the row before alone, and the return is normal given the state. The parameters
    maximise the likelihood (Baum-Welch). As it has several tops, the search starts from several places: four
    that are read from the data (deviations, quantiles, clusters of returns and of their sizes), and random ones, half of them
    with states as wide as all the data and few likely moves. One random start in four comes from `seed`; the rest are the same
    for every seed. All run a few iterations. Then the best sixteen are varied for some rounds, one state at a time, a new state
    being as narrow as a few neighbouring returns or as wide as most; of the trials of a round the better half go on. In the
    end the best eight go on: of them the best four, and of those the best two to the end. With three states or more on a year
    of returns, tops are many and hardly differ, and a higher one may be missed: `searches_at_top` and `lead_over_next_top` say
    how sure the highest is.
    State 0 has the least standard deviation, the last state the greatest. Posteriors are smoothed: they know all rows.
    A state around a single row would have an infinite likelihood; so each state's sum of squares starts from `variance_prior`,
    which keeps such a state unlikely and lets one around many equal rows, as of days without trade, be narrow.""",
    references = [
        "L. Rabiner (1989), A tutorial on hidden Markov models and selected applications in speech recognition, Proceedings of the IEEE 77(2)",
        "J. Hamilton (1989), A new approach to the economic analysis of nonstationary time series and the business cycle, Econometrica 57(2)",
        "G. Ciuperca, A. Ridolfi and J. Idier (2003), Penalized maximum likelihood estimator for normal mixtures, Scandinavian Journal of Statistics 30(1)",
        "hmmlearn 0.3.3, GaussianHMM, whose covars_prior is variance_prior in units of the returns",
    ],
    inputs = [series("returns", "returns")],
    parameters = [
        int_parameter("states", 2, 1, 10, "", "How many states there are."),
        int_parameter("seed", 0, 0, 2^53, "", "Which random numbers a quarter of the starts come from: equal seeds give equal answers."),
        int_parameter("restarts", 64, 1, 1000, "", "From how many places the search starts."),
        int_parameter("max_iterations", 5000, 1, 1_000_000, "", "How many iterations one search may take."),
        float_parameter("tolerance", 1e-6, 1e-12, 1e3, "", "The search ends once an iteration adds less than this to the log-likelihood."),
        float_parameter("variance_prior", 1e-4, 1e-12, 1.0, "fraction", "What is added to the sum of squares of each state, as a share of the variance of all returns."),
    ],
    outputs = [
        Output("means", ["states"], "return", "Mean return in each state."),
        Output("standard_deviations", ["states"], "volatility", "Standard deviation of the return in each state, ascending."),
        Output("transition", ["states", "states"], "fraction", "Probability of the next state (column) in each state (row)."),
        Output("initial", ["states"], "fraction", "Probability of each state in the first row."),
        Output("log_likelihood", String[], "", "Logarithm of the likelihood at its maximum."),
        Output("iterations", String[], "", "Iterations of the search that won."),
        Output("searches", String[], "", "How many searches went on after a few iterations, those that were on the way of a higher one counted with it."),
        Output("searches_at_top", String[], "", "How many of them ended within 1e-3 of the highest, in log-likelihood less the penalty of the prior."),
        Output("lead_over_next_top", String[], "", "By how much the best of the others ended lower; missing if all agree."; undefined = true),
        Output("posterior", ["row", "states"], "fraction", "Probability of each state in each row, given all rows."),
    ],
    errors = ["NOT_ENOUGH_DATA", "DEGENERATE_DATA", "NO_CONVERGENCE"],
)

"""
    hidden_markov(returns; states = 2, seed = 0, restarts = 64, max_iterations = 5000, tolerance = 1e-6,
                  variance_prior = 1e-4, nulls = :skip)

A Gaussian hidden Markov model: `means`, `standard_deviations`, `transition`, `initial`, the log-likelihood, and `posterior`,
a matrix with a row per return and a column per state. The calmest state comes first.

```jldoctest
julia> returns = [(isodd(i ÷ 100) ? 0.03 : 0.01) * sin(7.0i^2) for i in 1:600];

julia> fit = Regimes.hidden_markov(returns);

julia> fit.standard_deviations[1] < fit.standard_deviations[2]
true
```
"""
const hidden_markov = model((returns, p) -> fit_hidden_markov(returns, p), HIDDEN_MARKOV; restarts = 3, tolerance = 1.0)

"Fewer rows than this per state say next to nothing about it."
const LEAST_ROWS_PER_STATE = 10

"Iterations of a start's short run; trials in a round of them, and how many of the best they vary: more tops are found from several."
const SHORT_RUN, TRIALS, PARENTS = 12, 63, 16

"Iterations that show which trials of a round are worth more, how many those are, and the iterations that they get."
const GLANCE, WORTH_MORE, SECOND_RUN = 6, 32, 12

"How many of the best go on, for how many iterations each time; the last to their end."
const HEATS = ((8, 24), (4, 48), (2, typemax(Int)))

"How near in log-likelihood two ends of searches are the same top, and two short runs are on the same way."
const SAME_TOP, SAME_WAY = 1e-3, 1e-2

"""
Where search number `s` starts, for data of mean 0 and variance 1. The first four do not depend on chance: states that differ
in deviation; in quantile; clusters of returns; and clusters of their size, which is what volatility is. Of the others, half
leave it to the moves between states to tell them apart, as one that alternates with another.
"""
function start(s, k, y, sorted, rng)
    s == 1 && return Chain(fill(1 / k, k), sticky(k, 0.95), zeros(k), [k == 1 ? 1.0 : 4.0^(2 * (i - 1) / (k - 1) - 1) for i in 1:k])
    s == 2 && return Chain(fill(1 / k, k), sticky(k, 0.8), [quantile_of_sorted(sorted, (i - 0.5) / k) for i in 1:k], fill(0.5, k))
    s == 3 && return clustered(y, y, k)
    s == 4 && return clustered([abs(yₜ) for yₜ in y], y, k)
    μ = [sorted[below!(rng, length(sorted)) + 1] for _ in 1:k]
    s % 4 < 2 && return Chain(fill(1 / k, k), any_moves(k, rng, FEW_LIKELY), μ, ones(k))
    σ² = [exp(3 * uniform!(rng) - 2) for _ in 1:k]
    iseven(s) && return Chain(fill(1 / k, k), any_moves(k, rng, 0.0), μ, σ²)
    for i in 1:k
        μ[i] *= uniform!(rng)
    end
    return Chain(fill(1 / k, k), sticky(k, 0.5 + 0.49 * uniform!(rng)), μ, σ²)
end

"The chain that was seen if the state of a row is the cluster of `x` it lies in: k-means from quantiles on."
function clustered(x, y, k)
    sorted = ordered(x)
    centres = [quantile_of_sorted(sorted, (i - 0.5) / k) for i in 1:k]
    cluster = ones(Int, length(x))
    for _ in 1:20
        sums, counts = zeros(k), zeros(k)
        for t in eachindex(x)
            nearest = 1
            for i in 2:k
                abs(x[t] - centres[i]) < abs(x[t] - centres[nearest]) && (nearest = i)
            end
            cluster[t] = nearest
            sums[nearest] += x[t]
            counts[nearest] += 1
        end
        for i in 1:k
            counts[i] > 0 && (centres[i] = sums[i] / counts[i])
        end
    end
    counts, sums, squares, moves = fill(1.0, k), zeros(k), fill(1.0, k), fill(1.0, k, k)
    for t in eachindex(y)
        i = cluster[t]
        counts[i] += 1
        sums[i] += y[t]
        squares[i] += y[t]^2
        t > 1 && (moves[cluster[t - 1], i] += 1)
    end
    μ = [sums[i] / counts[i] for i in 1:k]
    return Chain(fill(1 / k, k), shares(moves), μ, [max(squares[i] / counts[i] - μ[i]^2, 1e-3) for i in 1:k])
end

"""
A chain in which one state is given up and found anew elsewhere: around some return, or as a part of another state. Tops of
a likelihood often differ in one state only, so that this finds more of them than starting all over.
"""
function varied(chain, sorted, rng)
    k = length(chain.μ)
    A, μ, σ² = copy(chain.A), copy(chain.μ), copy(chain.σ²)
    new, old = below!(rng, k) + 1, below!(rng, k) + 1
    if new == old
        if uniform!(rng) < 0.5
            μ[new] = sorted[below!(rng, length(sorted)) + 1] * min(1.0, 2 * uniform!(rng))
            σ²[new] = exp(7.5 * uniform!(rng) - 7)
        else
            μ[new], σ²[new] = neighbours(sorted, rng)
        end
        A[new, :] = any_moves(k, rng, uniform!(rng) < 0.5 ? FEW_LIKELY : 0.0)[new, :]
        for i in 1:k
            A[i, new] = i == new ? A[i, new] : uniform!(rng)
        end
    else
        apart = (2 * uniform!(rng) - 1) * sqrt(σ²[old])
        μ[new], μ[old] = μ[old] + apart, μ[old] - apart
        σ²[new] = σ²[old] * exp(2 * uniform!(rng) - 1.5)
        A[new, :] = A[old, :]
        for i in 1:k
            both, share = A[i, new] + A[i, old], uniform!(rng)
            A[i, new], A[i, old] = both * share + 1e-3, both * (1 - share) + 1e-3
        end
    end
    return Chain(fill(1 / k, k), shares(A), μ, σ²)
end

"Mean and variance of values that are next to each other when sorted: two of them, up to half of all, few as often as many."
function neighbours(sorted, rng)
    n = length(sorted)
    many = clamp(round(Int, 2 * (n / 4)^uniform!(rng)), 2, n)
    before = below!(rng, n - many + 1)
    mean = spread = 0.0
    for t in before + 1:before + many
        mean += sorted[t] / many
    end
    for t in before + 1:before + many
        spread += (sorted[t] - mean)^2
    end
    return mean, (spread + 1e-4) / many
end

"States that stay with a probability, and move to any other equally."
sticky(k, stay) = k == 1 ? ones(1, 1) : [i == j ? stay : (1 - stay) / (k - 1) for i in 1:k, j in 1:k]

"Over how many powers of e transition probabilities are spread, for few of them to be likely."
const FEW_LIKELY = 8.0

"Random transition probabilities; all are equally likely if they are spread over no powers of e."
function any_moves(k, rng, powers)
    A = zeros(k, k)
    for i in 1:k
        total = 0.0
        for j in 1:k
            A[i, j] = -log(1 - uniform!(rng)) * exp(-powers * uniform!(rng))
            total += A[i, j]
        end
        for j in 1:k
            A[i, j] /= total
        end
    end
    return A
end

"A search under way: where it is, how high, after how many iterations, whether it has come to its end, for how many starts."
mutable struct Search
    chain::Chain
    height::Float64
    iterations::Int
    converged::Bool
    starts::Int
end

Search(chain::Chain, starts = 1) = Search(chain, -Inf, 0, false, starts)

"What all searches go through: the data, the prior, memory."
struct Climber
    y::Vector{Float64}
    prior::Float64
    passes::Vector{Passes}      # for each number of lanes that was needed
    states::Int
end

"Carries the searches on, side by side, by at most so many iterations."
function carry_on!(searches, climber, tolerance, iterations)
    k, n = climber.states, length(climber.y)
    width = clamp(LANES_TIMES_NUMBERS ÷ (k * n), 1, LANES)
    for first in 1:width:length(searches)
        group = searches[first:min(first + width - 1, end)]
        chains = Chains(length(group), k)
        for (lane, search) in enumerate(group)
            put!(chains, lane, search.chain)
        end
        passes = memory!(climber, length(group))
        heights, took, converged = climb!(chains, passes, climber.y, climber.prior, tolerance, iterations)
        for (lane, search) in enumerate(group)
            search.chain, search.height = take(chains, lane), heights[lane]
            search.iterations += took
            search.converged = converged[lane]
        end
    end
    return searches
end

function memory!(climber, width)
    for passes in climber.passes
        length(passes.ℓ) == width && return passes
    end
    push!(climber.passes, Passes(width, climber.states, length(climber.y)))
    return last(climber.passes)
end

"Of searches on the same way, highest first, one; it counts for the others."
function distinct(searches)
    kept = Search[]
    for search in searches
        isempty(kept) || last(kept).height - search.height > SAME_WAY ? push!(kept, search) : (last(kept).starts += search.starts)
    end
    return kept
end

"""
The searches at their end, the highest first. Of the starts, three in four are the same for every seed. What they come to is
varied, round by round the best few found so far, by trials that are the same for every seed as well.
"""
function searches(y, k, seed, restarts, max_iterations, tolerance, prior)
    sorted = ordered(y)
    climber = Climber(y, prior, Passes[], k)
    short = min(SHORT_RUN, max_iterations)
    fixed, seeded = Xoshiro(2^53 + 1), Xoshiro(seed)
    every_seed = restarts - restarts ÷ 4
    begun = [Search(start(s, k, y, sorted, s <= every_seed ? fixed : seeded)) for s in 1:restarts]
    carry_on!(begun, climber, -1.0, short)
    found = highest_first(begun[1:every_seed])
    if k > 1
        for _ in 1:min(5k ÷ 2, restarts - 1)
            trials = [Search(varied(found[min(1 + i % PARENTS, end)].chain, sorted, fixed), 0) for i in 1:TRIALS]
            carry_on!(append!(trials, found[1:1]), climber, -1.0, min(GLANCE, max_iterations))
            trials = highest_first(trials)[1:WORTH_MORE]
            carry_on!(trials, climber, -1.0, min(SECOND_RUN, max_iterations))
            found = distinct(highest_first([trials; found[2:end]]))
        end
    end
    found = distinct(highest_first([found; begun[every_seed + 1:end]]))
    for (most, iterations) in HEATS
        heat = found[1:min(most, end)]
        left = max_iterations - maximum(search.iterations for search in heat)
        left > 0 && carry_on!(heat, climber, tolerance, min(iterations, left))
        found = highest_first([heat; found[length(heat) + 1:end]])
    end
    return found[1:min(HEATS[1][1], end)]
end

highest_first(searches) = searches[ordering([-search.height for search in searches])]

function fit_hidden_markov(returns::Vector{Float64}, p)
    n, k = length(returns), p.states
    least = LEAST_ROWS_PER_STATE * k
    n >= least || throw(not_enough_data(HIDDEN_MARKOV.name, least, n))
    centre, width = scaling(returns, HIDDEN_MARKOV.name)
    y = [(r - centre) / width for r in returns]
    found = searches(y, k, p.seed, p.restarts, p.max_iterations, p.tolerance, p.variance_prior)
    best = found[1]
    best.converged || throw(no_convergence(HIDDEN_MARKOV.name, "the likelihood still rises", best.iterations, p.max_iterations))

    chain = best.chain
    passes, chains = Passes(1, k, n), Chains(1, k)
    put!(chains, 1, chain)
    ℓ = expect!(passes, chains, y)[1]
    order = ordering(chain.σ²)
    heights = [search.height for search in found for _ in 1:max(search.starts, 1)]
    return (
        means = [centre + width * chain.μ[i] for i in order], standard_deviations = [width * sqrt(chain.σ²[i]) for i in order],
        transition = reported([chain.A[i, j] for i in order, j in order]), initial = vec(reported([chain.π[i] for _ in 1:1, i in order])),
        log_likelihood = ℓ - n * log(width), iterations = Float64(best.iterations), agreement(heights, SAME_TOP)...,
        posterior = reported([passes.γ[1, i, t] for t in 1:n, i in order]),
    )
end

"Each row over its sum, without what rounding added: no share of a sum is below 0 or above 1."
function shares(P::Matrix{Float64})
    for t in axes(P, 1)
        total = 0.0
        for i in axes(P, 2)
            total += P[t, i]
        end
        for i in axes(P, 2)
            P[t, i] = clamp(P[t, i] / total, 0.0, 1.0)
        end
    end
    return P
end

"Shares as an answer gives them: 0 where they are too small to be an input, which an answer may be."
function reported(P::Matrix{Float64})
    shares(P)
    for i in eachindex(P)
        P[i] < SMALLEST_VALUE && (P[i] = 0.0)
    end
    return P
end
