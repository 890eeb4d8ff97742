# Exponentials and logarithms without a branch, so that a processor computes those of several chains at once.

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

"The same to six digits, and at least `exp(-45)`: single precision has little room for less."
@inline function exponential(x::Float32)
    x = ifelse(x < -45.0f0, -45.0f0, x)
    shifted = muladd(x, 1.442695f0, 1.2582912f7)
    whole = shifted - 1.2582912f7
    r = muladd(whole, 2.1219444f-4, muladd(whole, -0.693359375f0, x))
    p = muladd(1.0f0 / 720, r, 1.0f0 / 120)
    p = muladd(p, r, 1.0f0 / 24)
    p = muladd(p, r, 1.0f0 / 6)
    p = muladd(p, r, 0.5f0)
    p = muladd(p, r, 1.0f0)
    p = muladd(p, r, 1.0f0)
    return p * reinterpret(Float32, (reinterpret(Int32, shifted) + Int32(127)) << 23)
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

"The exponent of a positive number, and the rest of it: a number from 1 to 2."
@inline exponent_of(x::Float64) = (reinterpret(Int64, x) >> 52) - 1023
@inline exponent_of(x::Float32) = (reinterpret(Int32, x) >> 23) - Int32(127)
@inline significand_of(x::Float64) = reinterpret(Float64, (reinterpret(Int64, x) & 0x000fffffffffffff) | 0x3ff0000000000000)
@inline significand_of(x::Float32) = reinterpret(Float32, (reinterpret(Int32, x) & 0x007fffff) | 0x3f800000)
