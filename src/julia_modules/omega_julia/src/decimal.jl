# Decimal numbers, held exactly, as Arrow's decimal128 and Python's Decimal hold them.

"""
    Decimal(value, scale)

The number `value / 10^scale`, exactly: `Decimal(1250, 2)` is 12.50. Equal numbers are equal whatever their scale.

`parse(Decimal, text)` reads one, `string` writes it, `Rational{BigInt}` computes with it and `Float64` rounds it.
"""
struct Decimal
    value::Int128
    scale::Int
    function Decimal(value, scale)
        0 <= scale <= 38 || throw(parameter_out_of_range("scale", "0 to 38", scale))
        return new(value, scale)
    end
end

"The same number without zeros at the end, which is how equal numbers are told."
function normalized(d::Decimal)
    value, scale = d.value, d.scale
    while scale > 0 && value % 10 == 0
        value, scale = value ÷ 10, scale - 1
    end
    return Decimal(value, scale)
end

"""
    rescaled(d, scale)

The same number with another scale; `nothing` where it is not exact or needs more than 38 digits.
"""
function rescaled(d::Decimal, scale)
    scale < d.scale && return scale < normalized(d).scale ? nothing : rescaled(normalized(d), scale)
    value = big(d.value) * big(10)^(scale - d.scale)
    return abs(value) < big(10)^38 ? Decimal(Int128(value), scale) : nothing
end

Base.Rational{BigInt}(d::Decimal) = big(d.value) // big(10)^d.scale
Base.Float64(d::Decimal) = Float64(Rational{BigInt}(d))

function Base.:(==)(a::Decimal, b::Decimal)
    a, b = normalized(a), normalized(b)
    return a.value == b.value && a.scale == b.scale
end

Base.isless(a::Decimal, b::Decimal) = isless(Rational{BigInt}(a), Rational{BigInt}(b))
Base.isless(a::Decimal, b::Integer) = isless(Rational{BigInt}(a), b)
Base.isless(a::Integer, b::Decimal) = isless(a, Rational{BigInt}(b))

function Base.hash(d::Decimal, h::UInt)
    d = normalized(d)
    return hash(d.scale, hash(d.value, hash(:Decimal, h)))
end

function Base.print(io::IO, d::Decimal)
    digits = lpad(string(abs(big(d.value))), d.scale + 1, '0')
    print(io, d.value < 0 ? "-" : "", digits[1:end-d.scale])
    d.scale > 0 && print(io, '.', digits[end-d.scale+1:end])
end

Base.show(io::IO, d::Decimal) = print(io, "decimal\"", d, '"')

function Base.tryparse(::Type{Decimal}, text::AbstractString)
    found = match(r"^([+-]?)(\d+)(?:\.(\d*))?$", text)
    found === nothing && return nothing
    fraction = something(found[3], "")
    value = tryparse(Int128, string(found[1], found[2], fraction))
    return value === nothing || length(fraction) > 38 ? nothing : Decimal(value, length(fraction))
end

function Base.parse(::Type{Decimal}, text::AbstractString)
    d = tryparse(Decimal, text)
    d === nothing && throw(invalid_type("text", "a decimal number of at most 38 digits", text))
    return d
end

"A decimal number as a literal: `decimal\"12.50\"`."
macro decimal_str(text)
    return parse(Decimal, text)
end
