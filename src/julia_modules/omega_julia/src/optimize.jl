# Finding where a smooth function is least.

"""
    minimize(f!, z; tolerance, max_iterations)

The best point found, its value, the number of iterations, and whether no entry of the gradient is above `tolerance` there.
`f!(g, z)` returns the value at `z` and fills `g` with the gradient.

BFGS with a line search by bisection for the weak Wolfe conditions.

Source: J. Nocedal and S. Wright (2006), "Numerical Optimization", algorithm 6.1; A. Lewis and M. Overton (2013),
"Nonsmooth optimization via quasi-Newton methods", Mathematical Programming 141, algorithm 2.6.
"""
function minimize(f!, z::Vector{Float64}; tolerance, max_iterations)
    n = length(z)
    g, g⁺ = zeros(n), zeros(n)
    f = f!(g, z)
    H = Matrix(1.0I, n, n)
    for iteration in 0:max_iterations
        maximum(abs, g) <= tolerance && return z, f, iteration, true
        iteration == max_iterations && break
        d = -(H * g)
        step, f⁺ = line_search!(f!, g⁺, f, z, g, d)
        step == 0 && return z, f, iteration, maximum(abs, g) <= sqrt(tolerance)    # as far as rounding lets it go
        s, y = step * d, g⁺ - g
        ys = dot(y, s)
        if ys > 0
            iteration == 0 && (H = ys / dot(y, y) * H)
            Hy = H * y
            H += (1 + dot(y, Hy) / ys) / ys * (s * s') - (Hy * s' + s * Hy') / ys
        end
        z, f = z + s, f⁺
        copyto!(g, g⁺)
    end
    return z, f, max_iterations, false
end

"A step along `d` that lowers `f` enough and flattens its slope, and the value there; 0 if there is none."
function line_search!(f!, g⁺, f, z, g, d)
    slope = dot(g, d)
    low, high, step = 0.0, Inf, min(1.0, 4 / maximum(abs, d))
    for _ in 1:60
        f⁺ = f!(g⁺, z + step * d)
        if !(f⁺ <= f + 1e-4 * step * slope)
            high = step
        elseif dot(g⁺, d) < 0.9 * slope
            low = step
        else
            return step, f⁺
        end
        step = isfinite(high) ? (low + high) / 2 : 2 * low
    end
    low > 0 || return 0.0, f
    return low, f!(g⁺, z + low * d)
end
