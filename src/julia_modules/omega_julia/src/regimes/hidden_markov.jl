# A Gaussian hidden Markov model: a market that is in one of a few states, each with its own mean and deviation.

const HIDDEN_MARKOV = FunctionSpec(
    "regimes.hidden_markov", "model", "A Gaussian hidden Markov model of returns, with the probability of every state in every row.";
    description = """
    The state of a row depends on that of the row before alone, and the return is normal given the state. The parameters
    maximise the likelihood (Baum-Welch). As it has several tops, the search starts from several places: the first two are
    states that differ in deviation and in mean, the others are random. All run a few iterations, the best five to the end.
    State 0 has the least standard deviation, the last state the greatest. Posteriors are smoothed: they know all rows.
    A state around a single row would have an infinite likelihood; so each state's sum of squares starts from `variance_prior`,
    which keeps such a state unlikely and lets one around many equal rows, as of days without trade, be narrow.""",
    references = [
        "L. Rabiner (1989), A tutorial on hidden Markov models and selected applications in speech recognition, Proceedings of the IEEE 77(2)",
        "J. Hamilton (1989), A new approach to the economic analysis of nonstationary time series and the business cycle, Econometrica 57(2)",
        "G. Ciuperca, A. Ridolfi and J. Idier (2003), Penalized maximum likelihood estimator for normal mixtures, Scandinavian Journal of Statistics 30(1)",
        "hmmlearn 0.3.3, GaussianHMM, whose covars_prior is variance_prior in units of the returns",
    ],
    inputs = [Input("returns", "Returns of one asset, one per period.")],
    parameters = [
        int_parameter("states", 2, 1, 10, "", "How many states there are."),
        int_parameter("seed", 0, 0, 2^53, "", "Which random numbers the starts come from: equal seeds give equal answers."),
        int_parameter("restarts", 30, 1, 1000, "", "From how many places the search starts."),
        int_parameter("max_iterations", 5000, 1, 1_000_000, "", "How many iterations one search may take."),
        float_parameter("tolerance", 1e-6, 1e-12, 1e3, "", "The search ends once an iteration adds less than this to the log-likelihood."),
        float_parameter("variance_prior", 1e-4, 1e-12, 1.0, "fraction", "What is added to the sum of squares of each state, as a share of the variance of all returns."),
    ],
    outputs = [
        Output("means", ["state"], "fraction", "Mean return in each state."),
        Output("standard_deviations", ["state"], "fraction", "Standard deviation of the return in each state, ascending."),
        Output("transition", ["state", "state"], "fraction", "Probability of the next state (column) in each state (row)."),
        Output("initial", ["state"], "fraction", "Probability of each state in the first row."),
        Output("log_likelihood", String[], "", "Logarithm of the likelihood at its maximum."),
        Output("iterations", String[], "", "Iterations of the search that won."),
        Output("posterior", ["row", "state"], "fraction", "Probability of each state in each row, given all rows."),
    ],
    errors = ["NOT_ENOUGH_DATA", "DEGENERATE_DATA", "NO_CONVERGENCE"],
)

"""
    hidden_markov(returns; states = 2, seed = 0, restarts = 30, max_iterations = 5000, tolerance = 1e-6,
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
const hidden_markov = OmegaFunction(
    HIDDEN_MARKOV, Model((returns, p) -> fit_hidden_markov(returns, Int(p[1]), Int(p[2]), Int(p[3]), Int(p[4]), p[5], p[6])))

"Fewer rows than this per state say next to nothing about it."
const LEAST_ROWS_PER_STATE = 10

"Iterations that every start gets, and how many of the best go on."
const SHORT_RUN, FINALISTS = 25, 5

"The parameters: start and transition probabilities, means and variances."
struct Chain
    π::Vector{Float64}
    A::Matrix{Float64}
    μ::Vector{Float64}
    σ²::Vector{Float64}
end

"Memory for one pass over the rows; matrices are state by row."
struct Passes
    b::Matrix{Float64}     # density of the row in each state, over the largest of them
    α::Matrix{Float64}     # probability of each state given the rows so far
    γ::Matrix{Float64}     # probability of each state given all rows
    c::Vector{Float64}     # density of the row given the rows before, over that same largest
    β::Vector{Float64}
    w::Vector{Float64}
    ξ::Matrix{Float64}     # expected number of moves from state to state
end

Passes(k, n) = Passes(zeros(k, n), zeros(k, n), zeros(k, n), zeros(n), zeros(k), zeros(k), zeros(k, k))

"""
    expect!(passes, chain, y)

