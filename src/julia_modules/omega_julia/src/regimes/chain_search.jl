# The search for the likeliest hidden Markov chain: from many places, then from variations of what was found.

"Iterations of a start's short run; trials in a round of them, and how many of the best they vary: more tops are found from several."
const SHORT_RUN, TRIALS, PARENTS = 12, 63, 16

"Iterations that show which trials of a round are worth more, how many those are, and the iterations that they get."
const GLANCE, WORTH_MORE, SECOND_RUN = 6, 32, 12

"How many of the best go on, for how many iterations each time; the last to their end."
const HEATS = ((8, 24), (4, 48), (2, typemax(Int)))

"How near in log-likelihood two ends of searches are the same top, and two short runs are on the same way."
const SAME_TOP, SAME_WAY = 1e-3, 1e-2

"A search under way: where it is, how high, after how many iterations, whether it has come to its end, for how many starts."
mutable struct Search
    chain::Chain
    height::Float64
    iterations::Int
    converged::Bool
    starts::Int
end

Search(chain::Chain, starts::Int) = Search(chain, -Inf, 0, false, starts)

"What all searches go through: the data, the prior, memory."
struct Climber
    y::Vector{Float64}
    prior::Float64
    passes::Vector{Passes}      # for each number of lanes that was needed
    states::Int
end

"Carries the searches from `from` to `to` on, side by side, by at most so many iterations."
function carry_on!(searches::Vector{Search}, from::Int, to::Int, climber::Climber, tolerance::Float64, iterations::Int)
    k, n = climber.states, length(climber.y)
    width = clamp(LANES_TIMES_NUMBERS ÷ (k * n), 1, LANES)
    while from <= to
        group = min(width, to - from + 1)
        chains = Chains(group, k)
        for lane in 1:group
            put!(chains, lane, searches[from + lane - 1].chain)
        end
        heights, took, converged = climb!(chains, memory!(climber, group), climber.y, climber.prior, tolerance, iterations)
        for lane in 1:group
            search = searches[from + lane - 1]
            search.chain, search.height = take(chains, lane), heights[lane]
            search.iterations += took
            search.converged = converged[lane]
        end
        from += group
    end
end

function memory!(climber::Climber, width::Int)
    for i in 1:length(climber.passes)
        length(climber.passes[i].ℓ) == width && return climber.passes[i]
    end
    passes = Passes(width, climber.states, length(climber.y))
    push!(climber.passes, passes)
    return passes
end

"Sorts from `from` on by insertion; equals keep their order."
function highest_first!(searches::Vector{Search}, from::Int)
    for i in from + 1:length(searches)
        search, place = searches[i], i
        while place > from && searches[place - 1].height < search.height
            searches[place] = searches[place - 1]
            place -= 1
        end
        searches[place] = search
    end
    return searches
end

"Of searches on the same way, highest first, one; it counts for the others."
function distinct!(searches::Vector{Search})
    kept = 0
    for i in 1:length(searches)
        search = searches[i]
        if kept == 0 || searches[kept].height - search.height > SAME_WAY
            kept += 1
            searches[kept] = search
        else
            searches[kept].starts += search.starts
        end
    end
    return resize!(searches, kept)
end

"Begins searches number `from` to `to` with a short run each."
function begun(from::Int, to::Int, climber::Climber, sorted::Vector{Float64}, rng::Xoshiro, iterations::Int)
    found = Search[]
    for s in from:to
        push!(found, Search(start(s, climber.states, climber.y, sorted, rng), 1))
    end
    carry_on!(found, 1, length(found), climber, -1.0, iterations)
    return found
end

"Varies the best of those found, and puts what comes of the trials among them."
function vary!(found::Vector{Search}, climber::Climber, sorted::Vector{Float64}, rng::Xoshiro, max_iterations::Int)
    trials = Search[]
    for i in 1:TRIALS
        push!(trials, Search(varied(found[min(1 + i % PARENTS, length(found))].chain, sorted, rng), 0))
    end
    push!(trials, found[1])
    carry_on!(trials, 1, length(trials), climber, -1.0, min(GLANCE, max_iterations))
    highest_first!(trials, 1)
    resize!(trials, WORTH_MORE)
    carry_on!(trials, 1, WORTH_MORE, climber, -1.0, min(SECOND_RUN, max_iterations))
    for i in 2:length(found)
        push!(trials, found[i])
    end
    return distinct!(highest_first!(trials, 1))
end

"""
The searches at their end, the highest first. Of the starts, three in four are the same for every seed. What they come to is
varied, round by round the best few found so far, by trials that are the same for every seed as well.
"""
function searches(y::Vector{Float64}, k::Int, seed::Int, restarts::Int, max_iterations::Int, tolerance::Float64, prior::Float64)
    sorted = ordered(y)
    climber = Climber(y, prior, Passes[], k)
    short = min(SHORT_RUN, max_iterations)
    fixed, every_seed = Xoshiro(2^53 + 1), restarts - restarts ÷ 4
    found = highest_first!(begun(1, every_seed, climber, sorted, fixed, short), 1)
    seeded = begun(every_seed + 1, restarts, climber, sorted, Xoshiro(seed), short)
    for _ in 1:(k > 1 ? min(5k ÷ 2, restarts - 1) : 0)
        found = vary!(found, climber, sorted, fixed, max_iterations)
    end
    for i in 1:length(seeded)
        push!(found, seeded[i])
    end
    distinct!(highest_first!(found, 1))
    for heat in 1:length(HEATS)
        most, iterations = min(HEATS[heat][1], length(found)), HEATS[heat][2]
        left = max_iterations
        for i in 1:most
            left = min(left, max_iterations - found[i].iterations)
        end
        left > 0 && carry_on!(found, 1, most, climber, tolerance, min(iterations, left))
        highest_first!(found, 1)
    end
    return resize!(found, min(HEATS[1][1], length(found)))
end
