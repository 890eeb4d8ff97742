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

"The cases of a file of reference values: parameters, and each column by name."
function reference_cases(path)
    lines = readlines(joinpath(VECTORS, path))
    parameters = Dict{Int,Dict{String,String}}()
    columns = Dict{Int,Dict{String,Vector{Float64}}}()
    for line in lines
        described = match(r"^# case (\d+): (.*)$", line)
        if described !== nothing
            parameters[parse(Int, described[1])] = Dict(split(pair, '=')[1] => split(pair, '=')[2] for pair in split(described[2]))
        elseif occursin(r"^\d", line)
            case, name, _, value = split(line, ',')
            values = get!(get!(columns, parse(Int, case), Dict()), name, Float64[])
            push!(values, isempty(value) ? NaN : parse(Float64, value))
        end
    end
    return [(parameters[case], columns[case]) for case in sort!(collect(keys(columns)))]
end
