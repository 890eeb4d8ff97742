# How sure a historical value at risk is, by drawing blocks of the past again and again.

export stationary_bootstrap

const STATIONARY_BOOTSTRAP = FunctionSpec(
    "simulation.stationary_bootstrap", "simulation", "A confidence interval of historical value at risk, from resampled blocks of returns.";
    description = """
    Value at risk is the quantile `cutoff` of the returns, interpolated linearly, and negative for a loss. Each replication
    draws as many returns as there are, in blocks that start anywhere, run over the end to the beginning, and have a geometric
    length with mean `mean_block`, so that what depends on its neighbours keeps them. The interval holds the middle part of the
    replications. The automatic block length suits the quantile: it is that of Politis and White for the series of rows that are
    at or below it. One seed gives the same numbers on every machine and version.""",
    references = [
        "D. Politis and J. Romano (1994), The stationary bootstrap, Journal of the American Statistical Association 89(428)",
        "D. Politis and H. White (2004), Automatic block-length selection for the dependent bootstrap, Econometric Reviews 23(1)",
        "A. Patton, D. Politis and H. White (2009), Correction to the same, Econometric Reviews 28(4)",
        "K. Sheppard, arch 8.0.0, arch.bootstrap.StationaryBootstrap and optimal_block_length",
    ],
    inputs = [series("returns", "returns")],
    parameters = [
        float_parameter("cutoff", 0.05, 0.0, 1.0, "fraction", "The quantile: the share of returns that are worse."; exclusive = true),
        int_parameter("replications", 1000, 1, 1_000_000, "", "How often the returns are drawn again."),
        float_parameter("mean_block", 0.0, 0.0, 1e6, "rows", "Mean length of the blocks, at least 1; 0 chooses it from the data."),
        float_parameter("confidence", 0.95, 0.0, 1.0, "fraction", "The share of replications that the interval holds."; exclusive = true),
        int_parameter("seed", 0, 0, 2^53, "", "Which random numbers: equal seeds give equal answers."),
    ],
    outputs = [
        estimate("value_at_risk", String[], "return", "The quantile of the returns themselves."),
        uncertainty("lower", "value_at_risk", "return", "Lower end of the interval."; name = "lower"),
        uncertainty("upper", "value_at_risk", "return", "Upper end of the interval."; name = "upper"),
        uncertainty("standard_error", "value_at_risk", "volatility", "Standard deviation of the replications."; name = "standard_error"),
        about_fit("mean_block", "rows", "Mean length of the blocks that were drawn."),
        about_fit("rows", "rows", "How many returns were drawn from: those that are not missing."; type = "int64"),
        Output("replications", ["replications"], "return", "The value at risk of each replication."),
    ],
    errors = ["NOT_ENOUGH_DATA"],
)

"""
    stationary_bootstrap(returns; cutoff = 0.05, replications = 1000, mean_block = 0, confidence = 0.95, seed = 0, nulls = :skip)

The historical value at risk, a confidence interval for it from the stationary bootstrap, and every replication.

```jldoctest
julia> returns = [sin(7.0i^2) / 100 for i in 1:250];

julia> a = Simulation.stationary_bootstrap(returns; seed = 1);

julia> a.lower <= a.value_at_risk <= a.upper
true
```
"""
const stationary_bootstrap = model((returns, p) -> bootstrap_value_at_risk(returns, p), STATIONARY_BOOTSTRAP; replications = 10)

"Fewer rows than this have no autocorrelations to choose a block length from."
const LEAST_ROWS = 20

function bootstrap_value_at_risk(returns::Vector{Float64}, p)
    n, cutoff, mean_block, confidence = length(returns), p.cutoff, p.mean_block, p.confidence
    n >= LEAST_ROWS || throw(not_enough_data(STATIONARY_BOOTSTRAP.name, LEAST_ROWS, n))
    mean_block == 0 || mean_block >= 1 ||
        throw(parameter_out_of_range("mean_block", "0, or at least 1 and at most 1000000", mean_block))
    order = ordering(returns)
    sorted = returns[order]
    value_at_risk = quantile_of_sorted(sorted, cutoff)
    block = mean_block == 0 ? optimal_block_length([r <= value_at_risk ? 1.0 : 0.0 for r in returns]) : mean_block
    replicated = replicate(invperm(order), sorted, cutoff, block, p.replications, Xoshiro(p.seed))
    middle = ordered(replicated)
    return (value_at_risk = value_at_risk, lower = quantile_of_sorted(middle, (1 - confidence) / 2),
            upper = quantile_of_sorted(middle, (1 + confidence) / 2), standard_error = deviation(replicated),
            mean_block = block, rows = n, replications = replicated)
