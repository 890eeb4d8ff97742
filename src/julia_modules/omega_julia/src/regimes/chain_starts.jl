# Where searches for the parameters of a hidden Markov chain start, and how what they find is varied.

"""
Where search number `s` starts, for data of mean 0 and variance 1. The first four do not depend on chance: states that differ
in deviation; in quantile; clusters of returns; and clusters of their size, which is what volatility is. Of the others, half
leave it to the moves between states to tell them apart, as one that alternates with another; and of those, half have their
means at the centres of the clusters of returns, in any order.
"""
function start(s::Int, y::Vector{Float64}, sorted::Vector{Float64}, clusters::Chain, rng::Xoshiro)
    k = length(clusters.μ)
    s == 3 && return clusters
    s == 4 && return clustered(sizes(y), y, k)
    s == 1 && return Chain(fill(1 / k, k), sticky(k, 0.95), zeros(k), deviations(k))
    s == 2 && return Chain(fill(1 / k, k), sticky(k, 0.8), quantiles(sorted, k), fill(0.5, k))
    s % 4 == 0 && return Chain(fill(1 / k, k), skewed_moves(k, rng), shuffled!(copy(clusters.μ), rng), ones(k))
    μ, σ² = zeros(k), ones(k)
    for i in 1:k
        μ[i] = sorted[below!(rng, length(sorted)) + 1]
    end
    s % 4 == 1 && return Chain(fill(1 / k, k), any_moves(k, rng, FEW_LIKELY), μ, σ²)
    for i in 1:k
        σ²[i] = exp(3 * uniform!(rng) - 2)
    end
    iseven(s) && return Chain(fill(1 / k, k), any_moves(k, rng, 0.0), μ, σ²)
    for i in 1:k
        μ[i] *= uniform!(rng)
    end
    return Chain(fill(1 / k, k), sticky(k, 0.5 + 0.49 * uniform!(rng)), μ, σ²)
end

function sizes(y::Vector{Float64})
    x = copy(y)
    for t in 1:length(y)
        x[t] = abs(y[t])
    end
    return x
end

"Variances from a quarter to four times that of the data."
function deviations(k::Int)
    σ² = ones(k)
    for i in 1:k
        k > 1 && (σ²[i] = 4.0^(2 * (i - 1) / (k - 1) - 1))
    end
    return σ²
end

"The middles of as many equal shares of the values."
function quantiles(sorted::Vector{Float64}, k::Int)
    x = zeros(k)
    for i in 1:k
        x[i] = quantile_of_sorted(sorted, (i - 0.5) / k)
    end
    return x
end

function shuffled!(x::Vector{Float64}, rng::Xoshiro)
    for i in length(x):-1:2
        j = below!(rng, i) + 1
        x[i], x[j] = x[j], x[i]
    end
    return x
end

"The chain that was seen if the state of a row is the cluster of `x` it lies in: k-means from quantiles on."
function clustered(x::Vector{Float64}, y::Vector{Float64}, k::Int)
    centres, cluster = quantiles(ordered(x), k), ones(Int, length(x))
    counts, sums, squares, moves = zeros(k), zeros(k), fill(1.0, k), fill(1.0, k, k)
    for _ in 1:20
        fill!(counts, 0.0)
        fill!(sums, 0.0)
        for t in 1:length(x)
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
    fill!(counts, 1.0)
    fill!(sums, 0.0)
    for t in 1:length(y)
        i = cluster[t]
        counts[i] += 1
        sums[i] += y[t]
        squares[i] += y[t]^2
        t > 1 && (moves[cluster[t - 1], i] += 1)
    end
    for i in 1:k
        sums[i] /= counts[i]
        squares[i] = max(squares[i] / counts[i] - sums[i]^2, 1e-3)
    end
    return Chain(fill(1 / k, k), shares(moves), sums, squares)
end

"""
A chain in which one state is given up and found anew elsewhere: as a part of another state, as one of the `other` chain,
around some return, or around returns that lie close together. Tops of a likelihood often differ in one state only, so that
this finds more of them than starting all over.
"""
function varied(chain::Chain, other::Chain, sorted::Vector{Float64}, rng::Xoshiro)
    k = length(chain.μ)
    A, μ, σ² = copy(chain.A), copy(chain.μ), copy(chain.σ²)
    new, old, way = below!(rng, k) + 1, below!(rng, k) + 1, uniform!(rng)
    if new != old && way < 0.4
        split!(A, μ, σ², new, old, rng)
    else
        taken = 0.4 <= way < 0.55
        if taken
            μ[new], σ²[new] = other.μ[old], other.σ²[old]
        elseif 0.55 <= way < 0.7
            μ[new] = sorted[below!(rng, length(sorted)) + 1] * min(1.0, 2 * uniform!(rng))
            σ²[new] = exp(7.5 * uniform!(rng) - 7)
        else
            μ[new], σ²[new] = neighbours(sorted, chain, new, rng)
        end
        enter!(A, new, rng)
        taken && stay!(A, new, other.A[old, old])
    end
    return Chain(fill(1 / k, k), shares(A), μ, σ²)
