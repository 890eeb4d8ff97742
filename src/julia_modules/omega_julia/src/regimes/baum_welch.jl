# Baum-Welch for several hidden Markov chains side by side, with leaps ahead.

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
        chains.π[l, i] = max(passes.first[l, i], LEAST_PROBABILITY)
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

parameters(k::Int) = k * (k + 3)

"The parameters as rows of numbers without bounds, lane by lane: means, and logarithms of all else."
function pack!(z::Matrix{Float64}, chains::Chains)
    numbers = length(chains.μ)
    copyto!(z, chains.μ)
    logarithms!(z, numbers, vec(chains.σ²))
    logarithms!(z, 2numbers, vec(chains.π))
    logarithms!(z, 3numbers, vec(chains.A))
end

function logarithms!(z::Matrix{Float64}, before::Int, x::Vector{Float64})
    @inbounds @simd ivdep for i in 1:length(x)
        z[before + i] = logarithm(x[i])
    end
end

"The chains of packed parameters."
function unpack!(chains::Chains, z::Matrix{Float64})
    numbers = length(chains.μ)
    copyto!(chains.μ, 1, z, 1, numbers)
    exponentials!(vec(chains.σ²), z, numbers, 80.0)
    exponentials!(vec(chains.π), z, 2numbers, 660.0)
    exponentials!(vec(chains.A), z, 3numbers, 660.0)
    normalise!(chains)
end

function exponentials!(x::Vector{Float64}, z::Matrix{Float64}, before::Int, most::Float64)
    @inbounds @simd ivdep for i in 1:length(x)
        x[i] = exponential(min(max(z[before + i], -most), most))
    end
end

"Makes probabilities add up to 1."
function normalise!(chains::Chains)
    k = size(chains.μ, 2)
    for l in 1:lanes(chains)
        share = 0.0
        for i in 1:k
            share += chains.π[l, i]
        end
        for i in 1:k
            chains.π[l, i] = max(chains.π[l, i] / share, LEAST_PROBABILITY)
            total = 0.0
            for j in 1:k
                total += chains.A[l, i, j]
            end
            for j in 1:k
                chains.A[l, i, j] = max(chains.A[l, i, j] / total, LEAST_PROBABILITY)
            end
        end
    end
end

"Takes the parameters of one lane over."
function copy_lane!(to::Chains, from::Chains, lane::Int)
    for i in 1:size(to.μ, 2)
        to.π[lane, i], to.μ[lane, i], to.σ²[lane, i] = from.π[lane, i], from.μ[lane, i], from.σ²[lane, i]
        for j in 1:size(to.μ, 2)
            to.A[lane, i, j] = from.A[lane, i, j]
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
    second = Chains(L, k)
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
            copy_lane!(second, chains, l)
            leap!(z₁, z₀, z₂, l)
        end
        unpack!(chains, z₁)
        copyto!(previous, height)
        heights!(height, passes, chains, y, prior)
        maximize!(chains, passes, prior)
        for l in 1:L
            height[l] > previous[l] || copy_lane!(chains, second, l)
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