end

"Standard deviation of a sample; NaN for fewer than two."
function deviation(x)
    m = average(x)
    total = 0.0
    for xᵢ in x
        total += (xᵢ - m)^2
    end
    return length(x) < 2 ? NaN : sqrt(total / (length(x) - 1))
end

"""
    replicate(rank, sorted, cutoff, mean_block, replications, rng)

The quantile `cutoff` of each replication. Row `i` has the value `sorted[rank[i]]`, so it is enough to count how often each
rank was drawn and to walk the counts up to the quantile: no replication is ever sorted.
"""
function replicate(rank, sorted, cutoff, mean_block, replications, rng)
    drawn = Vector{Int32}(undef, length(rank))
    result = Vector{Float64}(undef, replications)
    for r in 1:replications
        check_interrupt()
        fill!(drawn, 0)
        draw!(drawn, rank, mean_block, rng)
        result[r] = quantile_of_counts(sorted, drawn, cutoff)
    end
    return result
end

"As many rows as there are, in blocks: after each row, a new block starts with probability `1 / mean_block`."
function draw!(drawn, rank, mean_block, rng)
    n = length(rank)
    stop = 1 / mean_block
    row = below!(rng, n)
    @inbounds for _ in 1:n
        drawn[rank[row + 1]] += 1
        row = uniform!(rng) < stop ? below!(rng, n) : row + 1 == n ? 0 : row + 1
    end
end

"As `quantile_of_sorted` of the sample that holds `sorted[i]` as often as `counts[i]` says."
function quantile_of_counts(sorted, counts, p)
    position = p * (length(counts) - 1)
    k = floor(Int, position)
    i, seen = 1, Int(counts[1])
    while seen <= k
        i += 1
        seen += counts[i]
    end
    fraction = position - k
    (fraction == 0 || seen > k + 1) && return sorted[i]
    j = findnext(>(0), counts, i + 1)
    return interpolate(sorted[i], sorted[j], fraction)
end

"""
    optimal_block_length(x)

The mean block length of the stationary bootstrap that estimates the variance of the mean of `x` best: at least 1, at most
the lesser of 3√n and n/3.

Source: Politis and White (2004), section 3.2, with the corrected constant of Patton, Politis and White (2009).
"""
function optimal_block_length(x)
    n = length(x)
    m = average(x)
    ε = [xᵢ - m for xᵢ in x]
    longest = ceil(min(3 * sqrt(n), n / 3))
    γ = autocovariances(ε, ceil(Int, sqrt(n)) + max(5, floor(Int, log10(n))))
    γ[1] > 0 || return 1.0
    M = bandwidth(ε, γ)
    taper(k) = 2k <= M ? 1.0 : 2 * (1 - k / M)
    G, spectrum = 0.0, γ[1]
    for k in 1:M
        G += 2 * taper(k) * k * γ[k + 1]
        spectrum += 2 * taper(k) * γ[k + 1]
    end
    spectrum == 0 && return longest
    return clamp(cbrt(G^2 / spectrum^2 * n), 1.0, longest)
end

"Autocovariances at lags 0 to `most` of a series with mean 0."
function autocovariances(ε, most)
    n = length(ε)
    γ = zeros(most + 1)
    for k in 0:most
        check_interrupt()
        for t in 1:(n - k)
            γ[k + 1] += ε[t] * ε[t + k] / n
        end
    end
    return γ
end

"Twice the last lag before the first run of `max(5, log10 n)` autocorrelations that are as good as 0."
function bandwidth(ε, γ)
    n = length(ε)
    most = length(γ) - 1
    run = max(5, floor(Int, log10(n)))
    bound = 2 * sqrt(log10(n) / n)
    insignificant(k) = abs(γ[k + 1]) * n < bound * sqrt(sum(abs2, view(ε, (k + 2):n)) * sum(abs2, view(ε, 1:(n - k - 1))))
    lag = findfirst(m -> all(insignificant, m:(m + run - 1)), 0:(most - run))
    return lag === nothing ? most : min(2 * max(lag - 1, 1), most)
end
