# A Gaussian hidden Markov model: a market that is in one of a few states, each with its own mean and deviation.

export hidden_markov

const HIDDEN_MARKOV = FunctionSpec(
    "regimes.hidden_markov", "model", "A Gaussian hidden Markov model of returns, with the probability of every state in every row.";
    description = """
    The state of a row depends on that of the row before alone, and the return is normal given the state. The parameters
    maximise the likelihood (Baum-Welch). As it has several tops, the search starts from several places: four
    that are read from the data (deviations, quantiles, clusters of returns and of their sizes), and random ones, half of them
    with states as wide as all the data and few likely moves, of which half are around the centres of clusters. One random
    start in four comes from `seed`; the rest are the same for every seed. All run some iterations. Then the best sixteen are
    varied for some rounds, one state at a time: a new state is a part of another, or one of another search, or around a few
    returns that lie closer together than the others let expect, or as wide as most. Of the trials of a round half go on after
    a few iterations, and half of those after some more. In the end the best sixteen go on, and the best eight to their end.
    With three states or more on a year of returns, tops are many and hardly differ, and a higher one may be missed:
    `searches_at_top` and `lead_over_next_top` say how sure the highest is. What is not carried to its end is computed in
    single precision.
    State 0 has the least standard deviation, the last state the greatest. `posterior` is smoothed and looks ahead: the
    probability in a row knows all rows, those after it as well, and a backtest that trades on it knows the future. `filtered`
    knows the rows up to its own and no later one, but for the parameters, which are those of all rows: in a backtest, fit the
    rows so far and take its last row.
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
        estimate("means", ["states"], "return", "Mean return in each state."),
        estimate("standard_deviations", ["states"], "volatility", "Standard deviation of the return in each state, ascending."),
        estimate("shares", ["states"], "fraction", "Share of the rows in each state: the mean of its posterior."),
        estimate("expected_durations", ["states"], "rows", "How long a stay in each state lasts on average: 1 / (probability of leaving it); missing if it is never left."; undefined = true),
        estimate("transition", ["states", "states"], "fraction", "Probability of the next state (column) in each state (row)."),
        estimate("initial", ["states"], "fraction", "Probability of each state in the first row."),
        LIKELIHOOD_OUTPUTS...,
        about_search("iterations", "Iterations of the search that won."; type = "int64"),
        about_search("searches", "How many searches went on after a few iterations, those that were on the way of a higher one counted with it."; type = "int64"),
        about_search("searches_at_top", "How many of them ended within 1e-3 of the highest, in log-likelihood less the penalty of the prior."; type = "int64"),
        about_search("lead_over_next_top", "By how much the best of the others ended lower; missing if all agree."; undefined = true),
        Output("posterior", ["row", "states"], "fraction", "Probability of each state in each row, given all rows, later ones too: it looks ahead."),
        Output("filtered", ["row", "states"], "fraction", "Probability of each state in each row, given the rows up to it, under parameters that know all rows."),
    ],
    errors = ["NOT_ENOUGH_DATA", "DEGENERATE_DATA", "NO_CONVERGENCE"],
)

"""
    hidden_markov(returns; states = 2, seed = 0, restarts = 64, max_iterations = 5000, tolerance = 1e-6,
                  variance_prior = 1e-4, nulls = :skip)

A Gaussian hidden Markov model: `means`, `standard_deviations`, `shares`, `expected_durations`, `transition`, `initial`, the
log-likelihood with `aic` and `bic`, and two matrices with a row per return and a column per state: `posterior`, which knows all
rows, and `filtered`, which knows those up to its own. The calmest state comes first.

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

function fit_hidden_markov(returns::Vector{Float64}, p)
    n, k = length(returns), p.states
    least = LEAST_ROWS_PER_STATE * k
    n >= least || throw(not_enough_data(HIDDEN_MARKOV.name, least, n))
    centre, width = scaling(returns, HIDDEN_MARKOV.name)
    y = zeros(n)
    for t in 1:n
        y[t] = (returns[t] - centre) / width
    end
    found = searches(y, k, p.seed, p.restarts, p.max_iterations, p.tolerance, p.variance_prior)
    best = found[1]
    best.converged || throw(no_convergence(HIDDEN_MARKOV.name, "the likelihood still rises", best.iterations, p.max_iterations))

    chain, passes, chains = best.chain, Passes(1, k, n), Chains(1, k)
    put!(chains, 1, chain)
    ℓ = go_forth!(passes, chains, y)[1]
    γ = passes.memory.γ::Array{Float64,3}
    order = ordering(chain.σ²)
    filtered = by_row(γ, order)
    come_back!(passes, y)
    posterior = reported(by_row(γ, order))
    means, deviations, transition, initial, share, stay = zeros(k), zeros(k), zeros(k, k), zeros(1, k), zeros(k), zeros(k)
    for i in 1:k
        from = order[i]
        means[i], deviations[i] = centre + width * chain.μ[from], width * sqrt(chain.σ²[from])
        initial[1, i] = chain.π[from]
        for j in 1:k
            transition[i, j] = chain.A[from, order[j]]
        end
        for t in 1:n
            share[i] += posterior[t, i] / n
        end
    end
    transition = reported(transition)
    for i in 1:k
        stay[i] = expected_duration(transition, i)
    end
    agreed = agreement(heights(found), SAME_TOP)
    return (
        means = means, standard_deviations = deviations, shares = share, expected_durations = stay, transition = transition,
        initial = vec(reported(initial)), about_likelihood(ℓ - n * log(width), free_parameters(k), n)...,
        iterations = best.iterations, agreed..., posterior = posterior, filtered = reported(filtered),
    )
end

"Means and variances, and of every row of probabilities all but one, which the others leave."
free_parameters(k::Int) = 2k + k * (k - 1) + (k - 1)

"What the passes over a single chain keep of every row, as rows by states in the order of an answer."
function by_row(γ::Array{Float64,3}, order::Vector{Int})
    n, k = size(γ, 3) - 1, length(order)
    rows = zeros(n, k)
    for i in 1:k, t in 1:n
        rows[t, i] = γ[1, order[i], t + 1]
    end
    return rows
end

"Rows until state `i` is left, from the probabilities of leaving it: 1 less that of staying would have lost their digits."
function expected_duration(transition::Matrix{Float64}, i::Int)
    leaving = 0.0
    for j in 1:size(transition, 2)
        j == i || (leaving += transition[i, j])
    end
    return leaving > 0 ? 1 / leaving : NaN
end

"How high the searches ended; one that counts for several starts, as often."
function heights(found::Vector{Search})
    all = Float64[]
    for i in 1:length(found), _ in 1:max(found[i].starts, 1)
        push!(all, found[i].height)
    end
    return all
end

"Shares as an answer gives them: 0 where they are too small to be an input, which an answer may be."
function reported(P::Matrix{Float64})
    shares(P)
    for i in 1:length(P)
        P[i] < SMALLEST_VALUE && (P[i] = 0.0)
    end
    return P
end
