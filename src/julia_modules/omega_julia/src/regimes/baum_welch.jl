# Baum-Welch for several hidden Markov chains side by side: as many as a processor computes at once.

"""
At most so many chains go side by side. Arrays have them first, so that one instruction serves several. A loop over few of them
costs more to begin than to run, which is why there are more than one instruction serves.
"""
const LANES = 64

"Fewer, where a lane needs so much memory that all would need more numbers than this."
const LANES_TIMES_NUMBERS = 2^22

"Probabilities stay above this: a row far out must be able to change the state, and quotients of two must be finite."
const LEAST_PROBABILITY = 1e-290

"The parameters of several chains, each in a lane of its own: start and transition probabilities, means and variances."
struct Chains
    π::Matrix{Float64}      # lane, state
    A::Array{Float64,3}     # lane, from, to
    μ::Matrix{Float64}      # lane, state
    σ²::Matrix{Float64}     # lane, state
end

Chains(lanes::Int, k::Int) = Chains(zeros(lanes, k), zeros(lanes, k, k), zeros(lanes, k), zeros(lanes, k))

lanes(chains::Chains) = size(chains.μ, 1)

"Memory for one pass over the rows, and what it leaves behind."
struct Passes
    γ::Array{Float64,3}         # lane, state, row: probability given the rows so far; after the way back, given all rows
    b::Matrix{Float64}          # lane, state: density of the row, over the largest of them
    ahead::Array{Float64,3}     # lane, state, row: probability given the rows before
    w::Matrix{Float64}
    half::Matrix{Float64}       # lane, state: 1 / 2σ²
    constant::Matrix{Float64}   # lane, state: logarithm of the density at the mean
    moves::Array{Float64,3}     # lane, from, to: expected number of moves
    rows::Matrix{Float64}       # lane, state: expected number of rows
    sums::Matrix{Float64}       # lane, state: expected sum of y - μ
    squares::Matrix{Float64}    # lane, state: expected sum of (y - μ)²
    total::Vector{Float64}
    mantissa::Vector{Float64}
    exponent::Vector{Int64}
    ℓ::Vector{Float64}          # log-likelihood of every lane
end

function Passes(lanes::Int, k::Int, n::Int)
    return Passes(zeros(lanes, k, n), zeros(lanes, k), zeros(lanes, k, n), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k),
                  zeros(lanes, k, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k),
                  zeros(lanes), zeros(lanes), zeros(Int64, lanes), zeros(lanes))
end

"`exp(x)` for `x` from -600 to 0, without a branch: several are computed at once."
@inline function exponential(x::Float64)
    x = ifelse(x < -600.0, -600.0, x)
    shifted = x * 1.4426950408889634 + 6.755399441055744e15      # the sum rounds to a whole number in its last bits
    whole = shifted - 6.755399441055744e15
    r = (x - whole * 0.6931471803691238) - whole * 1.9082149292705877e-10
    p = 1 / 6227020800 * r + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * reinterpret(Float64, (reinterpret(Int64, shifted) + 1023) << 52)
end

"""
    expect!(passes, chains, y)

The log-likelihood of `y` under every chain, the posteriors, and the sums that `maximize!` needs. Forward as in Rabiner, with
densities relative to the largest of their row, so that no row is too far out; back as in Kim, which needs nothing of the way
forward but its probabilities.
"""
function expect!(passes::Passes, chains::Chains, y::Vector{Float64})
    γ, b, ahead, w = passes.γ, passes.b, passes.ahead, passes.w
    half, constant, total, ℓ = passes.half, passes.constant, passes.total, passes.ℓ
    mantissa, exponent = passes.mantissa, passes.exponent
    moves, rows, sums, squares = passes.moves, passes.rows, passes.sums, passes.squares
    A, μ = chains.A, chains.μ
    L, k, n = size(γ, 1), size(γ, 2), size(γ, 3)
    for i in 1:length(half)
        half[i] = 1 / 2chains.σ²[i]
        constant[i] = -log(2π * chains.σ²[i]) / 2
    end
    copyto!(ahead, chains.π)    # the first row's
    fill!(ℓ, 0.0)
    fill!(mantissa, 1.0)
    fill!(exponent, 0)
    @inbounds for t in 1:n
        yₜ = y[t]
        @simd ivdep for l in 1:L
            w[l] = -Inf                                  # the largest of the row
            total[l] = 0.0
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                d = yₜ - μ[l, i]
                e = constant[l, i] - d * d * half[l, i]
                b[l, i] = e
                w[l] = ifelse(e > w[l], e, w[l])
            end
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                α = ahead[l, i, t] * exponential(b[l, i] - w[l])
                γ[l, i, t] = α
                total[l] += α
            end
        end
        @simd ivdep for l in 1:L
            bits = reinterpret(Int64, total[l])
            exponent[l] += bits >> 52
            mantissa[l] *= reinterpret(Float64, (bits & 0x000fffffffffffff) | 0x3ff0000000000000)
            ℓ[l] += w[l]
            total[l] = 1 / total[l]
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                γ[l, i, t] *= total[l]
            end
        end
        t == n || predict!(ahead, γ, A, t)
        if t % 512 == 0 || t == n
            for l in 1:L
                ℓ[l] += log(mantissa[l])
                mantissa[l] = 1.0
            end
        end
    end
    for l in 1:L
        ℓ[l] += (exponent[l] - 1023n) * log(2)
    end

    fill!(moves, 0.0)
    fill!(rows, 0.0)
    fill!(sums, 0.0)
    fill!(squares, 0.0)
    @inbounds for t in n:-1:1
        if t < n
            for j in 1:k
                @simd ivdep for l in 1:L
                    w[l, j] = γ[l, j, t + 1] / ahead[l, j, t + 1]
                    b[l, j] = 0.0
                end
            end
            for j in 1:k, i in 1:k
                @simd ivdep for l in 1:L
                    b[l, i] += A[l, i, j] * w[l, j]
                    moves[l, i, j] += γ[l, i, t] * w[l, j]
                end
            end
            for i in 1:k
                @simd ivdep for l in 1:L
                    γ[l, i, t] *= b[l, i]
                end
            end
        end
        yₜ = y[t]
        for i in 1:k
            @simd ivdep for l in 1:L
                d = yₜ - μ[l, i]
                g = γ[l, i, t]
                rows[l, i] += g
                sums[l, i] += g * d
                squares[l, i] += g * d * d
            end
        end
    end
    return ℓ
