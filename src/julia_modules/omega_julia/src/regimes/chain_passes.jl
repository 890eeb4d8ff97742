# The passes over the rows, forward and back, of several hidden Markov chains side by side.

"Memory of the passes in one precision: the chains, what is kept of every row (of γ, one row of zeros more), the sums so far."
struct Rows{T,I}
    A::Array{T,3}           # lane, from, to
    μ::Matrix{T}
    half::Matrix{T}         # lane, state: 1 / 2σ²
    constant::Matrix{T}     # lane, state: logarithm of the density at the mean
    γ::Array{T,3}           # lane, state, 1 + row: probability given the rows so far; after the way back, given all rows
    b::Array{T,3}           # lane, state, row: density of the row, over that given the rows before
    ahead::Matrix{T}        # lane, state: probability given the rows before
    β::Matrix{T}            # lane, state: probability given all rows, over that given the rows so far
    w::Matrix{T}
    moves::Array{T,3}
    rows::Matrix{T}
    sums::Matrix{T}
    squares::Matrix{T}
    total::Vector{T}
    mantissa::Vector{T}
    exponent::Vector{I}
    largest::Vector{T}      # sum of the logarithms of the largest densities of rows, to which the others are relative
end

function Rows{T,I}(L::Int, k::Int, n::Int) where {T,I}
    each, pairs, rows = () -> zeros(T, L, k), () -> zeros(T, L, k, k), n -> zeros(T, L, k, n)
    return Rows{T,I}(pairs(), each(), each(), each(), rows(n + 1), rows(n), each(), each(), each(), pairs(), each(), each(), each(),
                     zeros(T, L), zeros(T, L), zeros(I, L), zeros(T, L))
end

"What the passes leave behind, and their memory: in single precision, where it is enough to know which chains are worth more."
struct Passes
    memory::Union{Rows{Float32,Int32},Rows{Float64,Int64}}
    moves::Array{Float64,3}     # lane, from, to: expected number of moves, over their probability
    rows::Matrix{Float64}       # lane, state: expected number of rows
    sums::Matrix{Float64}       # lane, state: expected sum of y - μ
    squares::Matrix{Float64}    # lane, state: expected sum of (y - μ)²
    first::Matrix{Float64}      # lane, state: probability in the first row
    ℓ::Vector{Float64}          # log-likelihood of every lane
end

function Passes(lanes::Int, k::Int, n::Int; single::Bool = false)
    memory = single ? Rows{Float32,Int32}(lanes, k, n) : Rows{Float64,Int64}(lanes, k, n)
    return Passes(memory, zeros(lanes, k, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes, k), zeros(lanes))
end

lanes(passes::Passes) = length(passes.ℓ)

is_single(passes::Passes) = passes.memory isa Rows{Float32,Int32}

"""
    expect!(passes, chains, y)

The log-likelihood of `y` under every chain, the posteriors, and the sums that `maximize!` needs: forward and back as in
Rabiner, with densities relative to the largest of their row, so that no row is too far out.
"""
function expect!(passes::Passes, chains::Chains, y::Vector{Float64})
    go_forth!(passes, chains, y)
    come_back!(passes, y)
    return passes.ℓ
end

"The log-likelihoods; `γ` holds the probabilities given the rows so far, until the way back."
function go_forth!(passes::Passes, chains::Chains, y::Vector{Float64})
    forth!(passes, passes.memory, chains, y)
    return passes.ℓ
end

"The posteriors and the expected sums, after the way forth."
come_back!(passes::Passes, y::Vector{Float64}) = back!(passes, passes.memory, y)

function forth!(passes::Passes, memory::Rows{T}, chains::Chains, y::Vector{Float64}) where {T}
    L, k = size(memory.b, 1), size(memory.b, 2)
    for i in 1:L * k
        memory.μ[i], memory.ahead[i] = chains.μ[i], max(chains.π[i], least_probability(T))
        memory.half[i], memory.constant[i] = 1 / 2chains.σ²[i], -logarithm(2π * chains.σ²[i]) / 2
    end
    for i in 1:L * k * k
        memory.A[i] = max(chains.A[i], least_probability(T))
    end
    fill!(memory.largest, 0)
    fill!(memory.mantissa, 1)
    fill!(memory.exponent, 0)
    fill!(passes.ℓ, 0.0)
    forward!(memory, passes.ℓ, y, Val(k))   # each number of states is compiled when it is first asked for
    put_aside!(passes.ℓ, memory)
