# What models share: the policy for missing rows, the limits on values, and the way answers are written.

"Squares of what lies between, and sums and quotients of them, neither overflow nor vanish."
const SMALLEST_VALUE, LARGEST_VALUE = 1e-100, 1e100

"A number as Python and Rust show it."
shown(x) = isnan(x) ? "nan" : isinf(x) ? (x > 0 ? "inf" : "-inf") : string(x)

"""
    Model(fit)

The body of a function of one column: `fit(x, parameters)` takes the present rows and the numbers of the spec, and
returns the outputs in the spec's order. Outputs along `row` have one entry per present row; missing rows become NaN.
"""
struct Model
    fit::Function
end

function (model::Model)(call::Call)
    x, present = present_rows(column(call, 1), specification(call).inputs[1].name, nulls(call))
    x === nothing && return write_missing(call)
    parameters = Float64[parameter(call, i) for i in 1:length(specification(call).parameters)]
    answers = model.fit(x, parameters)
    for i in 1:length(answers)
        write_answer(call, i, answers[i], present)
    end
end

"""
    present_rows(column, name, nulls)

The present values, and which rows they are (`nothing` where all are). The values are `nothing` if a missing row makes
the whole answer missing.

A dense vector comes back itself. A model walks its data hundreds of times, so what lies in chunks or between missing
rows is gathered once.
"""
function present_rows(column::AbstractVector{Float64}, name, nulls::Nulls)
    missing_rows = count_missing(column, name, nulls)
    missing_rows == 0 && return dense(column), nothing
    nulls == PROPAGATE && return nothing, nothing
    present = Vector{Int}(undef, length(column) - missing_rows)
    x = Vector{Float64}(undef, length(present))
    kept = 0
    for (row, value) in enumerate(column)
        isnan(value) && continue
        kept += 1
        x[kept] = value
        present[kept] = row
    end
    return x, present
end

dense(column::Vector{Float64}) = column
dense(column::AbstractVector{Float64}) = copyto!(Vector{Float64}(undef, length(column)), column)

"How many rows are missing; refuses infinities, giants and dwarfs, and missing rows where `nulls` says so."
function count_missing(column, name, nulls)
    missing_rows = 0
    for (row, value) in enumerate(column)
        if isnan(value)
            nulls == RAISE && throw(missing_value(name, row - 1, "nulls=\"raise\""))
            missing_rows += 1
        elseif !(SMALLEST_VALUE <= abs(value) <= LARGEST_VALUE || value == 0)
            throw(invalid_value(name, "0, or from 1e-100 to 1e100 in magnitude", shown(value), row - 1))
        end
    end
    return missing_rows
end

write_answer(call, i, answer::Float64, _) = (output(call, i)[1] = answer; nothing)

function write_answer(call, i, answer::VecOrMat{Float64}, present)
    if present === nothing || first(specification(call).outputs[i].axes) != "row"
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

"How many values run along an axis: the rows, or the parameter of the axis's name or its plural."
function axis_length(call, axis)
    axis == "row" && return rows(call)
    i = findfirst(p -> p.name == axis || p.name == axis * "s", specification(call).parameters)
    return Int(parameter(call, i))
end