The log-likelihood of `y`, and in `passes` the posteriors and the expected moves: Rabiner's scaled forward and backward
passes. Densities are taken relative to the largest of their row, so that no row is too far out.
"""
function expect!(passes::Passes, chain::Chain, y)
    b, α, γ, c, β, w, ξ = passes.b, passes.α, passes.γ, passes.c, passes.β, passes.w, passes.ξ
    k, n = size(b)
    A = chain.A
    constants = [-log(2π * σ²) / 2 for σ² in chain.σ²]
    ℓ = 0.0
    @inbounds for t in 1:n
        most = -Inf
        for i in 1:k
            b[i, t] = constants[i] - (y[t] - chain.μ[i])^2 / 2chain.σ²[i]
            most = max(most, b[i, t])
        end
        total = 0.0
        for j in 1:k
            b[j, t] = exp(b[j, t] - most)
            prior = 0.0
            if t == 1
                prior = chain.π[j]
            else
                for i in 1:k
                    prior += α[i, t - 1] * A[i, j]
                end
            end
            α[j, t] = prior * b[j, t]
            total += α[j, t]
        end
        for j in 1:k
            α[j, t] /= total
        end
        c[t] = total
        ℓ += log(total) + most
    end
    fill!(ξ, 0.0)
    fill!(β, 1.0)
    @inbounds for t in n:-1:1
        for i in 1:k
            γ[i, t] = α[i, t] * β[i]
        end
        t == 1 && break
        for j in 1:k
            w[j] = b[j, t] * β[j] / c[t]
        end
        for i in 1:k
            β[i] = 0.0
            for j in 1:k
                move = A[i, j] * w[j]
                β[i] += move
                ξ[i, j] += α[i, t - 1] * move
            end
        end
    end
    return ℓ
end

"The parameters that are likeliest given the posteriors; a state that no row is in stays as it was."
function maximize!(chain::Chain, passes::Passes, y, prior)
    γ, ξ = passes.γ, passes.ξ
    k, n = size(γ)
    for i in 1:k
        chain.π[i] = max(γ[i, 1], floatmin())
        weight = mean = 0.0
        @inbounds for t in 1:n
            weight += γ[i, t]
            mean += γ[i, t] * y[t]
        end
        weight > 1e-10 || continue
        mean /= weight
        spread = 0.0
        @inbounds for t in 1:n
            spread += γ[i, t] * (y[t] - mean)^2
        end
        chain.μ[i] = mean
        chain.σ²[i] = (prior + spread) / weight
        moves = 0.0
        for j in 1:k
            moves += ξ[i, j]
        end
        moves > 1e-10 || continue
        for j in 1:k
            chain.A[i, j] = max(ξ[i, j] / moves, floatmin())    # not 0: a far row must be able to change the state
        end
    end
    return chain
end

"The penalty that makes the prior the likeliest addition to each sum of squares."
function penalty(chain::Chain, prior)
    total = 0.0
    for σ² in chain.σ²
        total += prior / 2σ²
    end
    return total
end

"""
    search!(chain, passes, y, prior, tolerance, max_iterations)

