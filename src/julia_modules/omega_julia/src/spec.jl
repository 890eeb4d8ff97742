# What there is to know about a function, as data: the shape that Rust, Python and Julia share, and its JSON.

"""
One column that a function reads; where there are `many`, any number of columns, such as one for each asset.

Its `role` is a `series`, in whose place any other makes sense, or a `column` of the table and no other. `column` is the
one that is read when the caller names no other; `nothing` for a series that no table has.
"""
struct Input
    name::String
    type::String
    summary::String
    role::String
    column::Union{String,Nothing}
    many::Bool
end

"One number that a caller may choose; `choices` travel by index, counted from 0."
struct Parameter
    name::String
    type::String
    default::Union{Bool,Int,Float64,String}
    minimum::Union{Float64,Nothing}
    maximum::Union{Float64,Nothing}
    exclusive::Bool
    less_than::Union{String,Nothing}
    choices::Vector{String}
    unit::String
    summary::String
end

"""
One column, number or table that a function returns.

`axes` say what its values run along: nothing for one number, `row` for as many values as the input has rows, `asset`
for one value for each column of the input of many columns, and otherwise the name of a parameter that says how many.
`unit` is one of the words that Rust's `omega_contract::spec::Unit` defines, which refuses others; empty for a number of
which nothing more is known. `undefined` outputs may be missing by their nature. A model's `role` says where an output stands in
the summary of a fit: an `estimate`; its `standard_error`, or the `lower` or `upper` end of its interval, `of` that estimate; a
number about the `fit` as a whole, such as its likelihood; or about the `search` that found it. `nothing` for what no summary
shows, such as a value per row.
"""
struct Output
    name::String
    type::String
    axes::Vector{String}
    unit::String
    undefined::Bool
    role::Union{String,Nothing}
    of::Union{String,Nothing}
    summary::String
end

"""
Everything there is to know about a function without calling it.

A call carries a number for each of `parameters`, in this order, and one more after the last: the policy for missing rows
(`nulls`), which every function has and no specification lists.
"""
struct FunctionSpec
    name::String
    group::String
    language::String
    version::String
    kind::String
    memory::String
    summary::String
    description::String
    references::Vector{String}
    table::String
    inputs::Vector{Input}
    parameters::Vector{Parameter}
    outputs::Vector{Output}
    warm_up::String
    errors::Vector{String}
end

"A Julia function, with what comes back in one sentence."
FunctionSpec(name, kind, summary; group = "", version = "1.0.0", description = "", references = String[], table = "returns",
             inputs = Input[], parameters = Parameter[], outputs = Output[], errors = String[]) =
    FunctionSpec(name, group, "julia", version, kind, "whole", summary, join(split(description), " "), references, table, inputs, parameters,
                 outputs, "", errors)

"A float64 series, or any number of them, that no table has."
Input(name, summary; many = false) = Input(name, "float64", summary, "series", nothing, many)

"A series, or any number of them: a column of the table where the caller names no other, with the meaning that the table gives it."
series(table, column; many = false) = described(table, column, "series", many)

"A column of the table that nothing else can stand for."
reads(table, column) = described(table, column, "column", false)

function described(table, column, role, many)
    fields = table_schema(table).fields
    field = fields[findfirst(field -> field.name == column, fields)]
    return Input(field.name, field.type, field.summary, role, field.name, many)
end

"A whole number from `minimum` to `maximum`."
int_parameter(name, default, minimum, maximum, unit, summary) =
    Parameter(name, "int", default, minimum, maximum, false, nothing, String[], unit, summary)

"A finite number from `minimum` to `maximum`; both are refused if `exclusive`."
float_parameter(name, default, minimum, maximum, unit, summary; exclusive = false) =
    Parameter(name, "float", default, minimum, maximum, exclusive, nothing, String[], unit, summary)

"One of a few words, the first by default."
choice_parameter(name, choices, summary) =
    Parameter(name, "choice", first(choices), nothing, nothing, false, nothing, choices, "", summary)

"A float64 output, that no summary shows."
Output(name, axes, unit, summary; undefined = false) = Output(name, "float64", axes, unit, undefined, nothing, nothing, summary)

"What a model estimates: one number, or one for each place along the axes."
estimate(name, axes, unit, summary; undefined = false) = Output(name, "float64", axes, unit, undefined, "estimate", nothing, summary)

"How sure an estimate is: its `standard_error`, or the `lower` or `upper` end of an interval; named after it, unless `name` is given."
uncertainty(role, of, unit, summary; name = of * "_" * role) = Output(name, "float64", String[], unit, false, role, of, summary)

"A number about a fit as a whole; of type `int64` for a count and `bool` for what is so or not."
about_fit(name, unit, summary; type = "float64", undefined = false) = Output(name, type, String[], unit, undefined, "fit", nothing, summary)

"A number about the search that found a fit; of type `int64` for a count."
about_search(name, summary; type = "float64", undefined = false) = Output(name, type, String[], "", undefined, "search", nothing, summary)

"""
    json(value)

The value as compact JSON, its struct fields in order of declaration.

```jldoctest
julia> OmegaJulia.json(OmegaJulia.Input("returns", "of one period"))
"{\\"name\\":\\"returns\\",\\"type\\":\\"float64\\",\\"summary\\":\\"of one period\\",\\"role\\":\\"series\\",\\"column\\":null,\\"many\\":false}"
```
"""
json(value) = sprint(write_json, value)

write_json(io::IO, ::Nothing) = print(io, "null")
write_json(io::IO, value::Union{Bool,Integer}) = print(io, value)

function write_json(io::IO, value::Float64)
    isfinite(value) || throw(ArgumentError("JSON has no number for `$value`"))
    print(io, value)    # always with a point or an exponent, so that 252.0 stays a float
end

function write_json(io::IO, text::AbstractString)
    print(io, '"')
    for c in text
        if c == '"' || c == '\\'
            print(io, '\\', c)
        elseif c < ' '
            print(io, "\\u", string(UInt32(c); base = 16, pad = 4))
        else
            print(io, c)
        end
    end
    print(io, '"')
end

function write_json(io::IO, values::AbstractVector)
    print(io, '[')
    for (i, value) in enumerate(values)
        i == 1 || print(io, ',')
        write_json(io, value)
    end
    print(io, ']')
end

function write_json(io::IO, value::T) where {T}
    print(io, '{')
    for i in 1:fieldcount(T)
        i == 1 || print(io, ',')
        write_json(io, string(fieldname(T, i)))
        print(io, ':')
        write_json(io, getfield(value, i))
    end
    print(io, '}')
end
