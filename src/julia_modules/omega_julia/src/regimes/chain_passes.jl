# The passes over the rows, forward and back, of several hidden Markov chains side by side.

"Memory for the passes over the rows, and what they leave behind."
struct Passes
    γ::Array{Float64,3}         # lane, state, row: probability given the rows so far; after the way back, given all rows
    b::Array{Float64,3}         # lane, state, row: density of the row, over that given the rows before
    ahead::Matrix{Float64}      # lane, state: probability given the rows before
    β::Matrix{Float64}          # lane, state: probability given all rows, over that given the rows so far
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
    return Passes(zeros(lanes, k, n), zeros(lanes, k, n), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k),
                  zeros(lanes, k), zeros(lanes, k, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k),
                  zeros(lanes), zeros(lanes), zeros(Int64, lanes), zeros(lanes))
end

"`exp(x)` for `x` up to 700, and at least `exp(-660)`, without a branch: several are computed at once."
@inline function exponential(x::Float64)
    x = ifelse(x < -660.0, -660.0, x)
    shifted = muladd(x, 1.4426950408889634, 6.755399441055744e15)     # the sum rounds to a whole number in its last bits
    whole = shifted - 6.755399441055744e15
    r = muladd(whole, -1.9082149292705877e-10, muladd(whole, -0.6931471803691238, x))
    p = muladd(1 / 6227020800, r, 1 / 479001600)
    p = muladd(p, r, 1 / 39916800)
    p = muladd(p, r, 1 / 3628800)
    p = muladd(p, r, 1 / 362880)
    p = muladd(p, r, 1 / 40320)
    p = muladd(p, r, 1 / 5040)
    p = muladd(p, r, 1 / 720)
    p = muladd(p, r, 1 / 120)
    p = muladd(p, r, 1 / 24)
    p = muladd(p, r, 1 / 6)
    p = muladd(p, r, 0.5)
    p = muladd(p, r, 1.0)
    p = muladd(p, r, 1.0)
    return p * reinterpret(Float64, (reinterpret(Int64, shifted) + 1023) << 52)
end

const ROOT_OF_HALF = reinterpret(Int64, sqrt(0.5))

"""
`log(x)` for what is neither 0 nor subnormal, without a branch: of `m`, a power of 2 away and near 1, it is
`2 (s + s³/3 + s⁵/5 + …)` with `s = (m - 1) / (m + 1)`.
"""
@inline function logarithm(x::Float64)
    bits = reinterpret(Int64, x) - ROOT_OF_HALF
    whole = bits >> 52
    m = reinterpret(Float64, (bits & 0x000fffffffffffff) + ROOT_OF_HALF)
    s = (m - 1.0) / (m + 1.0)
    s² = s * s
    p = muladd(s², 1 / 21, 1 / 19)
    p = muladd(p, s², 1 / 17)
    p = muladd(p, s², 1 / 15)
    p = muladd(p, s², 1 / 13)
    p = muladd(p, s², 1 / 11)
    p = muladd(p, s², 1 / 9)
    p = muladd(p, s², 1 / 7)
    p = muladd(p, s², 1 / 5)
    p = muladd(p, s², 1 / 3)
    return whole * 0.6931471805599453 + 2.0 * (s + s * s² * p)
end

"""
    expect!(passes, chains, y)

The log-likelihood of `y` under every chain, the posteriors, and the sums that `maximize!` needs: forward and back as in
Rabiner, with densities relative to the largest of their row, so that no row is too far out.
"""
function expect!(passes::Passes, chains::Chains, y::Vector{Float64})
    half, constant, ℓ = passes.half, passes.constant, passes.ℓ
    L, k, n = size(passes.γ, 1), size(passes.γ, 2), size(passes.γ, 3)
    for i in 1:length(half)
        half[i] = 1 / 2chains.σ²[i]
        constant[i] = -logarithm(2π * chains.σ²[i]) / 2
    end
    copyto!(passes.ahead, chains.π)
    fill!(ℓ, 0.0)
    fill!(passes.mantissa, 1.0)
    fill!(passes.exponent, 0)
    states = Val(k)     # each number of states is compiled when it is first asked for
    forward!(passes, chains, y, states)
    for l in 1:L
        ℓ[l] += log(passes.mantissa[l]) + (passes.exponent[l] - 1023n) * log(2)
    end

    fill!(passes.moves, 0.0)
    fill!(passes.β, 1.0)
    for i in 1:k, l in 1:L
        g, d = passes.γ[l, i, n], y[n] - chains.μ[l, i]
        passes.rows[l, i], passes.sums[l, i], passes.squares[l, i] = g, g * d, g * d * d
    end
    backward!(passes, chains, y, states)
    return ℓ
end

"After so many rows the product of significands is put into the logarithm, or it would leave the range of numbers."
const ROWS_PER_LOGARITHM = 512

"Adds the logarithms of the products of significands."
function put_aside!(ℓ::Vector{Float64}, mantissa::Vector{Float64})
    for l in 1:length(ℓ)
        ℓ[l] += log(mantissa[l])
        mantissa[l] = 1.0
    end
end

