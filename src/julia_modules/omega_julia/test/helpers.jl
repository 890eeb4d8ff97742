# What several topics test with.

using OmegaJulia: Lent, Xoshiro, function_number, lend, loopback, native_parameters, uniform!

"The error that `f` throws."
function failure(f)
    try
        f()
    catch e
        return e
    end
    return nothing
end

"The name of the error that `f` throws."
failure_name(f) = (e = failure(f); e isa OmegaException ? error_name(e.code) : string(typeof(e)))

"The value of a field of an error."
field(e::OmegaException, name) = Dict(e.fields)[name]

"A normal random number, by the polar method of Marsaglia."
function normal!(rng)
    while true
        u, v = 2uniform!(rng) - 1, 2uniform!(rng) - 1
        s = u^2 + v^2
        0 < s < 1 && return u * sqrt(-2log(s) / s)
    end
end

"Returns of a GARCH(1,1) process."
function garch_returns(n; mu = 0.0, omega = 0.05, alpha = 0.08, beta = 0.9, seed = 1)
    rng = Xoshiro(seed)
    variance = omega / (1 - alpha - beta)
    return map(1:n) do _
        surprise = sqrt(variance) * normal!(rng)
        variance = omega + alpha * surprise^2 + beta * variance
        mu + surprise
    end
end

const VECTORS = normpath(joinpath(@__DIR__, "..", "..", "..", "..", "tests", "vectors"))

"Reference values of one output: the numbers, and where they stand in the whole answer, matrices row by row."
struct Reference
    places::Vector{Int}
    values::Vector{Float64}
end

"The numbers of an answer that a reference has."
(r::Reference)(answer::Number) = [answer]
(r::Reference)(answer::AbstractVector) = answer[r.places]
(r::Reference)(answer::AbstractMatrix) = vec(permutedims(answer))[r.places]

Base.only(r::Reference) = only(r.values)

"""
The cases of a file of reference values: parameters, the returns that go in, and the reference of each output. The returns are a
vector, or a matrix where the file names several columns that go in.
"""
function reference_cases(path)
    lines = readlines(joinpath(VECTORS, path))
    several = filter(line -> occursin(r"^# column: returns is .*\+", line), lines)
    read = isempty(several) ? "returns" : split(split(only(several))[end], '+')
    cases = Tuple{Dict{String,String},VecOrMat{Float64},Dict{String,Reference}}[]
    for line in lines
        described = match(r"^# case \d+: (\w+)\[:(\d+)\](.*)$", line)
        if described !== nothing
            parameters = Dict(map(pair -> Pair(split(pair, '=')...), split(described[3])))
            push!(cases, (parameters, reference_data(described[1], parse(Int, described[2]), read), Dict()))
        elseif occursin(r"^\d", line)
            case, name, place, value = split(line, ',')
            reference = get!(() -> Reference([], []), cases[parse(Int, case) + 1][3], name)
            push!(reference.places, parse(Int, place) + 1)
            push!(reference.values, isempty(value) ? NaN : parse(Float64, value))
        end
    end
    return cases
end

"The first rows of a column of a file of input rows, or of several columns side by side."
function reference_data(name, rows, column::AbstractString)
    lines = readlines(joinpath(VECTORS, "data", "$name.csv"))
    place = findfirst(==(column), split(lines[1], ','))
    return [parse(Float64, split(line, ',')[place]) for line in lines[2:rows + 1]]
end
reference_data(name, rows, columns) = reduce(hcat, [reference_data(name, rows, column) for column in columns])