end

function back!(passes::Passes, memory::Rows{T}, y::Vector{Float64}) where {T}
    L, k, n = size(memory.b, 1), size(memory.b, 2), size(memory.b, 3)
    fill!(memory.moves, 0)
    fill!(memory.β, 1)
    for i in 1:k, l in 1:L
        g, d = memory.γ[l, i, n + 1], T(y[n]) - memory.μ[l, i]
        memory.rows[l, i], memory.sums[l, i], memory.squares[l, i] = g, g * d, g * d * d
    end
    backward!(memory, y, Val(k))
    for i in 1:L * k
        passes.rows[i], passes.sums[i], passes.squares[i] = memory.rows[i], memory.sums[i], memory.squares[i]
        passes.first[i] = memory.γ[L * k + i]
    end
    copyto!(passes.moves, memory.moves)
end

"Single precision has no room for less: a product of such a probability, a density and a sum's share is still a number."
least_probability(::Type{Float64}) = LEAST_PROBABILITY
least_probability(::Type{Float32}) = 1.0f-15

"After so many rows the product of significands is put into the logarithm, or it would leave the range of numbers."
rows_per_logarithm(::Type{Float64}) = 512
rows_per_logarithm(::Type{Float32}) = 64

"Adds the logarithms of so many rows to `ℓ`."
function put_aside!(ℓ::Vector{Float64}, memory::Rows)
    for l in 1:length(ℓ)
        ℓ[l] += memory.largest[l] + log(Float64(memory.mantissa[l])) + memory.exponent[l] * log(2)
        memory.largest[l], memory.mantissa[l], memory.exponent[l] = 0, 1, 0
    end
end

"From the first row to the last: the probabilities of the states given the rows so far, and of every row given those before."
function forward!(memory::Rows{T}, ℓ::Vector{Float64}, y::Vector{Float64}, @nospecialize(_::Val)) where {T}
    γ, b, ahead, w, total = memory.γ, memory.b, memory.ahead, memory.w, memory.total
    half, constant, A, μ = memory.half, memory.constant, memory.A, memory.μ
    largest, mantissa, exponent = memory.largest, memory.mantissa, memory.exponent
    L, k, n = size(b, 1), size(b, 2), size(b, 3)
    @inbounds for t in 1:n
        yₜ = T(y[t])
        @simd ivdep for l in 1:L
            w[l] = -Inf                                  # the largest of the row
            total[l] = 0
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
            exponent[l] += exponent_of(total[l])
            mantissa[l] *= significand_of(total[l])
            largest[l] += w[l]
            total[l] = 1 / total[l]
        end
        for i in 1:k
            @simd ivdep for l in 1:L
                density = b[l, i, t] * total[l]
                b[l, i, t] = density
                γ[l, i, t + 1] = ahead[l, i] * density
                ahead[l, i] = 0
            end
        end
        for j in 1:k, i in 1:k
            @simd ivdep for l in 1:L
                ahead[l, j] = muladd(γ[l, i, t + 1], A[l, i, j], ahead[l, j])
            end
        end
        t % rows_per_logarithm(T) == 0 && put_aside!(ℓ, memory)
    end
end

"From the last row to the first: the probabilities of the states given all rows, and the expected sums."
function backward!(memory::Rows{T}, y::Vector{Float64}, @nospecialize(_::Val)) where {T}
    γ, b, β, w, A, μ = memory.γ, memory.b, memory.β, memory.w, memory.A, memory.μ
    moves, rows, sums, squares = memory.moves, memory.rows, memory.sums, memory.squares
    L, k, n = size(b, 1), size(b, 2), size(b, 3)
    @inbounds for t in n - 1:-1:1
        for i in 1:k
            @simd ivdep for l in 1:L
                w[l, i] = b[l, i, t + 1] * β[l, i]
                β[l, i] = 0
            end
        end
        for j in 1:k, i in 1:k
            @simd ivdep for l in 1:L
                β[l, i] = muladd(A[l, i, j], w[l, j], β[l, i])
                moves[l, i, j] = muladd(γ[l, i, t + 1], w[l, j], moves[l, i, j])
            end
        end
        yₜ = T(y[t])
        for i in 1:k
            @simd ivdep for l in 1:L
                d = yₜ - μ[l, i]
                g = γ[l, i, t + 1] * β[l, i]
                γ[l, i, t + 1] = g
                rows[l, i] += g
                sums[l, i] = muladd(g, d, sums[l, i])
                squares[l, i] = muladd(g * d, d, squares[l, i])
            end
        end
    end
