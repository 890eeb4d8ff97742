# What models share: parameters by name, the policy for missing rows, the limits on values, and the way answers are written.

"Squares of what lies between, and sums and quotients of them, neither overflow nor vanish."
const SMALLEST_VALUE, LARGEST_VALUE = 1e-100, 1e100

"A number as Python and Rust show it."
shown(x) = isnan(x) ? "nan" : isinf(x) ? (x > 0 ? "inf" : "-inf") : string(x)

"""
The body of a model: `fit(inputs..., p)`, and the type of the named tuple `p` that its parameters come in. The type is made
once, when the model is defined, so that `fit` is compiled once and knows each parameter's type.
"""
struct Model
    fit::Function
    parameters::DataType
end

"The present rows of an input of many columns: `values[row, column]`, and the columns' names."
struct Columns
    values::Matrix{Float64}
    names::Vector{String}
end

"""
    model(fit, spec; quick...)

Offers a model. `fit(inputs..., p)` gets the present rows of each input, a vector or for many columns [`Columns`](@ref), and
the parameters by their names: whole numbers as `Int`, a choice as a `Symbol`. It returns the outputs by their names: a count
as an `Int`, and NaN for a number that there is not. Those along `row` have one entry per present row, and missing rows become
NaN.

`quick` are parameters by which a fit is short: with them the package compiles the model when it starts.
"""
model(fit, spec::FunctionSpec; quick...) =
    offer(OmegaFunction(spec, Model(fit, parameters_type(spec)), Pair{String,Any}[string(name) => value for (name, value) in quick]))

"The named tuple that the parameters of a function come in."
parameters_type(spec::FunctionSpec) =
    NamedTuple{Tuple(Symbol(p.name) for p in spec.parameters),Tuple{(parameter_type(p) for p in spec.parameters)...}}

parameter_type(p::Parameter) = p.type == "int" ? Int : p.type == "choice" ? Symbol : p.type == "bool" ? Bool : Float64

"The number of a parameter as its author reads it."
function parameter_value(p::Parameter, number::Float64)
    p.type == "choice" && return Symbol(p.choices[Int(number) + 1])
    return p.type == "int" ? Int(number) : p.type == "bool" ? number != 0 : number
end

function (model::Model)(call::Call)
    spec = specification(call)
    present = present_rows(call)
    present === nothing && return write_missing(call)
    inputs = Any[present_values(call, i, present) for i in eachindex(spec.inputs)]
    p = model.parameters(Tuple(Any[parameter_value(spec.parameters[i], parameter(call, i)) for i in eachindex(spec.parameters)]))
    answers = model.fit(inputs..., p)
    for i in 1:length(spec.outputs)
        write_answer(call, i, getfield(answers, Symbol(spec.outputs[i].name)), present)
    end
end

"""
    present_rows(call)

The rows in which no column is missing: their numbers, or `:` for all. `nothing` where a missing row makes the whole answer
missing. Every value is looked at, and one that no model can take is refused by its column and row.
"""
function present_rows(call::Call)
    policy = nulls(call)
    absent = BitVector()
    for i in eachindex(specification(call).inputs)
        names = names_of(call, i)
        for j in eachindex(names)
            mark_missing!(absent, column(call, i, j), names[j], policy)
        end
    end
    isempty(absent) && return Colon()
    return policy == PROPAGATE ? nothing : findall(!, absent)
end

"Marks the rows that are missing, if any is; refuses infinities, giants and dwarfs, and missing rows where the policy says so."
function mark_missing!(absent::BitVector, column::AbstractVector{Float64}, name, policy)
    for (row, value) in enumerate(column)
        if isnan(value)
            policy == RAISE && throw(missing_value(name, row - 1, "nulls=\"raise\""))
            isempty(absent) && fill!(resize!(absent, length(column)), false)
            absent[row] = true
        elseif !(SMALLEST_VALUE <= abs(value) <= LARGEST_VALUE || value == 0)
            throw(invalid_value(name, "0, or from 1e-100 to 1e100 in magnitude", shown(value), row - 1))
        end
    end
end

"""
What `fit` gets of an input. A dense vector of which all rows are present is the caller's own. A model walks its data hundreds
of times, so what lies in chunks or between missing rows is gathered once.
"""
function present_values(call::Call, i, present)
    specification(call).inputs[i].many || return gathered(column(call, i, 1), present)
    names = names_of(call, i)
    values = Matrix{Float64}(undef, present isa Colon ? rows(call) : length(present), length(names))
    for j in eachindex(names)
        gather!(view(values, :, j), column(call, i, j), present)
    end
    return Columns(values, names)
end

gathered(column::Vector{Float64}, ::Colon) = column
gathered(column, present) = gather!(Vector{Float64}(undef, present isa Colon ? length(column) : length(present)), column, present)

gather!(target, column::AbstractVector{Float64}, ::Colon) = copyto!(target, column)

function gather!(target, column::AbstractVector{Float64}, present::Vector{Int})
    kept = 1
    for (row, value) in enumerate(column)
        kept <= length(present) && present[kept] == row || continue
        target[kept] = value
        kept += 1
    end
    return target
end

write_answer(call, i, answer::Real, _) = (output(call, i)[1] = answer; nothing)

function write_answer(call, i, answer::VecOrMat{Float64}, present)
    if present isa Colon || first(specification(call).outputs[i].axes) != "row"
        copyto!(output(call, i, size(answer)...), answer)
    else
        spread!(output(call, i, rows(call), Base.tail(size(answer))...), answer, present)
    end
    return nothing
end

"Lays the rows of `answer` on the rows `present` of `target`; the others become NaN."
function spread!(target, answer, present)
    fill!(target, NaN)
    for column in axes(answer, 2), (i, row) in enumerate(present)
        target[row, column] = answer[i, column]
    end
end

"Every output NaN, each in the shape it would have had."
function write_missing(call)
    spec = specification(call)
    for i in eachindex(spec.outputs)
        lengths = Int[axis_length(call, axis) for axis in spec.outputs[i].axes]
        target = length(lengths) == 0 ? output(call, i) :
                 length(lengths) == 1 ? output(call, i, lengths[1]) : output(call, i, lengths[1], lengths[2])
        fill!(target, NaN)
    end
end

"How many values run along an axis: the rows, the columns of the input that takes many, or what the parameter says."
function axis_length(call, axis)
    spec = specification(call)
    axis == "row" && return rows(call)
    axis == "asset" && return length(names_of(call, findfirst(input -> input.many, spec.inputs)))
    return Int(parameter(call, findfirst(p -> p.name == axis, spec.parameters)))
end
