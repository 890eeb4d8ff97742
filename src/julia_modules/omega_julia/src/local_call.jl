# Calling a function from Julia: `garch(returns; horizon = 5)`, checked against its specification as everywhere else.

"A call with Julia's own columns, some for each input; what it writes is kept."
struct LocalCall <: Call
    spec::FunctionSpec
    parameters::Vector{Float64}
    names::Vector{Vector{String}}
    columns::Vector{Vector{Vector{Float64}}}
    outputs::Vector{Any}
end

specification(call::LocalCall) = call.spec
parameter(call::LocalCall, i) = call.parameters[i]
rows(call::LocalCall) = isempty(call.columns) ? 0 : length(first(first(call.columns)))
names_of(call::LocalCall, i) = call.names[i]
column(call::LocalCall, i, j) = call.columns[i][j]
output(call::LocalCall, i, lengths...) = call.outputs[i] = Array{Float64}(undef, isempty(lengths) ? (1,) : lengths)

"""
    (f::OmegaFunction)(inputs...; nulls = :skip, parameters...)

The outputs of `f` as a named tuple: numbers, vectors, and matrices with one row per data row; counts as `Int`. An input is a vector; one of
many columns is a matrix with a row per data row, or a named tuple of vectors. A number stands for its value in every row.

`missing` and `NaN` both mean missing, and come back as `NaN`. Throws an [`OmegaException`](@ref).

```jldoctest
julia> returns = [sin(i^2) / 100 for i in 1:500];

julia> interval = Simulation.stationary_bootstrap(returns; cutoff = 0.1, seed = 7);

julia> interval.lower <= interval.value_at_risk <= interval.upper
true
```
"""
function (f::OmegaFunction)(inputs...; nulls = :skip, parameters...)
    spec = f.spec
    length(inputs) == length(spec.inputs) ||
        throw(invalid_shape("data", "$(length(spec.inputs)) inputs", length(inputs)))
    named = [named_columns(input, data) for (input, data) in zip(spec.inputs, inputs)]
    lengths = [length(column) for columns in named for (_, column) in columns if column isa AbstractVector]
    isempty(lengths) && throw(invalid_shape("data", "at least one column", "none"))
    for columns in named, (name, column) in columns
        column isa Number || length(column) == first(lengths) || throw(length_mismatch(name, first(lengths), length(column)))
    end
    numbers = resolve(spec, string(nulls), Pair{String,Any}[string(name) => value for (name, value) in parameters])
    data = [[floats(column, first(lengths)) for (_, column) in columns] for columns in named]
    call = LocalCall(spec, numbers, [String[name for (name, _) in columns] for columns in named], data,
                     Vector{Any}(undef, length(spec.outputs)))
    run(f, call)
    names = Tuple(Symbol(o.name) for o in spec.outputs)
    answers = Tuple(isempty(o.axes) ? typed(o, first(answer)) : answer for (o, answer) in zip(spec.outputs, call.outputs))
    return NamedTuple{names}(answers)
end

"A number of an answer in the type that its output has, which NaN is not: it stays what it is."
typed(output::Output, x::Float64) = isnan(x) ? x : output.type == "int64" ? Int(x) : output.type == "bool" ? x != 0 : x

"The columns of an input, each with its name."
function named_columns(input::Input, data)
    input.many || return [named_column(input.name, data)]
    data isa NamedTuple && return [named_column(string(name), column) for (name, column) in pairs(data)]
    data isa AbstractMatrix && return [named_column(string(j - 1), data[:, j]) for j in axes(data, 2)]
    throw(invalid_type(input.name, "a matrix, or a named tuple of vectors", typeof(data)))
end

named_column(name, column::Union{AbstractVector,Number}) = (name, column)
named_column(name, column) = throw(invalid_type(name, "a vector", typeof(column)))

floats(column::AbstractVector, _) = Float64[ismissing(x) ? NaN : x for x in column]
floats(value::Number, rows) = fill(Float64(value), rows)

"The numbers of a call, in the spec's order: its defaults with the caller's choices laid over them, then the policy."
function resolve(spec::FunctionSpec, nulls::String, given::Vector{Pair{String,Any}})
    numbers = Float64[number(p, p.default) for p in spec.parameters]
    for (name, value) in given
        i = findfirst(p -> p.name == name, spec.parameters)
        i === nothing && throw(not_a_parameter(spec, name))
        numbers[i] = number(spec.parameters[i], value)
    end
    policy = findfirst(==(nulls), POLICIES)
    policy === nothing && throw(parameter_out_of_range("nulls", "one of " * join(POLICIES, ", "), nulls))
    return push!(numbers, policy - 1)
end

"The number that stands for a value of a parameter."
function number(p::Parameter, value)
    if p.type == "choice"
        index = findfirst(==(string(value)), p.choices)
        index === nothing && throw(parameter_out_of_range(p.name, allowed(p), value))
        return Float64(index - 1)
    end
    value isa Real && (p.type == "float" || isinteger(value)) ||
        throw(invalid_type(p.name, p.type == "int" ? "a whole number" : "a number", value))
    x = Float64(value)
    inside = isfinite(x) && (p.exclusive ? p.minimum < x < p.maximum : p.minimum <= x <= p.maximum)
    return inside ? x : throw(parameter_out_of_range(p.name, allowed(p), value))
end

"What a parameter may be, in words."
function allowed(p::Parameter)
    p.type == "choice" && return "one of " * join(p.choices, ", ")
    bounds = [isinteger(x) && abs(x) < 1e15 ? string(Int(x)) : string(x) for x in (p.minimum, p.maximum)]
    return p.exclusive ? "above $(bounds[1]) and below $(bounds[2])" : "at least $(bounds[1]) and at most $(bounds[2])"
end

function not_a_parameter(spec, name)
    names = [p.name for p in spec.parameters]
    nearest = isempty(names) ? "none" : names[argmin([edits(name, other) for other in names])]
    return unknown_parameter(spec.name, name, nearest, isempty(names) ? "none" : join(names, ", "))
end

"How many letters to insert, drop or change to get from one word to another (Levenshtein's distance)."
function edits(from, to)
    previous = collect(0:length(to))
    for (i, a) in enumerate(from)
        current = [i]
        for (j, b) in enumerate(to)
            push!(current, min(current[j] + 1, previous[j + 1] + 1, previous[j] + (a != b)))
        end
        previous = current
    end
    return last(previous)
end
