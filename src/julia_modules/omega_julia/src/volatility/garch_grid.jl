# Candidates for the parameters of a GARCH(1,1), for returns of unit variance.

"Candidates for (ω, α, β) on a grid of three axes, the first of which runs fastest; so many of its peaks are searched from."
struct Grid
    most::Int
    lengths::Vector{Int}
    ω::Vector{Float64}
    α::Vector{Float64}
    β::Vector{Float64}
end

"""
    grid(most, constants, persistences, shares, are_levels)

All combinations of a constant ω, or a level that the variance tends to; a persistence α + β; and α as a share of it.
"""
function grid(most::Int, constants::Vector{Float64}, persistences::Vector{Float64}, shares::Vector{Float64}, are_levels::Bool)
    ω, α, β = Float64[], Float64[], Float64[]
    for share in shares, persistence in persistences, constant in constants
        push!(ω, are_levels ? constant * (1 - persistence) : constant)
        push!(α, persistence * share)
        push!(β, persistence * (1 - share))
    end
    return Grid(most, [length(constants), length(persistences), length(shares)], ω, α, β)
end
