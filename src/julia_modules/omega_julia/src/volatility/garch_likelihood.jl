# How likely returns are under a GARCH(1,1): the variance of every row, the likelihood and its gradient.

"""
What the likelihood is a function of: returns of unit variance, the variance before the first, and bounds of the variance
in every row; and what it leaves behind: the variance and the gradient of every row, the latter parameter by row.
"""
struct Sample
    ε::Vector{Float64}
    backcast::Float64
    lower::Vector{Float64}
    upper::Vector{Float64}
    σ²::Vector{Float64}
    scores::Matrix{Float64}
end

"The variance before the first row, and loose bounds that keep the search from absurd variances; both as `arch` has them."
function Sample(ε::Vector{Float64})
    n = length(ε)
    backcast = weights = 0.0
    most = 1.0
    for t in 1:n
        most = max(most, 1 + ε[t]^2)
        t <= 75 || continue
        backcast += 0.94^(t - 1) * ε[t]^2
        weights += 0.94^(t - 1)
    end
    backcast /= weights
    lower, upper = zeros(n), zeros(n)
    smooth, least = backcast, variance(ε) / 1e8
    for t in 1:n
        lower[t] = max(smooth / 1e6, least)
        upper[t] = min(max(smooth * 1e6, most), 1e7 * most)
        smooth = 0.94 * smooth + 0.06 * ε[t]^2
    end
    return Sample(ε, backcast, lower, upper, zeros(n), zeros(4, n))
end

"""
Of so many rows the variances are multiplied before the exponent of the product is put aside; a logarithm of each costs more
than all else in a row. The bounds keep a variance between 1e-14 and 1e20 (1e7 times the largest square of up to 1e12 rows):
the product is in range.
"""
const ROWS_PER_EXPONENT = 8

"The exponent of a positive number, and the rest of it: a number from 1 to 2."
exponent_of(x::Float64) = (reinterpret(Int64, x) >>> 52) - 1023
significand_of(x::Float64) = reinterpret(Float64, reinterpret(Int64, x) & 0x000fffffffffffff | 0x3ff0000000000000)

"""
    log_likelihood!(gradient, θ, sample, record = false)

Mean over the rows of the normal log-likelihood at `θ = (μ, ω, α, β)`, and its gradient; where asked to `record`, the
variance and the gradient of every row as well.

    hₜ = ω + α εₜ₋₁² + β hₜ₋₁        ℓₜ = -½ (log 2π + log hₜ + εₜ² / hₜ)
    ∂hₜ = (-2α εₜ₋₁, 1, εₜ₋₁², hₜ₋₁) + β ∂hₜ₋₁
"""
function log_likelihood!(gradient::Vector{Float64}, θ::Vector{Float64}, sample::Sample, record::Bool = false)
    μ, ω, α, β = θ[1], θ[2], θ[3], θ[4]
    ε, lower, upper = sample.ε, sample.lower, sample.upper
    n = length(ε)
    squares = gμ = gω = gα = gβ = 0.0
    h = e² = sample.backcast
    e = ∂μ = ∂ω = ∂α = ∂β = 0.0
    factors, exponents = 1.0, 0
    @inbounds for t in 1:n
        ∂μ = β * ∂μ - 2α * e
        ∂ω = β * ∂ω + 1
        ∂α = β * ∂α + e²
        ∂β = β * ∂β + h
        h = ω + α * e² + β * h
        if h < lower[t]
            h = lower[t]
            ∂μ = ∂ω = ∂α = ∂β = 0.0
        elseif h > upper[t]
            ∂μ, ∂ω, ∂α, ∂β = ∂μ / h, ∂ω / h, ∂α / h, ∂β / h
            h = upper[t] + log(h / upper[t])
        end
        e = ε[t] - μ
        e² = e^2
        precision = 1 / h
        z² = e² * precision
        squares += z²
        factors *= h
        if t % ROWS_PER_EXPONENT == 0
            exponents += exponent_of(factors)
            factors = significand_of(factors)
        end
        w = (z² - 1) * precision / 2
        sμ, sω, sα, sβ = w * ∂μ + e * precision, w * ∂ω, w * ∂α, w * ∂β
        gμ, gω, gα, gβ = gμ + sμ, gω + sω, gα + sα, gβ + sβ
        if record
            sample.σ²[t] = h
            sample.scores[1, t], sample.scores[2, t], sample.scores[3, t], sample.scores[4, t] = sμ, sω, sα, sβ
        end
    end
    gradient[1], gradient[2], gradient[3], gradient[4] = gμ / n, gω / n, gα / n, gβ / n
    return -(log(2π) + (exponents * log(2) + log(factors) + squares) / n) / 2
end

"""
    screen(sample, grid)

The log-likelihood of every candidate of a grid at the mean of the data. One pass over the rows takes all candidates along
side by side, of which a processor computes several at once.
"""
function screen(sample::Sample, grid::Grid)
    ω, α, β = grid.ω, grid.α, grid.β
    h, quotients, products = fill(sample.backcast, length(ω)), zeros(length(ω)), fill(1.0, length(ω))
    squares, exponents = zeros(length(ω)), zeros(Int, length(ω))
    e² = sample.backcast
    n = length(sample.ε)
    for t in 1:n
        least, most, next² = sample.lower[t], sample.upper[t], sample.ε[t]^2
        @inbounds @simd ivdep for i in 1:length(h)
            hᵢ = ω[i] + α[i] * e² + β[i] * h[i]
            hᵢ = ifelse(hᵢ < least, least, ifelse(hᵢ > most, most, hᵢ))
            h[i] = hᵢ
            quotients[i] = quotients[i] * hᵢ + next² * products[i]
            products[i] *= hᵢ
        end
        e² = next²
        if t % ROWS_PER_EXPONENT == 0 || t == n
            check_interrupt()
            @inbounds @simd ivdep for i in 1:length(h)
                squares[i] += quotients[i] / products[i]
                exponents[i] += exponent_of(products[i])
                products[i] = significand_of(products[i])
                quotients[i] = 0.0
            end
        end
    end
    for i in 1:length(h)
        squares[i] = -(squares[i] + exponents[i] * log(2) + log(products[i]) + n * log(2π)) / 2
    end
    return squares
end