end

"The probabilities of the states in row `t + 1`, given the rows up to `t`."
@inline function predict!(ahead::Array{Float64,3}, γ::Array{Float64,3}, A::Array{Float64,3}, t::Int)
    L, k = size(γ, 1), size(γ, 2)
    @inbounds for j in 1:k
        @simd ivdep for l in 1:L
            ahead[l, j, t + 1] = γ[l, 1, t] * A[l, 1, j]
        end
        for i in 2:k
            @simd ivdep for l in 1:L
                ahead[l, j, t + 1] += γ[l, i, t] * A[l, i, j]
            end
        end
    end
end

"The parameters that are likeliest given the posteriors; a state that no row is in stays as it was."
function maximize!(chains::Chains, passes::Passes, prior::Float64)
    k = size(chains.μ, 2)
    for i in 1:k, l in 1:lanes(chains)
        weight = passes.rows[l, i]
        weight > 1e-10 || continue
        shift = passes.sums[l, i] / weight
        chains.μ[l, i] += shift
        chains.σ²[l, i] = (prior + max(passes.squares[l, i] - weight * shift^2, 0.0)) / weight
        total = 0.0
        for j in 1:k
            total += passes.moves[l, i, j] * chains.A[l, i, j]
        end
        total > 1e-10 || continue
        for j in 1:k
            chains.A[l, i, j] = max(passes.moves[l, i, j] * chains.A[l, i, j] / total, LEAST_PROBABILITY)
        end
    end
    for i in 1:k, l in 1:lanes(chains)
        chains.π[l, i] = max(passes.γ[l, i, 1], LEAST_PROBABILITY)
    end
    return chains
end

"The penalty that makes the prior the likeliest addition to each sum of squares."
function penalty(chains::Chains, prior::Float64, lane::Int)
    total = 0.0
    for i in 1:size(chains.σ², 2)
        total += prior / 2chains.σ²[lane, i]
    end
    return total
end

"The parameters of one chain: start and transition probabilities, means and variances."
struct Chain
    π::Vector{Float64}
    A::Matrix{Float64}
    μ::Vector{Float64}
    σ²::Vector{Float64}
end

function put!(chains::Chains, lane::Int, chain::Chain)
    for i in 1:length(chain.μ)
        chains.π[lane, i], chains.μ[lane, i], chains.σ²[lane, i] = chain.π[i], chain.μ[i], chain.σ²[i]
        for j in 1:length(chain.μ)
            chains.A[lane, i, j] = chain.A[i, j]
        end
    end
end

function take(chains::Chains, lane::Int)
    k = size(chains.μ, 2)
    chain = Chain(zeros(k), zeros(k, k), zeros(k), zeros(k))
    for i in 1:k
        chain.π[i], chain.μ[i], chain.σ²[i] = chains.π[lane, i], chains.μ[lane, i], chains.σ²[lane, i]
        for j in 1:k
            chain.A[i, j] = chains.A[lane, i, j]
        end
    end
    return chain
end

parameters(k::Int) = k * (k + 3)

"The parameters as rows of numbers without bounds, lane by lane: means, and logarithms of all else."
function pack!(z::Matrix{Float64}, chains::Chains)
    k = size(chains.μ, 2)
    for l in 1:lanes(chains)
        for i in 1:k
            z[l, i] = chains.μ[l, i]
            z[l, k + i] = log(chains.σ²[l, i])
            z[l, 2k + i] = log(chains.π[l, i])
            for j in 1:k
                z[l, (2 + j) * k + i] = log(chains.A[l, i, j])
            end
        end
    end
    return z