end

"Makes of the `old` state two that part its rows."
function split!(A::Matrix{Float64}, μ::Vector{Float64}, σ²::Vector{Float64}, new::Int, old::Int, rng::Xoshiro)
    apart = (2 * uniform!(rng) - 1) * sqrt(σ²[old])
    μ[new], μ[old] = μ[old] + apart, μ[old] - apart
    σ²[new] = σ²[old] * exp(2 * uniform!(rng) - 1.5)
    for i in 1:size(A, 1)
        A[new, i] = A[old, i]
    end
    for i in 1:size(A, 1)
        both, share = A[i, new] + A[i, old], uniform!(rng)
        A[i, new], A[i, old] = both * share + 1e-3, both * (1 - share) + 1e-3
    end
end

"""
Moves into and out of a new state: into it from all others, or almost only from one of them (or from none but itself), as
when states follow each other in a circle.
"""
function enter!(A::Matrix{Float64}, new::Int, rng::Xoshiro)
    k = size(A, 1)
    moves = any_moves(k, rng, uniform!(rng) < 0.5 ? FEW_LIKELY : 0.0)
    from = uniform!(rng) < 0.5 ? below!(rng, k) + 1 : 0
    for i in 1:k
        A[new, i] = moves[new, i]
        i == new && continue
        A[i, new] = from == 0 ? uniform!(rng) : i == from ? 4 * uniform!(rng)^2 : 1e-4
    end
end

"Lets a new state be left as seldom as it was where it comes from, and entered as seldom."
function stay!(A::Matrix{Float64}, new::Int, stays::Float64)
    for i in 1:size(A, 1)
        i == new ? (A[new, new] = stays) : (A[new, i] *= 1 - stays; A[i, new] *= 1 - stays)
    end
end

"How many groups of neighbours are drawn for one to be taken."
const DRAWS = 32

"""
Mean and variance of values that are next to each other when sorted: two of them, up to a half of all, few as often as many.
Of some such groups it is the one that gains most by a state of its own, if rows did not depend on the row before.
"""
function neighbours(sorted::Vector{Float64}, chain::Chain, new::Int, rng::Xoshiro)
    n, k, often = length(sorted), length(chain.μ), occupancy(chain)
    most, μ, σ² = -Inf, 0.0, 1.0
    for _ in 1:DRAWS
        many = clamp(round(Int, 2 * (n / 4)^uniform!(rng)), 2, n)
        before = below!(rng, n - many + 1)
        mean, spread, others = 0.0, 1e-4, 1e-300
        for t in before + 1:before + many
            mean += sorted[t] / many
        end
        for t in before + 1:before + many
            spread += (sorted[t] - mean)^2
        end
        variance = spread / many
        for i in 1:k
            wide = chain.σ²[i] + variance
            i == new || (others += often[i] * exp(-(mean - chain.μ[i])^2 / 2wide) / sqrt(wide))
        end
        gain = many * (log(many / n) - 1.5 - log(variance) / 2 - log(others))
        gain > most && ((most, μ, σ²) = (gain, mean, variance))
    end
    return μ, σ²
end

"About how often each state is visited, in the long run."
function occupancy(chain::Chain)
    k = length(chain.μ)
    often, after = fill(1 / k, k), zeros(k)
    for _ in 1:20
        fill!(after, 0.0)
        for j in 1:k, i in 1:k
            after[j] += often[i] * chain.A[i, j]
        end
        copyto!(often, after)
    end
    return often
end

"States that stay with a probability, and move to any other equally."
function sticky(k::Int, stay::Float64)
    A = ones(k, k)
    for j in 1:k, i in 1:k
        k > 1 && (A[i, j] = i == j ? stay : (1 - stay) / (k - 1))
    end
    return A
end

"Over how many powers of e transition probabilities are spread, for few of them to be likely."
const FEW_LIKELY = 8.0

"Random transition probabilities; all are equally likely if they are spread over no powers of e."
function any_moves(k::Int, rng::Xoshiro, powers::Float64)
    A = zeros(k, k)
    for i in 1:k, j in 1:k
        A[i, j] = -log(1 - uniform!(rng)) * exp(-powers * uniform!(rng))
    end
    return shares(A)
end

"Random transition probabilities, the less alike the more states there are."
function skewed_moves(k::Int, rng::Xoshiro)
    A = zeros(k, k)
    for i in 1:k, j in 1:k
        A[i, j] = uniform!(rng)^k
    end
    return shares(A)
end

"Each row over its sum, without what rounding added: no share of a sum is below 0 or above 1."
function shares(P::Matrix{Float64})
    for t in 1:size(P, 1)
        total = 0.0
        for i in 1:size(P, 2)
            total += P[t, i]
        end
        for i in 1:size(P, 2)
            P[t, i] = clamp(P[t, i] / total, 0.0, 1.0)
        end
    end
    return P
end
