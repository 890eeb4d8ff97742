# Hidden functions that prove the boundary: each does one thing that a test on the other side wants to see.

"The trivial kernel: what goes in comes out."
function identity_body(call)
    x = column(call, 1)
    copyto!(output(call, 1, length(x)), x)
end

"""
Where the first value of every array lies as Julia sees it, in halves of 32 bits that a float64 holds exactly.

A float64 array is wrapped first, so that the address is that of a vector's first element. Of other types it is the
buffer of values, or of characters.
"""
function addresses_body(call)
    found = UInt[address(call, i) for i in 1:array_count(call)]
    copyto!(output(call, 1, length(found)), Float64.(found .>> 32))
    copyto!(output(call, 2, length(found)), Float64.(found .& 0xffffffff))
end

"Throws the error of a number, its fields filled with their own names."
raise_body(call) = throw(example_error(Int(parameter(call, 1))))

throw_body(_) = error("this function always throws")

overflow_body(call) = output(call, 1)[1] = descend(0)

# Needs the value of the call inside it, so that no compiler turns the recursion into a loop.
descend(depth) = depth < 0 ? 0 : 1 + descend(depth + 1) * (depth & 1 + 1)

"Makes garbage, collects it, and says how much memory is still in use."
function collect_body(call)
    garbage = [Vector{Float64}(undef, 128) for _ in 1:1000]
    isempty(garbage) || empty!(garbage)
    GC.gc()
    output(call, 1)[1] = Base.gc_live_bytes()
end

contract_spec(name, summary; kind = "model", parameters = Parameter[], inputs = Input[], outputs = Output[], errors = String[]) =
    FunctionSpec("contract." * name, kind, summary; parameters = parameters, inputs = inputs, outputs = outputs, errors = errors)
