# The search for the likeliest hidden Markov chain: from many places, then from variations of what was found.

"Iterations of a start's short run; trials in a round, and how many of the best they vary: from several, more tops are found."
const SHORT_RUN, TRIALS, PARENTS = 36, 63, 16

"How many of a round's trials go on, for how many iterations each time: most show soon that they lead nowhere."
const STEPS = ((64, 6), (32, 12), (16, 24))

"How many of the best go on in the end, for how many iterations each time; the last to their end."
const HEATS = ((16, 24), (8, typemax(Int)))

"A tolerance that no iteration meets: the search is to be carried on, in single precision, rather than to its end."
const ROUGHLY = -1.0

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
    passes::Vector{Passes}      # for each number of lanes and each precision that was needed
    states::Int
end

"Carries the first `most` searches on, side by side, by at most so many iterations."
function carry_on!(searches::Vector{Search}, most::Int, climber::Climber, tolerance::Float64, iterations::Int)
    k, n, single = climber.states, length(climber.y), tolerance == ROUGHLY
    width = clamp(LANES_TIMES_NUMBERS ÷ (k * n), 1, LANES)
    for before in 0:width:most - 1
        group = min(width, most - before)
        chains = Chains(min(width, whole_vectors(group, single)), k)
        for lane in 1:lanes(chains)
            put!(chains, lane, searches[before + min(lane, group)].chain)
        end
        passes = memory!(climber, lanes(chains), single)
        heights, took, converged = climb!(chains, passes, climber.y, climber.prior, tolerance, iterations)
        for lane in 1:group
            search = searches[before + lane]
            search.chain, search.height = take(chains, lane), heights[lane]
            search.iterations += took
            search.converged = converged[lane]
        end
    end
end

"So many lanes, or a few more, so that a processor computes all of them at once: eight cost less than two by themselves."
function whole_vectors(lanes::Int, single::Bool)
    at_once = single ? 16 : 8
    return lanes == 1 ? 1 : at_once * cld(lanes, at_once)
end

function memory!(climber::Climber, width::Int, single::Bool)
    for i in 1:length(climber.passes)
        passes = climber.passes[i]
        lanes(passes) == width && is_single(passes) == single && return passes
    end
    passes = Passes(width, climber.states, length(climber.y); single = single)
    push!(climber.passes, passes)
    return passes
end

"Sorts by insertion; equals keep their order."
function highest_first!(searches::Vector{Search})
    for i in 2:length(searches)
        search, place = searches[i], i
        while place > 1 && searches[place - 1].height < search.height
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
function begun(from::Int, to::Int, climber::Climber, sorted::Vector{Float64}, clusters::Chain, rng::Xoshiro, iterations::Int)
    found = Search[]
    for s in from:to
        push!(found, Search(start(s, climber.y, sorted, clusters, rng), 1))
    end
    carry_on!(found, length(found), climber, ROUGHLY, iterations)
    return highest_first!(found)
end

"Varies the best of those found, and puts what comes of the trials among them."
function vary!(found::Vector{Search}, climber::Climber, sorted::Vector{Float64}, rng::Xoshiro, max_iterations::Int)
    trials = Search[]
    for i in 1:TRIALS
        other = below!(rng, min(PARENTS, length(found))) + 1
        push!(trials, Search(varied(found[min(1 + i % PARENTS, length(found))].chain, found[other].chain, sorted, rng), 0))
    end
    push!(trials, found[1])
    for step in 1:length(STEPS)
        resize!(trials, STEPS[step][1])
        carry_on!(trials, length(trials), climber, ROUGHLY, min(STEPS[step][2], max_iterations))
        highest_first!(trials)
    end
    for i in 2:length(found)
        push!(trials, found[i])
    end
    return distinct!(highest_first!(trials))
end

"""
The searches at their end, the highest first. Of the starts, three in four are the same for every seed. What they come to is
varied, round by round the best few found so far, by trials that are the same for every seed as well.
"""
function searches(y::Vector{Float64}, k::Int, seed::Int, restarts::Int, max_iterations::Int, tolerance::Float64, prior::Float64)
    sorted, clusters = ordered(y), clustered(y, y, k)
    climber = Climber(y, prior, Passes[], k)
    short = min(SHORT_RUN, max_iterations)
    fixed, every_seed = Xoshiro(2^53 + 1), restarts - restarts ÷ 4
    found = begun(1, every_seed, climber, sorted, clusters, fixed, short)
    seeded = begun(every_seed + 1, restarts, climber, sorted, clusters, Xoshiro(seed), short)
    for _ in 1:(k > 1 ? min(2k + 1, restarts - 1) : 0)
        found = vary!(found, climber, sorted, fixed, max_iterations)
    end
    distinct!(highest_first!(append!(found, seeded)))
    for heat in 1:length(HEATS)
        resize!(found, min(HEATS[heat][1], length(found)))     # a rough height is not to be compared with one at an end
        left = max_iterations
        for i in 1:length(found)
            left = min(left, max_iterations - found[i].iterations)
        end
        rough = heat < length(HEATS)
        left > 0 && carry_on!(found, length(found), climber, rough ? ROUGHLY : tolerance, min(HEATS[heat][2], left))
        highest_first!(found)
    end
    return found
end