end

# All that a row of few states needs of a lane is in registers at once; with loops over states, memory would set the pace.
for k in 1:4
    @eval function forward!(memory::Rows{T}, ℓ::Vector{Float64}, y::Vector{Float64}, ::Val{$k}) where {T}
        γ, b, ahead, half, constant = memory.γ, memory.b, memory.ahead, memory.half, memory.constant
        largest, mantissa, exponent, A, μ = memory.largest, memory.mantissa, memory.exponent, memory.A, memory.μ
        L, n = size(b, 1), size(b, 3)
        @inbounds for t in 1:n
            yₜ = T(y[t])
            @simd ivdep for l in 1:L
                @nexprs $k i -> (d_i = yₜ - μ[l, i]; e_i = muladd(-d_i * d_i, half[l, i], constant[l, i]))
                most = e_1
                @nexprs $k i -> most = ifelse(e_i > most, e_i, most)
                total = zero(T)
                @nexprs $k i -> (e_i = exponential(e_i - most); total = muladd(ahead[l, i], e_i, total))
                exponent[l] += exponent_of(total)
                mantissa[l] *= significand_of(total)
                largest[l] += most
                total = 1 / total
                @nexprs $k i -> (e_i *= total; b[l, i, t] = e_i; e_i *= ahead[l, i]; γ[l, i, t + 1] = e_i)
                @nexprs $k j -> (p_j = zero(T); @nexprs $k i -> p_j = muladd(e_i, A[l, i, j], p_j))
                @nexprs $k j -> ahead[l, j] = p_j
            end
            t % rows_per_logarithm(T) == 0 && put_aside!(ℓ, memory)
        end
    end

    @eval function backward!(memory::Rows{T}, y::Vector{Float64}, ::Val{$k}) where {T}
        γ, b, β, A, μ = memory.γ, memory.b, memory.β, memory.A, memory.μ
        moves, rows, sums, squares = memory.moves, memory.rows, memory.sums, memory.squares
        L, n = size(b, 1), size(b, 3)
        # Two rows at once, for what both add to is read and written once; before the first row no state has a probability.
        @inbounds for t in n - 1:-2:1
            yₜ, yₛ = T(y[t]), T(y[max(t - 1, 1)])
            @simd ivdep for l in 1:L
                @nexprs $k i -> (g_i = γ[l, i, t + 1]; h_i = γ[l, i, t]; β_i = zero(T); α_i = zero(T))
                @nexprs $k j -> w_j = b[l, j, t + 1] * β[l, j]
                @nexprs $k j -> @nexprs $k i -> β_i = muladd(A[l, i, j], w_j, β_i)
                @nexprs $k j -> v_j = b[l, j, t] * β_j
                @nexprs $k i -> @nexprs $k j -> begin
                    α_i = muladd(A[l, i, j], v_j, α_i)
                    moves[l, i, j] = muladd(h_i, v_j, muladd(g_i, w_j, moves[l, i, j]))
                end
                @nexprs $k i -> begin
                    β[l, i] = α_i
                    g_i *= β_i
                    h_i *= α_i
                    γ[l, i, t + 1], γ[l, i, t] = g_i, h_i
                    d_i, c_i = yₜ - μ[l, i], yₛ - μ[l, i]
                    rows[l, i] += g_i + h_i
                    sums[l, i] = muladd(h_i, c_i, muladd(g_i, d_i, sums[l, i]))
                    squares[l, i] = muladd(h_i * c_i, c_i, muladd(g_i * d_i, d_i, squares[l, i]))
                end
            end
        end
    end
end
