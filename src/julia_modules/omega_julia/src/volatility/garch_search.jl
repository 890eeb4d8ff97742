# Where the likelihood of a GARCH(1,1) is greatest. On a year of returns it often has several tops, some where a weight is 0.

"A weight below this is 0: it moves no variance in its seventh digit."
const LEAST_WEIGHT = 1e-8

"Stationary by a hair: beyond it the forecast's limit overflows."
const LARGEST_PERSISTENCE = 1 - 1e-9

"Constant parts of the variance stay above 0. The returns have unit variance."
const LEAST_CONSTANT = 1e-12

"How near in log-likelihood two ends of searches are the same top."
const SAME_TOP = 1e-4

"Sines and cosines of the last two of a search's numbers."
struct Angles
    sine::Float64
    cosine::Float64
    share_sine::Float64
    share_cosine::Float64
end

angles(z::Vector{Float64}) = Angles(sin(z[3]), cos(z[3]), sin(z[4]), cos(z[4]))

"""
From numbers without bounds to the parameters. Squares, sines and cosines reach the bounds and are flat there, so that a
search finds a top at a bound like any other; along a curve that only tends to the bound it would creep for ever.
"""
unbounded_to_parameters(z) = parameters!(zeros(4), z, angles(z))

function parameters!(θ::Vector{Float64}, z::Vector{Float64}, at::Angles)
    persistence, share = LARGEST_PERSISTENCE * at.sine^2, at.share_sine^2
    θ[1], θ[2], θ[3], θ[4] = z[1], LEAST_CONSTANT + z[2]^2, persistence * share, persistence * (1 - share)
    return θ
end

parameters_to_unbounded(θ::Vector{Float64}) =
    [θ[1], sqrt(θ[2] - LEAST_CONSTANT), asin(sqrt((θ[3] + θ[4]) / LARGEST_PERSISTENCE)), asin(sqrt(θ[3] / (θ[3] + θ[4])))]

"The derivatives of (ω, α + β, share of α) in those numbers, and how α and β follow from the last two."
function slopes(z::Vector{Float64}, at::Angles)
    return 2z[2], 2 * LARGEST_PERSISTENCE * at.sine * at.cosine, 2 * at.share_sine * at.share_cosine,
           LARGEST_PERSISTENCE * at.sine^2, at.share_sine^2
end

"Minus the gradient in those numbers, by the chain rule."
function chain!(g::Vector{Float64}, z::Vector{Float64}, at::Angles, fixed_mean::Bool)
    dω, dp, ds, persistence, share = slopes(z, at)
    α, β = g[3], g[4]
    g[1] = fixed_mean ? 0.0 : -g[1]
    g[2] *= -dω
    g[3] = -(α * share + β * (1 - share)) * dp
    g[4] = -(α - β) * persistence * ds
    return g
end

