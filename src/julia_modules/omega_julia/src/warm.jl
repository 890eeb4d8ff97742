# Compiles everything behind the C entry by calling it, so that no caller pays for compilation.

"Rows for a first call: returns, or prices that follow from them."
function warming_rows(table)
    returns = [0.01 * sin(7.0i^2) * (1 + (i ÷ 32) % 2) for i in 1:128]
    return table == "returns" ? returns : 100 .* exp.(cumsum(returns))
end

"""
    warm()

Runs every function through the C entry, with dense, missing and chunked rows, and the paths of errors.
"""
function warm()
    for (number, f) in enumerate(FUNCTIONS)
        is_hidden(f.spec) || warm(f, number - 1)
    end
    for name in ("probe.identity", "probe.addresses")
        loopback(function_number(name), [0.0], [lend(warming_rows("returns"))])
    end
    loopback(function_number("probe.raise"), [1006.0, 0.0], Lent[])
    loopback(function_number("probe.throw"), [0.0], Lent[])
    loopback(function_number("probe.collect"), [0.0], Lent[])
    loopback(0, [0.0], Lent[])
    return nothing
end

function warm(f::OmegaFunction, number)
    x = warming_rows(f.spec.table)
    one_in_eight_missing = fill(0xfb, 16)
    columns = Int32[input.many ? 2 : 1 for input in f.spec.inputs]
    for nulls in POLICIES, chunks in ([lend(x)], [lend(x; validity = one_in_eight_missing)], [lend(x[1:50]), lend(x[51:128])])
        lent = Lent[chunk for _ in 1:sum(columns) for chunk in chunks]
        loopback(number, resolve(f.spec, nulls, f.quick), lent; columns = columns)
    end
end
