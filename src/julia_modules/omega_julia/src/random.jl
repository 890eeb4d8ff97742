# Random numbers whose bits are ours: Julia's own streams differ from release to release.

"""
    Xoshiro(seed)

The generator xoshiro256++, its state filled by SplitMix64 from one number.

Source: D. Blackman and S. Vigna (2021), "Scrambled linear pseudorandom number generators", ACM Transactions on
Mathematical Software 47(4).
"""
mutable struct Xoshiro
    s0::UInt64
    s1::UInt64
    s2::UInt64
    s3::UInt64
end

function Xoshiro(seed::Integer)
    z = seed % UInt64
    s0, z = splitmix(z)
    s1, z = splitmix(z)
    s2, z = splitmix(z)
    s3, z = splitmix(z)
    return Xoshiro(s0, s1, s2, s3)
end

"One output of SplitMix64, and its next state."
function splitmix(state::UInt64)
    state += 0x9e3779b97f4a7c15
    z = (state ⊻ (state >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ⊻ (z >> 27)) * 0x94d049bb133111eb
    return z ⊻ (z >> 31), state
end

rotate(x::UInt64, k) = (x << k) | (x >> (64 - k))

"64 random bits."
@inline function next!(rng::Xoshiro)
    result = rotate(rng.s0 + rng.s3, 23) + rng.s0
    t = rng.s1 << 17
    rng.s2 ⊻= rng.s0
    rng.s3 ⊻= rng.s1
    rng.s1 ⊻= rng.s2
    rng.s0 ⊻= rng.s3
    rng.s2 ⊻= t
    rng.s3 = rotate(rng.s3, 45)
    return result
end

"A number from 0, included, to 1, excluded: the upper 53 of 64 random bits."
@inline uniform!(rng::Xoshiro) = Float64(next!(rng) >> 11) * 2.0^-53

"""
    below!(rng, n)

A whole number from 0 to `n - 1`, each equally likely.

Source: D. Lemire (2019), "Fast random integer generation in an interval", ACM Transactions on Modeling and Computer
Simulation 29(1).
"""
@inline function below!(rng::Xoshiro, n::Integer)
    limit = UInt64(n)
    product = widemul(next!(rng), limit)
    if product % UInt64 < limit
        threshold = -limit % limit
        while product % UInt64 < threshold
            product = widemul(next!(rng), limit)
        end
    end
    return Int(product >> 64)
end