"From the first row to the last: the probabilities of the states given the rows so far, and of every row given those before."
function forward!(passes::Passes, chains::Chains, y::Vector{Float64}, @nospecialize(_::Val))
    γ, b, ahead, w, total = passes.γ, passes.b, passes.ahead, passes.w, passes.total
    half, constant, A, μ = passes.half, passes.constant, chains.A, chains.μ
    ℓ, mantissa, exponent = passes.ℓ, passes.mantissa, passes.exponent
    L, k, n = size(γ, 1), size(γ, 2), size(γ, 3)
    @inbounds for t in 1:n
        yₜ = y[t]
        @simd ivdep for l in 1:L
            w[l] = -Inf                                  # the largest of the row
            total[l] = 0.0
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                d = yₜ - μ[l, i]
                e = muladd(-d * d, half[l, i], constant[l, i])
                b[l, i, t] = e
                w[l] = ifelse(e > w[l], e, w[l])
            end
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                density = exponential(b[l, i, t] - w[l])
                b[l, i, t] = density
                total[l] = muladd(ahead[l, i], density, total[l])
            end
        end
        @simd ivdep for l in 1:L
            exponent[l] += exponent_bits(total[l])
            mantissa[l] *= significand_of(total[l])
            ℓ[l] += w[l]
            total[l] = 1 / total[l]
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                density = b[l, i, t] * total[l]
                b[l, i, t] = density
                γ[l, i, t] = ahead[l, i] * density
                ahead[l, i] = 0.0
            end
        end
        for j in 1:k, i in 1:k
            @simd ivdep for l in 1:L
                ahead[l, j] = muladd(γ[l, i, t], A[l, i, j], ahead[l, j])
            end
        end
        t % ROWS_PER_LOGARITHM == 0 && put_aside!(ℓ, mantissa)
    end
end

"From the last row to the first: the probabilities of the states given all rows, and the expected sums."
function backward!(passes::Passes, chains::Chains, y::Vector{Float64}, @nospecialize(_::Val))
    γ, b, β, w, A, μ = passes.γ, passes.b, passes.β, passes.w, chains.A, chains.μ
    moves, rows, sums, squares = passes.moves, passes.rows, passes.sums, passes.squares
    L, k, n = size(γ, 1), size(γ, 2), size(γ, 3)
    @inbounds for t in n - 1:-1:1
        for i in 1:k
            @simd ivdep for l in 1:L
                w[l, i] = b[l, i, t + 1] * β[l, i]
                β[l, i] = 0.0
            end
        end
        for j in 1:k, i in 1:k
            @simd ivdep for l in 1:L
                β[l, i] = muladd(A[l, i, j], w[l, j], β[l, i])
                moves[l, i, j] = muladd(γ[l, i, t], w[l, j], moves[l, i, j])
            end
        end
        yₜ = y[t]
        for i in 1:k
            @simd ivdep for l in 1:L
                d = yₜ - μ[l, i]
                g = γ[l, i, t] * β[l, i]
                γ[l, i, t] = g
                rows[l, i] += g
                sums[l, i] = muladd(g, d, sums[l, i])
                squares[l, i] = muladd(g * d, d, squares[l, i])
            end
        end
    end
end

"The exponent of a positive number, 1023 too large, and the rest of it: a number from 1 to 2."
@inline exponent_bits(x::Float64) = reinterpret(Int64, x) >> 52
@inline significand_of(x::Float64) = reinterpret(Float64, (reinterpret(Int64, x) & 0x000fffffffffffff) | 0x3ff0000000000000)

# All that a row of few states needs of a lane is in registers at once; with loops over states, memory would set the pace.
for k in 1:4
    @eval function forward!(passes::Passes, chains::Chains, y::Vector{Float64}, ::Val{$k})
        γ, b, ahead, half, constant = passes.γ, passes.b, passes.ahead, passes.half, passes.constant
        ℓ, mantissa, exponent, A, μ = passes.ℓ, passes.mantissa, passes.exponent, chains.A, chains.μ
        L, n = size(γ, 1), size(γ, 3)
        @inbounds for t in 1:n
            yₜ = y[t]
            @simd ivdep for l in 1:L
                @nexprs $k i -> (d_i = yₜ - μ[l, i]; e_i = muladd(-d_i * d_i, half[l, i], constant[l, i]))
                most = e_1
                @nexprs $k i -> most = ifelse(e_i > most, e_i, most)
                total = 0.0
                @nexprs $k i -> (e_i = exponential(e_i - most); total = muladd(ahead[l, i], e_i, total))
                exponent[l] += exponent_bits(total)
                mantissa[l] *= significand_of(total)
                ℓ[l] += most
                total = 1 / total
                @nexprs $k i -> (e_i *= total; b[l, i, t] = e_i; e_i *= ahead[l, i]; γ[l, i, t] = e_i)
                @nexprs $k j -> (p_j = 0.0; @nexprs $k i -> p_j = muladd(e_i, A[l, i, j], p_j))
                @nexprs $k j -> ahead[l, j] = p_j
            end
            t % ROWS_PER_LOGARITHM == 0 && put_aside!(ℓ, mantissa)
        end
    end

    @eval function backward!(passes::Passes, chains::Chains, y::Vector{Float64}, ::Val{$k})
        γ, b, β, A, μ = passes.γ, passes.b, passes.β, chains.A, chains.μ
        moves, rows, sums, squares = passes.moves, passes.rows, passes.sums, passes.squares
        L, n = size(γ, 1), size(γ, 3)
        @inbounds for t in n - 1:-1:1
            yₜ = y[t]
            @simd ivdep for l in 1:L
                @nexprs $k j -> w_j = b[l, j, t + 1] * β[l, j]
                @nexprs $k i -> begin
                    g_i = γ[l, i, t]
                    β_i = 0.0
                    @nexprs $k j -> (β_i = muladd(A[l, i, j], w_j, β_i); moves[l, i, j] = muladd(g_i, w_j, moves[l, i, j]))
                    β[l, i] = β_i
                    d_i = yₜ - μ[l, i]
                    g_i *= β_i
                    γ[l, i, t] = g_i
                    rows[l, i] += g_i
                    sums[l, i] = muladd(g_i, d_i, sums[l, i])
                    squares[l, i] = muladd(g_i * d_i, d_i, squares[l, i])
                end
            end
        end
    end
end
