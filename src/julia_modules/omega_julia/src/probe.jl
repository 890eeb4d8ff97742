# Hidden functions that prove the boundary: each does one thing that a test on the other side wants to see.

"Whether only tests and benchmarks call a function."
is_hidden(spec::FunctionSpec) = startswith(spec.name, "probe.")

probe_function(body, name, summary; kind = "model", details...) =
    offer(OmegaFunction(FunctionSpec("probe." * name, kind, summary; details...), body, Pair{String,Any}[]))

"The trivial kernel: what goes in comes out."
function copy_values(call)
    values = column(call, 1, 1)
    copyto!(output(call, 1, length(values)), values)
end

probe_function(
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

probe_function(
    find_addresses, "addresses", "Where the values of every array lie in memory.";
    outputs = [Output("high", ["array"], "", "The upper 32 bits."), Output("low", ["array"], "", "The lower 32 bits.")])

probe_function(
    call -> throw(example_error(Int(parameter(call, 1)))), "raise", "Nothing: it raises an error of the error table.";
    parameters = [int_parameter("number", 1001, 0, 2^31 - 1, "", "Which error.")])

probe_function(
    _ -> error("this function always throws"), "throw", "Nothing: it throws a Julia exception."; errors = ["JULIA_EXCEPTION"])

# Needs the value of the call inside it, so that no compiler turns the recursion into a loop.
descend(depth) = depth < 0 ? 0 : 1 + descend(depth + 1) * (depth & 1 + 1)

probe_function(
    call -> output(call, 1)[1] = descend(0), "overflow", "Nothing: it recurses for ever.";
    outputs = [Output("depth", String[], "", "Never written.")], errors = ["JULIA_STACK_OVERFLOW"])

"Makes garbage, collects it, and says how much memory is still in use."
function collect_garbage(call)
    garbage = [Vector{Float64}(undef, 128) for _ in 1:1000]
    empty!(garbage)
    GC.gc()
    output(call, 1)[1] = Base.gc_live_bytes()
end

probe_function(
    collect_garbage, "collect", "The memory in use after collecting garbage.";
    outputs = [Output("live_bytes", String[], "", "Bytes that Julia still holds.")])

probe_function(
    echo_body, "echo", "Columns of any type of the contracts, read into Julia's values and written out again.")

"Outputs along every axis that an input of many columns has."
const COLUMNS = FunctionSpec(
    "probe.columns", "model", "Many columns as they came in.";
    inputs = [Input("market", "One column."), Input("returns", "Any number of columns."; many = true)],
    parameters = [int_parameter("horizon", 2, 1, 100, "rows", "How long the path is.")],
    outputs = [
        Output("market", ["row"], "", "The one column."), Output("values", ["row", "asset"], "", "The many."),
        Output("sums", ["asset"], "", "The sum of each."), Output("places", ["asset", "asset"], "", "Ten times the row, and the column."),
        Output("path", ["asset", "horizon"], "", "Each sum again and again."),
    ])

model(COLUMNS) do market, returns, p
    x = returns.values
    n, k = size(x)
    sums = [sum(x[:, j]) for j in 1:k]
    return (market = market, values = x, sums = sums, places = [10.0i + j for i in 1:k, j in 1:k],
            path = [sums[j] for j in 1:k, _ in 1:p.horizon])
end
