# Hidden Markov chains: one, and several side by side, as many as a processor computes at once.

"At most so many go side by side: arrays have them first, so that one instruction serves several. More would not fit the cache."
const LANES = 32

"Fewer, where a lane needs so much memory that all would need more numbers than this."
const LANES_TIMES_NUMBERS = 2^22

"Probabilities stay above this: a row far out must be able to change the state, and quotients of two must be finite."
const LEAST_PROBABILITY = 1e-290

"The parameters of several chains, each in a lane of its own: start and transition probabilities, means and variances."
struct Chains
    π::Matrix{Float64}      # lane, state
    A::Array{Float64,3}     # lane, from, to
    μ::Matrix{Float64}      # lane, state
    σ²::Matrix{Float64}     # lane, state
end

Chains(lanes::Int, k::Int) = Chains(zeros(lanes, k), zeros(lanes, k, k), zeros(lanes, k), zeros(lanes, k))

lanes(chains::Chains) = size(chains.μ, 1)

"The parameters of one chain: start and transition probabilities, means and variances."
struct Chain
    π::Vector{Float64}
    A::Matrix{Float64}
    μ::Vector{Float64}
    σ²::Vector{Float64}
end

function put!(chains::Chains, lane::Int, chain::Chain)
    for i in 1:length(chain.μ)
        chains.π[lane, i], chains.μ[lane, i], chains.σ²[lane, i] = chain.π[i], chain.μ[i], chain.σ²[i]
        for j in 1:length(chain.μ)
            chains.A[lane, i, j] = chain.A[i, j]
        end
    end
end

function take(chains::Chains, lane::Int)
    k = size(chains.μ, 2)
    chain = Chain(zeros(k), zeros(k, k), zeros(k), zeros(k))
    for i in 1:k
        chain.π[i], chain.μ[i], chain.σ²[i] = chains.π[lane, i], chains.μ[lane, i], chains.σ²[lane, i]
        for j in 1:k
            chain.A[i, j] = chains.A[lane, i, j]
        end
    end
    return chain
end
