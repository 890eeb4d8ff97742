# Where the likelihood of a GARCH(1,1) is greatest. On a year of returns it often has several tops, some where a weight is 0.

"A weight below this is 0: it moves no variance in its seventh digit."
const LEAST_WEIGHT = 1e-8

"Stationary by a hair: beyond it the forecast's limit overflows."
const LARGEST_PERSISTENCE = 1 - 1e-9

"Constant parts of the variance stay above 0. The returns have unit variance."
const LEAST_CONSTANT = 1e-12

"How near in log-likelihood two ends of searches are the same top."
const SAME_TOP = 1e-4

"""
From numbers without bounds to the parameters. Squares, sines and cosines reach the bounds and are flat there, so that a
search finds a top at a bound like any other; along a curve that only tends to the bound it would creep for ever.
"""
function unbounded_to_parameters(z)
    persistence, share = LARGEST_PERSISTENCE * sin(z[3])^2, sin(z[4])^2
    return [z[1], LEAST_CONSTANT + z[2]^2, persistence * share, persistence * (1 - share)]
end

parameters_to_unbounded((μ, ω, α, β)) =
    [μ, sqrt(ω - LEAST_CONSTANT), asin(sqrt((α + β) / LARGEST_PERSISTENCE)), asin(sqrt(α / (α + β)))]

"The derivatives of (ω, α + β, share of α) in those numbers, and how α and β follow from the last two."
function slopes(z)
    persistence, share = LARGEST_PERSISTENCE * sin(z[3])^2, sin(z[4])^2
    return 2z[2], LARGEST_PERSISTENCE * sin(2z[3]), sin(2z[4]), persistence, share
end

"Minus the gradient in those numbers, by the chain rule."
function chain!(g, z, fixed_mean)
    dω, dp, ds, persistence, share = slopes(z)
    α, β = g[3], g[4]
    g[1] = fixed_mean ? 0.0 : -g[1]
    g[2] *= -dω
    g[3] = -(α * share + β * (1 - share)) * dp
    g[4] = -(α - β) * persistence * ds
end

