# The few sample statistics that several models share, as loops whose order of summation no release changes. A sort of
# its own compiles in a tenth of the time that Julia's takes.

function average(x::Vector{Float64})
    total = 0.0
    for xᵢ in x
        total += xᵢ
    end
    return total / length(x)
end

"Mean squared distance from the mean."
function variance(x::Vector{Float64})
    μ = average(x)
    total = 0.0
    for xᵢ in x
        total += (xᵢ - μ)^2
    end
    return total / length(x)
end

"""
    scaling(x, name)

Centre and width of the data: mean and standard deviation, found without overflow or underflow. Refuses data that do not vary.
"""
function scaling(x::Vector{Float64}, name)
    low = high = x[1]
    for xᵢ in x
        low, high = min(low, xᵢ), max(high, xᵢ)
    end
    size = max(-low, high)
    unit = zeros(length(x))
    if size > 0
        for i in 1:length(x)
            unit[i] = x[i] / size
        end
    end
    width = sqrt(variance(unit))
    if !(width > 1e-12)
        seen = low == high ? "the same value in all $(length(x)) rows" : "nearly the same value in all $(length(x)) rows, from $low to $high"
        throw(degenerate_data(name, "returns that vary", seen))
    end
    return size * average(unit), size * width
end

"The places of the values from the least to the greatest; equal values keep their order."
function ordering(x::Vector{Float64})
    n = length(x)
    order, merged, values, merged_values = collect(1:n), zeros(Int, n), copy(x), zeros(n)
    width = 1
    while width < n
        first = 1
        while first <= n
            merge!(merged, merged_values, order, values, first, min(first + width, n + 1), min(first + 2width, n + 1))
            first += 2width
        end
        order, merged, values, merged_values = merged, order, merged_values, values
        width *= 2
    end
    return order
end

"Merges two sorted runs, from `first` and from `second` on, which ends before `stop`; without a branch that depends on values."
function merge!(merged::Vector{Int}, merged_values::Vector{Float64}, order::Vector{Int}, values::Vector{Float64},
                first::Int, second::Int, stop::Int)
    a, b, i = first, second, first
    @inbounds while a < second && b < stop
        later = values[b] < values[a]
        from = ifelse(later, b, a)
        merged[i], merged_values[i] = order[from], values[from]
        a += !later
        b += later
        i += 1
    end
    rest = ifelse(a < second, a, b)
    @inbounds while i < stop
        merged[i], merged_values[i] = order[rest], values[rest]
        rest += 1
        i += 1
    end
end

function ordered(x::Vector{Float64})
    order, sorted = ordering(x), zeros(length(x))
    for i in 1:length(x)
        sorted[i] = x[order[i]]
    end
    return sorted
end

"""
    quantile_of_sorted(x, p)

The quantile that lies `p` of the way from the first to the last of sorted values, interpolated linearly: definition 7 of
R. Hyndman and Y. Fan (1996), and NumPy's default.

```jldoctest
julia> OmegaJulia.quantile_of_sorted([1.0, 2.0, 4.0], 0.75)
3.0
```
"""
function quantile_of_sorted(x, p)
    position = p * (length(x) - 1)
    i = min(floor(Int, position), length(x) - 2)
    return i < 0 ? x[1] : interpolate(x[i + 1], x[i + 2], position - i)
end

interpolate(a, b, fraction) = a + (b - a) * fraction

"""
    agreement(heights, tolerance)

What the heights at which searches ended say of the highest: how many searches there were, how many ended within `tolerance`
of it, and by how much the best of the others is lower; NaN if there are no others.

```jldoctest
julia> OmegaJulia.agreement([-7.5, -5.0, -5.0], 1e-3)
(searches = 3, searches_at_top = 2, lead_over_next_top = 2.5)
```
"""
function agreement(heights, tolerance)
    top = maximum(heights)
    at_top, lead = 0, NaN
    for height in heights
        if height >= top - tolerance
            at_top += 1
        elseif isfinite(height) && !(lead < top - height)
            lead = top - height
        end
    end
    return (searches = length(heights), searches_at_top = at_top, lead_over_next_top = lead)
end
