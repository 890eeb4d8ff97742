# A call of a function, from wherever it comes: what a body may ask of it.

"What a missing row does: it is left out, makes the whole answer missing, or is refused."
@enum Nulls SKIP PROPAGATE RAISE

"The words that callers write, in the order of their numbers."
const POLICIES = ["skip", "propagate", "raise"]

"""
One call of one function. A subtype promises

- `specification(call)`: the spec of the function that is called
- `parameter(call, i)`: the number of parameter `i`; after the last comes the policy for missing rows
- `rows(call)`: how many rows the input has
- `names_of(call, i)`: the names of the columns of input `i`, which is one name unless it takes many
- `column(call, i, j)`: column `j` of input `i`, a vector that may be read until the call ends; NaN means missing
- `output(call, i, lengths...)`: an array of those lengths to write output `i` into
"""
abstract type Call end

"The policy for missing rows."
nulls(call::Call) = Nulls(Int(parameter(call, length(specification(call).parameters) + 1)))

"""
A function that Omega offers: its specification, a body that reads a [`Call`](@ref) and writes its outputs, and the
parameters by which a first call, that is for the compiler alone, is short.

One type for all of them, so that a call through a number meets a single dynamic dispatch.
"""
struct OmegaFunction
    spec::FunctionSpec
    body::Any
    quick::Vector{Pair{String,Any}}
end

"Every function, in the order of its definition; the place in the list, from 0, is the number that callers use."
const FUNCTIONS = OmegaFunction[]

"Offers a function to all callers."
function offer(f::OmegaFunction)
    push!(FUNCTIONS, f)
    return f
end

function run(f::OmegaFunction, call::Call)
    f.body(call)
    return nothing
end

Base.show(io::IO, f::OmegaFunction) = print(io, f.spec.name, ": ", f.spec.summary)
