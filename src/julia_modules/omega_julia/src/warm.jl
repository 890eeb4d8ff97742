# Compiles everything behind the C entry by calling it, so that no caller pays for compilation.

"""
    warm()

Runs every function through the C entry, with dense, missing and chunked rows, and the paths of errors.
"""
function warm()
    returns = [0.01 * sin(7.0i^2) * (1 + (i ÷ 32) % 2) for i in 1:128]
    one_in_eight_missing = fill(0xfb, 16)
    inputs = ([lend(returns)], [lend(returns; validity = one_in_eight_missing)], [lend(returns[1:50]), lend(returns[51:128])])
    for nulls in POLICIES, lent in inputs
        garch = native_parameters("volatility.garch", nulls, "horizon" => 2)
        loopback(function_number("volatility.garch"), garch, lent)
        hidden_markov = native_parameters("regimes.hidden_markov", nulls, "restarts" => 3, "tolerance" => 1.0)
        loopback(function_number("regimes.hidden_markov"), hidden_markov, lent)
        bootstrap = native_parameters("simulation.stationary_bootstrap", nulls, "replications" => 10)
        loopback(function_number("simulation.stationary_bootstrap"), bootstrap, lent)
    end
    for lent in inputs
        loopback(function_number("probe.identity"), [0.0], lent)
        loopback(function_number("probe.addresses"), [0.0], lent)
    end
    loopback(function_number("probe.raise"), [1006.0, 0.0], Lent[])
    loopback(function_number("probe.throw"), [0.0], Lent[])
    loopback(function_number("probe.collect"), [0.0], Lent[])
    loopback(0, [0.0], Lent[])
    return nothing
end
