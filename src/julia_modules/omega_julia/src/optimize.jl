# Finding where a smooth function is least, and what a small symmetric matrix's inverse is.
#
# Loops over a handful of numbers, rather than LinearAlgebra: they compile in a tenth of the time, which a host that
# starts Julia waits for, and no release or BLAS changes their bits.

"""
    minimize(f!, z; tolerance, max_iterations, least_gain = 0.0, H = nothing, arrived = (z, f) -> false)

The best point found, its value, the number of iterations, and whether the search came to an end there: no entry of the
gradient is above `tolerance`, the next step promises less than `least_gain`, or `arrived` says that this is near enough.
`f!(g, z)` returns the value at `z` and fills `g` with the gradient. `H` is about the inverse curvature at `z`, if known.

BFGS with a line search by bisection for the weak Wolfe conditions.

Source: J. Nocedal and S. Wright (2006), "Numerical Optimization", algorithm 6.1; A. Lewis and M. Overton (2013),
"Nonsmooth optimization via quasi-Newton methods", Mathematical Programming 141, algorithm 2.6.
"""
function minimize(f!, z::Vector{Float64}; tolerance::Float64, max_iterations::Int, least_gain::Float64 = 0.0,
                  H::Union{Nothing,Matrix{Float64}} = nothing, arrived = (z, f) -> false)
    n = length(z)
    g, g⁺, z⁺ = zeros(n), zeros(n), zeros(n)
    s, y = zeros(n), zeros(n)
    f = f!(g, z)
    sized = H !== nothing
    B = sized ? H : unit(n)
    for iteration in 0:max_iterations
        check_interrupt()
        steepest = largest(g)
        (steepest <= tolerance || arrived(z, f)) && return z, f, iteration, true
        iteration == max_iterations && break
        d = product(B, g, -1.0)
        -inner(g, d) < 2least_gain && return z, f, iteration, true
        step, f⁺ = line_search!(f!, z⁺, g⁺, f, z, g, d)
        step == 0 && return z, f, iteration, steepest <= sqrt(tolerance)    # as far as rounding lets it go
        for i in 1:n
            s[i], y[i] = z⁺[i] - z[i], g⁺[i] - g[i]
        end
        inner(y, s) > 0 && update!(B, s, y, iteration == 0 && !sized)
        gain, f = f - f⁺, f⁺
        z, z⁺ = z⁺, z
        g, g⁺ = g⁺, g
        gain <= 2eps() * abs(f) && largest(g) <= sqrt(tolerance) && return z, f, iteration + 1, true    # likewise
    end
    return z, f, max_iterations, false
end

"The matrix that changes no vector."
function unit(n)
    I = zeros(n, n)
    for i in 1:n
        I[i, i] = 1.0
    end
    return I
end

"The BFGS update of the inverse curvature; the first one sets its size."
function update!(H::Matrix{Float64}, s::Vector{Float64}, y::Vector{Float64}, first_time::Bool)
    ys = inner(y, s)
    if first_time
        for i in 1:length(H)
            H[i] *= ys / inner(y, y)
        end
    end
    Hy = product(H, y, 1.0)
    yHy = inner(y, Hy)
    for i in 1:length(s), j in 1:length(s)
        H[i, j] += ((1 + yHy / ys) * s[i] * s[j] - Hy[i] * s[j] - s[i] * Hy[j]) / ys
    end
end

"A step along `d` that lowers `f` enough and flattens its slope, and the value there; 0 if there is none."
function line_search!(f!, z⁺, g⁺, f, z, g, d)
    slope = inner(g, d)
    low, high, step = 0.0, Inf, min(1.0, 4 / largest(d))
    for _ in 1:60
        f⁺ = f!(g⁺, move!(z⁺, z, step, d))
        if !(f⁺ <= f + 1e-4 * step * slope)
            high = step
        elseif inner(g⁺, d) < 0.9 * slope
            low = step
        else
            return step, f⁺
        end
        step = isfinite(high) ? (low + high) / 2 : 2 * low
    end
    return low, low > 0 ? f!(g⁺, move!(z⁺, z, low, d)) : f
end

function move!(z⁺, z, step, d)
    for i in 1:length(z)
        z⁺[i] = z[i] + step * d[i]
    end
    return z⁺
end

function inner(a, b)
    total = 0.0
    for i in 1:length(a)
        total += a[i] * b[i]
    end
    return total
end

function largest(a)
    most = 0.0
    for x in a
        most = max(most, abs(x))
    end
    return most
end

"The matrix `H` times the vector `v` times a number."
function product(H::Matrix{Float64}, v::Vector{Float64}, factor::Float64)
    result = zeros(size(H, 1))
    for j in 1:size(H, 2), i in 1:size(H, 1)
        result[i] += factor * H[i, j] * v[j]
    end
    return result
end

function product(A::Matrix{Float64}, B::Matrix{Float64})
    result = zeros(size(A, 1), size(B, 2))
    for j in 1:size(B, 2), k in 1:size(A, 2), i in 1:size(A, 1)
        result[i, j] += A[i, k] * B[k, j]
    end
    return result
end

"The inverse of a positive definite matrix, by Gauss and Jordan without pivots; `nothing` if it is not one."
function inverse(A::Matrix{Float64})
    n = size(A, 1)
    B = copy(A)
    for p in 1:n
        pivot = B[p, p]
        pivot > 1e-14 * abs(A[p, p]) || return nothing
        B[p, p] = 1.0
        for j in 1:n
            B[p, j] /= pivot
        end
        for i in 1:n
            i == p && continue
            factor = B[i, p]
            B[i, p] = 0.0
            for j in 1:n
                B[i, j] -= factor * B[p, j]
            end
        end
    end
    return B
end
