# Compiles everything behind the C entry by calling it, so that no caller pays for compilation.

"""
    warm()

Runs every function through the C entry, with dense, missing and chunked rows, and the paths of errors.
"""
function warm()
    returns = [0.01 * sin(7.0i^2) * (1 + (i ÷ 32) % 2) for i in 1:128]
    missing_third = fill(0xfb, 16)
    inputs = ([lend(returns)], [lend(returns; validity = missing_third)], [lend(returns[1:50]), lend(returns[51:128])])
    quick = Dict("volatility.garch" => (horizon = 2,), "regimes.hidden_markov" => (restarts = 1, tolerance = 1.0),
                 "simulation.stationary_bootstrap" => (replications = 10,))
    for (name, parameters) in quick, lent in inputs, nulls in (:skip, :propagate, :raise)
        loopback(function_number(name), native_parameters(name; nulls = nulls, parameters...), lent)
    end
    for lent in inputs
        loopback(function_number("contract.identity"), [0.0], lent)
        loopback(function_number("contract.addresses"), [0.0], lent)
    end
    loopback(function_number("contract.raise"), [1006.0, 0.0], Lent[])
    loopback(function_number("contract.throw"), [0.0], Lent[])
    loopback(function_number("contract.collect"), [0.0], Lent[])
    loopback(0, [0.0], Lent[])
    return nothing
end