"""
Candidates for (ω, α, β), for returns of unit variance; along each axis of a grid one thing changes. The first grid is of
levels that the variance tends to, persistences α + β, and shares of α in them. The others lie on bounds: α = 0, where the
variance walks from that before the first row to its level whatever the returns; β = 0, where only the last row counts; and
α + β = 1. So many of each grid's peaks are searched from.
"""
const GRIDS = [
    (6, [(level * (1 - p), p * share, p * (1 - share)) for level in (0.02, 0.3, 0.75, 1.5),
         p in (0.15, 0.4, 0.7, 0.85, 0.94, 0.98, 0.995, 0.9995), share in (0.01, 0.03, 0.08, 0.2, 0.4, 0.7, 0.95)]),
    (6, [(ω, 0.0, β) for ω in (1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
         β in (0.2, 0.5, 0.7, 0.8, 0.88, 0.93, 0.96, 0.975, 0.985, 0.992, 0.997, 0.999), _ in 1:1]),
    (3, [(ω, α, 0.0) for ω in (0.01, 0.1, 0.25, 0.5, 0.8, 1.1), α in (0.05, 0.15, 0.3, 0.5, 0.7, 0.9, 0.99), _ in 1:1]),
    (2, [(ω, α, 0.9999 - α) for ω in (5e-4, 0.003, 0.01, 0.03, 0.1), α in (0.01, 0.03, 0.06, 0.12, 0.25, 0.5), _ in 1:1]),
]

const NEIGHBOURS = [CartesianIndex(step .* (axis .== (1, 2, 3))) for axis in 1:3 for step in (-1, 1)]

"Where the searches start, and the log-likelihood there, best first: candidates no less likely than their neighbours."
function starts(sample)
    found = Tuple{NTuple{4,Float64},Float64}[]
    for (most, candidates) in GRIDS
        ℓ = screen(sample, candidates)
        peaks = [place for place in CartesianIndices(ℓ) if
                 all(step -> !checkbounds(Bool, ℓ, place + step) || ℓ[place + step] <= ℓ[place], NEIGHBOURS)]
        for i in ordering([-ℓ[place] for place in peaks])[1:min(most, length(peaks))]
            push!(found, ((0.0, candidates[peaks[i]]...), ℓ[peaks[i]]))
        end
    end
    return found[ordering([-height for (_, height) in found])]
end

"""
A search climbs on while a step promises this much log-likelihood. One that comes this near to where another ended goes there
as well. And a start that lies this much below what was reached, more than five times what the first search gained, is left.
"""
const LEAST_GAIN, NEAR, HOPELESS = 3e-6, 0.02, 25.0

"""
    maximize(sample, fixed_mean, max_iterations)

The parameters at the greatest likelihood that any search found, the iterations of that search, and the `agreement` of all.
"""
function maximize(sample, fixed_mean, max_iterations)
    n = length(sample.ε)
    function objective!(g, z)
        f = -log_likelihood!(g, unbounded_to_parameters(z), sample)
        chain!(g, z, fixed_mean)
        return isfinite(f) ? f : Inf
    end
    ends, heights = Vector{Float64}[], Float64[]
    best, least = (Float64[], Inf, 0, false), -Inf
    arrived(z, f) = meeting(ends, heights, z, -n * f) > 0
    for (θ, screened) in starts(sample)
        screened < least && continue
        z = parameters_to_unbounded(θ)
        result = minimize(objective!, z; tolerance = 1e-5, max_iterations = max_iterations, least_gain = LEAST_GAIN / n,
                          H = likely_shape(z, sample, fixed_mean), arrived = arrived)
        met = meeting(ends, heights, result[1], -n * result[2])
        # Along a bound a search stays on it. Where the likelihood rises inwards, this was a pass between tops inside.
        met == 0 && rises_inwards(θ, result[1], sample) && continue
        push!(ends, met == 0 ? unbounded_to_parameters(result[1]) : ends[met])
        push!(heights, met == 0 ? -n * result[2] : heights[met])
        result[2] < best[2] && (best = result)
        length(heights) == 1 && (least = heights[1] - HOPELESS - 5 * (heights[1] - screened))
    end
    z, _, before, _ = best
    empty!(ends)
    z, _, more, converged = minimize(objective!, z; tolerance = 1e-8, max_iterations = max_iterations - before, least_gain = 0.0,
                                     H = likely_shape(z, sample, fixed_mean), arrived = arrived)    # of one type: compiled once
    converged || throw(no_convergence(GARCH.name, "the likelihood still rises", before + more, max_iterations))
    return unbounded_to_parameters(z), before + more, agreement(heights, SAME_TOP)
end

"Which of the ends a search at `z` with a log-likelihood of `height` is about to reach, or 0."
function meeting(ends, heights, z, height)
    for i in eachindex(ends)
        heights[i] - NEAR < height < heights[i] + SAME_TOP / 10 || continue
        (μ, ω, α, β), (m, o, a, b) = unbounded_to_parameters(z), ends[i]
        abs(μ - m) < 0.02 && abs(ω - o) < 0.001 + 0.03o && abs(α - a) < 0.004 && abs(β - b) < 0.004 && return i
    end
    return 0
end

"Whether a search that started where α or β is 0 ended where more of it would be likelier, at the other's cost."
function rises_inwards((_, _, α, β), z, sample)
    α == 0 || β == 0 || return false
    g = zeros(4)
    log_likelihood!(g, unbounded_to_parameters(z), sample)
    return α == 0 ? g[3] > g[4] : g[4] > g[3]
end

"""
The inverse of the covariance of the scores, in the numbers without bounds, which is about the inverse curvature of the
likelihood: a search that knows it takes half as many steps. The 0.1 keeps the first of them short where a score is flat.
"""
function likely_shape(z, sample, fixed_mean)
    log_likelihood!(zeros(4), unbounded_to_parameters(z), sample, true)
    dω, dp, ds, persistence, share = slopes(z)
    J = [fixed_mean ? 0.0 : 1.0 0.0 0.0 0.0; 0.0 dω 0.0 0.0; 0.0 0.0 share*dp (1-share)*dp; 0.0 0.0 persistence*ds -persistence*ds]
    B = zeros(4, 4)
    @inbounds for t in axes(sample.scores, 2)
        a, b, c, d = sample.scores[1, t], sample.scores[2, t], sample.scores[3, t], sample.scores[4, t]
        B[1, 1] += a * a
        B[1, 2] += a * b
        B[2, 2] += b * b
        B[1, 3] += a * c
        B[2, 3] += b * c
        B[3, 3] += c * c
        B[1, 4] += a * d
        B[2, 4] += b * d
        B[3, 4] += c * d
        B[4, 4] += d * d
    end
    for j in 1:4, i in 1:j
        B[j, i] = B[i, j] /= length(sample.ε)
    end
    B = product(product(J, B), [J[j, i] for i in 1:4, j in 1:4])
    for i in 1:4
        B[i, i] += 0.1
    end
    return inverse(B)
end