end

"Puts row `from` of packed parameters into a lane."
function unpack!(chains::Chains, lane::Int, z::Matrix{Float64}, from::Int)
    k = size(chains.μ, 2)
    for i in 1:k
        chains.μ[lane, i] = z[from, i]
        chains.σ²[lane, i] = exp(clamp(z[from, k + i], -80.0, 80.0))
        chains.π[lane, i] = exp(clamp(z[from, 2k + i], -660.0, 660.0))
        for j in 1:k
            chains.A[lane, i, j] = exp(clamp(z[from, (2 + j) * k + i], -660.0, 660.0))
        end
    end
    normalise!(chains, lane)
end

function normalise!(chains::Chains, lane::Int)
    k = size(chains.μ, 2)
    share = 0.0
    for i in 1:k
        share += chains.π[lane, i]
    end
    for i in 1:k
        chains.π[lane, i] = max(chains.π[lane, i] / share, LEAST_PROBABILITY)
        total = 0.0
        for j in 1:k
            total += chains.A[lane, i, j]
        end
        for j in 1:k
            chains.A[lane, i, j] = max(chains.A[lane, i, j] / total, LEAST_PROBABILITY)
        end
    end
end

"""
    climb!(chains, passes, y, prior, tolerance, max_iterations)

Baum-Welch from every chain on, until an iteration adds less than `tolerance` to the highest, and the others have met that
too or would not reach it in thirty times as many: the penalised log-likelihoods, the iterations, and whether each
lane met the tolerance.

Two iterations show where they lead, and the third leaps ahead along that line; a leap that does not pay is taken back.

Source: R. Varadhan and C. Roland (2008), "Simple and globally convergent methods for accelerating the convergence of any
EM algorithm", Scandinavian Journal of Statistics 35(2), scheme S3.
"""
function climb!(chains::Chains, passes::Passes, y::Vector{Float64}, prior::Float64, tolerance::Float64, max_iterations::Int)
    L, k = lanes(chains), size(chains.μ, 2)
    z₀, z₁, z₂ = zeros(L, parameters(k)), zeros(L, parameters(k)), zeros(L, parameters(k))
    height, previous, converged = fill(-Inf, L), fill(-Inf, L), fill(false, L)
    heights!(height, passes, chains, y, prior)
    iteration = 0
    while iteration < max_iterations
        check_interrupt()
        pack!(z₀, chains)
        maximize!(chains, passes, prior)
        copyto!(previous, height)
        heights!(height, passes, chains, y, prior)
        iteration += 1
        decided!(converged, height, previous, tolerance) && break
        iteration + 2 <= max_iterations || continue
        pack!(z₁, chains)
        maximize!(chains, passes, prior)
        pack!(z₂, chains)
        for l in 1:L
            leap!(z₁, z₀, z₂, l)
            unpack!(chains, l, z₁, l)
        end
        copyto!(previous, height)
        heights!(height, passes, chains, y, prior)
        maximize!(chains, passes, prior)
        for l in 1:L
            height[l] > previous[l] || unpack!(chains, l, z₂, l)
        end
        heights!(height, passes, chains, y, prior)
        iteration += 2
    end
    return height, iteration, converged
end

"""
Notes which lanes met the tolerance: whether the highest did, and all others did too or would not reach it in thirty times
as many iterations.
"""
function decided!(converged::Vector{Bool}, height::Vector{Float64}, previous::Vector{Float64}, tolerance::Float64)
    top = 1
    for l in 1:length(height)
        converged[l] = converged[l] || height[l] - previous[l] < tolerance
        height[l] > height[top] && (top = l)
    end
    converged[top] || return false
    for l in 1:length(height)
        converged[l] || height[l] + 30 * (height[l] - previous[l]) < height[top] || return false
    end
    return true
end

"The penalised log-likelihood of every lane, and the posteriors for the next step."
function heights!(height::Vector{Float64}, passes::Passes, chains::Chains, y::Vector{Float64}, prior::Float64)
    expect!(passes, chains, y)
    for l in 1:length(height)
        ℓ = passes.ℓ[l] - penalty(chains, prior, l)
        height[l] = isfinite(ℓ) ? ℓ : -Inf
    end
end

"Into row `l` of `z₁` comes the point that the way from `z₀` over `z₁` to `z₂` leads to."
function leap!(z₁::Matrix{Float64}, z₀::Matrix{Float64}, z₂::Matrix{Float64}, l::Int)
    first = second = 0.0
    for i in 1:size(z₁, 2)
        first += (z₁[l, i] - z₀[l, i])^2
        second += (z₂[l, i] - 2z₁[l, i] + z₀[l, i])^2
    end
    pace = second > 0 ? max(sqrt(first / second), 1.0) : 1.0
    for i in 1:size(z₁, 2)
        r, v = z₁[l, i] - z₀[l, i], z₂[l, i] - 2z₁[l, i] + z₀[l, i]
        z₁[l, i] = z₀[l, i] + 2pace * r + pace^2 * v
    end
end
