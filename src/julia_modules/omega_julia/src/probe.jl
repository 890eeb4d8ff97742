# Hidden functions that prove the boundary: each does one thing that a test on the other side wants to see.

probe_function(body, name, summary; kind = "model", details...) =
    OmegaFunction(FunctionSpec("probe." * name, kind, summary; details...), body)

"The trivial kernel: what goes in comes out."
function copy_values(call)
    values = column(call, 1)
    copyto!(output(call, 1, length(values)), values)
end

const probe_identity = probe_function(
    copy_values, "identity", "The values that went in."; kind = "rowwise",
    inputs = [Input("value", "Any numbers.")], outputs = [Output("value", ["row"], "", "The same numbers.")])

"""
Where the first value of every array lies as Julia sees it, in halves of 32 bits that a float64 holds exactly.

A float64 array is wrapped first, so that the address is that of a vector's first element. Of other types it is that of the
buffer of values, or of characters.
"""
function find_addresses(call)
    found = UInt[address(call, i) for i in 1:array_count(call)]
    copyto!(output(call, 1, length(found)), [Float64(a >> 32) for a in found])
    copyto!(output(call, 2, length(found)), [Float64(a & 0xffffffff) for a in found])
end

const probe_addresses = probe_function(
    find_addresses, "addresses", "Where the values of every array lie in memory.";
    outputs = [Output("high", ["array"], "", "The upper 32 bits."), Output("low", ["array"], "", "The lower 32 bits.")])

const probe_raise = probe_function(
    call -> throw(example_error(Int(parameter(call, 1)))), "raise", "Nothing: it raises an error of the error table.";
    parameters = [int_parameter("number", 1001, 0, 2^31 - 1, "", "Which error.")])

const probe_throw = probe_function(
    _ -> error("this function always throws"), "throw", "Nothing: it throws a Julia exception."; errors = ["JULIA_EXCEPTION"])

# Needs the value of the call inside it, so that no compiler turns the recursion into a loop.
descend(depth) = depth < 0 ? 0 : 1 + descend(depth + 1) * (depth & 1 + 1)

const probe_overflow = probe_function(
    call -> output(call, 1)[1] = descend(0), "overflow", "Nothing: it recurses for ever.";
    outputs = [Output("depth", String[], "", "Never written.")], errors = ["JULIA_STACK_OVERFLOW"])

"Makes garbage, collects it, and says how much memory is still in use."
function collect_garbage(call)
    garbage = [Vector{Float64}(undef, 128) for _ in 1:1000]
    empty!(garbage)
    GC.gc()
    output(call, 1)[1] = Base.gc_live_bytes()
end

const probe_collect = probe_function(
    collect_garbage, "collect", "The memory in use after collecting garbage.";
    outputs = [Output("live_bytes", String[], "bytes", "What Julia still holds.")])

const probe_echo = probe_function(
    echo_body, "echo", "Columns of any type of the contracts, read into Julia's values and written out again.")