"""
The first grid is of levels that the variance tends to, persistences α + β, and shares of α in them. The others lie on bounds:
α = 0, where the variance walks from that before the first row to its level whatever the returns; β = 0, where only the last
row counts; and α + β = 1. So many of each grid's peaks are searched from.
"""
const GRIDS = [
    grid(6, [0.02, 0.3, 0.75, 1.5], [0.15, 0.4, 0.7, 0.85, 0.94, 0.98, 0.995, 0.9995], [0.01, 0.03, 0.08, 0.2, 0.4, 0.7, 0.95], true),
    grid(6, [1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
         [0.2, 0.5, 0.7, 0.8, 0.88, 0.93, 0.96, 0.975, 0.985, 0.992, 0.997, 0.999], [0.0], false),
    grid(3, [0.01, 0.1, 0.25, 0.5, 0.8, 1.1], [0.05, 0.15, 0.3, 0.5, 0.7, 0.9, 0.99], [1.0], false),
    grid(2, [5e-4, 0.003, 0.01, 0.03, 0.1], [0.9999], [0.01, 0.03, 0.06, 0.12, 0.25, 0.5], false),
]

"Whether no neighbour of candidate `i` along any axis of the grid is likelier."
function is_peak(ℓ::Vector{Float64}, grid::Grid, i::Int)
    stride = 1
    for length in grid.lengths
        place = (i - 1) ÷ stride % length
        place > 0 && ℓ[i - stride] > ℓ[i] && return false
        place < length - 1 && ℓ[i + stride] > ℓ[i] && return false
        stride *= length
    end
    return true
end

"Where a search starts, and the log-likelihood there."
struct Start
    θ::Vector{Float64}
    height::Float64
end

"The starts, best first: candidates no less likely than their neighbours."
function starts(sample::Sample)
    found = Start[]
    for grid in GRIDS
        ℓ = screen(sample, grid)
        peaks = Start[]
        for i in 1:length(ℓ)
            is_peak(ℓ, grid, i) && push!(peaks, Start([0.0, grid.ω[i], grid.α[i], grid.β[i]], ℓ[i]))
        end
        highest_first!(peaks)
        for i in 1:min(grid.most, length(peaks))
            push!(found, peaks[i])
        end
    end
    return highest_first!(found)
end

"Sorts by insertion, for a handful; equals keep their order."
function highest_first!(starts::Vector{Start})
    for i in 2:length(starts)
        start, place = starts[i], i
        while place > 1 && starts[place - 1].height < start.height
            starts[place] = starts[place - 1]
            place -= 1
        end
        starts[place] = start
    end
    return starts
end

"""
A search climbs on while a step promises this much log-likelihood. One that comes this near to where another ended goes there
as well. And a start that lies this much below what was reached, more than five times what the first search gained, is left.
"""
const LEAST_GAIN, NEAR, HOPELESS = 3e-6, 0.02, 25.0

"""
So much log-likelihood below the best, a pass may still lead to a higher top; and so far inside (as the angle of the share of
α) the search from it goes on.
"""
const HIGH_PASS, INSIDE = 1.0, 0.1

"""
    maximize(sample, fixed_mean, max_iterations)

The parameters at the greatest likelihood that any search found, the iterations of that search, and the `agreement` of all.
"""
function maximize(sample::Sample, fixed_mean::Bool, max_iterations::Int)
    n = length(sample.ε)
    parameters = zeros(4)
    function objective!(g, z)
        at = angles(z)
        f = -log_likelihood!(g, parameters!(parameters, z, at), sample)
        chain!(g, z, at, fixed_mean)
        return isfinite(f) ? f : Inf
    end
    ends, heights = Vector{Float64}[], Float64[]
    best, least = (Float64[], Inf, 0, false), -Inf
    arrived(z, f) = meeting(ends, heights, z, -n * f) > 0
    for start in starts(sample)
        start.height < least && continue
        z = parameters_to_unbounded(start.θ)
        result = minimize(objective!, z; tolerance = 1e-5, max_iterations = max_iterations, least_gain = LEAST_GAIN / n,
                          H = likely_shape(z, sample, fixed_mean), arrived = arrived)
        met = meeting(ends, heights, result[1], -n * result[2])
        # Along a bound a search stays on it. Where the likelihood rises inwards, this is a pass between tops inside: too low
        # a one leads to those that others find, and from a high one the search goes on inside.
        if met == 0 && rises_inwards(start.θ, result[1], sample)
            n * (result[2] - best[2]) < HIGH_PASS || continue
            z, took = result[1], result[3]
            z[4] = start.θ[3] == 0 ? INSIDE : π / 2 - INSIDE
            z, f, more, converged = minimize(objective!, z; tolerance = 1e-5, max_iterations = max_iterations - took,
                                             least_gain = LEAST_GAIN / n, H = likely_shape(z, sample, fixed_mean), arrived = arrived)
            result = (z, f, took + more, converged)
            met = meeting(ends, heights, z, -n * f)
        end
        push!(ends, met == 0 ? unbounded_to_parameters(result[1]) : ends[met])
        push!(heights, met == 0 ? -n * result[2] : heights[met])
        result[2] < best[2] && (best = result)
        length(heights) == 1 && (least = heights[1] - HOPELESS - 5 * (heights[1] - start.height))
    end
    z, _, before, _ = best
    empty!(ends)
    z, _, more, converged = minimize(objective!, z; tolerance = 1e-8, max_iterations = max_iterations - before, least_gain = 0.0,
                                     H = likely_shape(z, sample, fixed_mean), arrived = arrived)    # of one type: compiled once
    converged || throw(no_convergence(GARCH.name, "the likelihood still rises", before + more, max_iterations))
    return unbounded_to_parameters(z), before + more, agreement(heights, SAME_TOP)
end

"Which of the ends a search at `z` with a log-likelihood of `height` is about to reach, or 0."
function meeting(ends::Vector{Vector{Float64}}, heights::Vector{Float64}, z::Vector{Float64}, height::Float64)
    for i in 1:length(ends)
        heights[i] - NEAR < height < heights[i] + SAME_TOP / 10 || continue
        here, there = unbounded_to_parameters(z), ends[i]
        here[3] == 0 && there[3] > 1e-6 && continue    # along the bound it cannot get there
        abs(here[1] - there[1]) < 0.02 && abs(here[2] - there[2]) < 0.001 + 0.03there[2] &&
            abs(here[3] - there[3]) < 0.004 && abs(here[4] - there[4]) < 0.004 && return i
    end
    return 0
end

"Whether a search that started where α or β is 0 ended where more of it would be likelier, at the other's cost."
function rises_inwards(start::Vector{Float64}, z::Vector{Float64}, sample::Sample)
    α, β = start[3], start[4]
    α == 0 || β == 0 || return false
    g = zeros(4)
    log_likelihood!(g, unbounded_to_parameters(z), sample)
    return α == 0 ? g[3] > g[4] : g[4] > g[3]
end

"""
The inverse of the covariance of the scores, in the numbers without bounds, which is about the inverse curvature of the
likelihood: a search that knows it takes half as many steps. The 0.1 keeps the first of them short where a score is flat.
"""
function likely_shape(z::Vector{Float64}, sample::Sample, fixed_mean::Bool)
    at = angles(z)
    scores = sample.scores
    log_likelihood!(zeros(4), parameters!(zeros(4), z, at), sample, true)
    aa = ab = bb = ac = bc = cc = ad = bd = cd = dd = 0.0
    @inbounds for t in 1:size(scores, 2)
        a, b, c, d = scores[1, t], scores[2, t], scores[3, t], scores[4, t]
        aa += a * a
        ab += a * b
        bb += b * b
        ac += a * c
        bc += b * c
        cc += c * c
        ad += a * d
        bd += b * d
        cd += c * d
        dd += d * d
    end
    B = reshape([aa, ab, ac, ad, ab, bb, bc, bd, ac, bc, cc, cd, ad, bd, cd, dd], 4, 4)
    for i in 1:length(B)
        B[i] /= size(scores, 2)
    end
    dω, dp, ds, persistence, share = slopes(z, at)
    J, transposed = zeros(4, 4), zeros(4, 4)
    J[1, 1], J[2, 2] = fixed_mean ? 0.0 : 1.0, dω
    J[3, 3], J[3, 4] = share * dp, (1 - share) * dp
    J[4, 3], J[4, 4] = persistence * ds, -persistence * ds
    for j in 1:4, i in 1:4
        transposed[j, i] = J[i, j]
    end
    B = product(product(J, B), transposed)
    for i in 1:4
        B[i, i] += 0.1
    end
    return inverse(B)
end