Baum-Welch from `chain` on: the penalised log-likelihood, the iterations, and whether the last one added less than `tolerance`.
"""
function search!(chain, passes, y, prior, tolerance, max_iterations)
    ℓ = expect!(passes, chain, y) - penalty(chain, prior)
    for iteration in 1:max_iterations
        check_interrupt()
        maximize!(chain, passes, y, prior)
        previous, ℓ = ℓ, expect!(passes, chain, y) - penalty(chain, prior)
        isfinite(ℓ) || return -Inf, iteration, false
        ℓ - previous < tolerance && return ℓ, iteration, true
    end
    return ℓ, max_iterations, false
end

"Where search number `s` starts, for data of mean 0 and variance 1."
function start(s, k, sorted, rng)
    s == 1 && return Chain(fill(1 / k, k), sticky(k, 0.95), zeros(k), [k == 1 ? 1.0 : 4.0^(2 * (i - 1) / (k - 1) - 1) for i in 1:k])
    s == 2 && return Chain(fill(1 / k, k), sticky(k, 0.8), [quantile_of_sorted(sorted, (i - 0.5) / k) for i in 1:k], fill(0.5, k))
    μ = [sorted[below!(rng, length(sorted)) + 1] for _ in 1:k]
    σ² = [exp(3 * uniform!(rng) - 2) for _ in 1:k]
    iseven(s) && return Chain(fill(1 / k, k), any_moves(k, rng), μ, σ²)
    for i in 1:k
        μ[i] *= uniform!(rng)
    end
    return Chain(fill(1 / k, k), sticky(k, 0.5 + 0.49 * uniform!(rng)), μ, σ²)
end

"States that stay with a probability, and move to any other equally."
sticky(k, stay) = k == 1 ? ones(1, 1) : [i == j ? stay : (1 - stay) / (k - 1) for i in 1:k, j in 1:k]

"Transition probabilities of which all are equally likely."
function any_moves(k, rng)
    A = zeros(k, k)
    for i in 1:k
        total = 0.0
        for j in 1:k
            A[i, j] = -log(1 - uniform!(rng))
            total += A[i, j]
        end
        for j in 1:k
            A[i, j] /= total
        end
    end
    return A
end

function fit_hidden_markov(returns::Vector{Float64}, k, seed, restarts, max_iterations, tolerance, prior)
    n = length(returns)
    least = LEAST_ROWS_PER_STATE * k
    n >= least || throw(not_enough_data(HIDDEN_MARKOV.name, least, n))
    centre, width = scaling(returns, HIDDEN_MARKOV.name)
    y = [(r - centre) / width for r in returns]
    sorted = ordered(y)
    rng = Xoshiro(seed)
    passes = Passes(k, n)

    short = min(SHORT_RUN, max_iterations)
    chains = [start(s, k, sorted, rng) for s in 1:restarts]
    runs = [search!(chain, passes, y, prior, tolerance, short) for chain in chains]
    best = 0
    for s in ordering([-run[1] for run in runs])[1:min(FINALISTS, restarts)]
        ℓ, iterations, converged = runs[s]
        if !converged && isfinite(ℓ)
            ℓ, more, converged = search!(chains[s], passes, y, prior, tolerance, max_iterations - iterations)
            runs[s] = (ℓ, iterations + more, converged)
        end
        best = best == 0 || ℓ > runs[best][1] ? s : best
    end
    _, iterations, converged = runs[best]
    converged || throw(no_convergence(HIDDEN_MARKOV.name, "the likelihood still rises", iterations, max_iterations))

    chain = chains[best]
    ℓ = expect!(passes, chain, y)
    order = ordering(chain.σ²)
    return (
        means = [centre + width * chain.μ[i] for i in order], standard_deviations = [width * sqrt(chain.σ²[i]) for i in order],
        transition = shares([chain.A[i, j] for i in order, j in order]), initial = vec(shares([chain.π[i] for _ in 1:1, i in order])),
        log_likelihood = ℓ - n * log(width), iterations = Float64(iterations),
        posterior = shares([passes.γ[i, t] for t in 1:n, i in order]),
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
