# Every function that Julia offers, one line each; the place in the list, from 0, is the number that callers use.

const FUNCTIONS = OmegaFunction[
    Volatility.garch,
    Regimes.hidden_markov,
    Simulation.stationary_bootstrap,
    probe_identity,
    probe_addresses,
    probe_raise,
    probe_throw,
    probe_overflow,
    probe_collect,
    probe_echo,
]

"The specifications of all functions, as a JSON array in the order of their numbers."
const SPECS_JSON = json([f.spec for f in FUNCTIONS])

"The tables that this package was generated with, a line each: name, version, fingerprint."
const CONTRACT_FINGERPRINT = join(("$(t.name) $(t.version) $(t.fingerprint)" for t in TABLES), '\n')

"The number by which callers know a function."
function_number(name) = findfirst(f -> f.spec.name == name, FUNCTIONS) - 1
