# Every function that Julia offers, one line each; the place in the list is the number that callers use.

const FUNCTIONS = OmegaFunction[
    Volatility.garch,
    Regimes.hidden_markov,
    Simulation.stationary_bootstrap,
    OmegaFunction(contract_spec("identity", "The values that went in."; kind = "rowwise", inputs = [Input("value", "Any numbers.")], outputs = [Output("value", ["row"], "", "The same numbers.")]), identity_body),
    OmegaFunction(contract_spec("addresses", "Where the values of every array lie in memory."; outputs = [Output("high", ["array"], "", "The upper 32 bits."), Output("low", ["array"], "", "The lower 32 bits.")]), addresses_body),
    OmegaFunction(contract_spec("raise", "Nothing: it raises an error of the error table."; parameters = [int_parameter("number", 1001, 0, 2^31 - 1, "", "Which error.")]), raise_body),
    OmegaFunction(contract_spec("throw", "Nothing: it throws a Julia exception."; errors = ["JULIA_EXCEPTION"]), throw_body),
    OmegaFunction(contract_spec("overflow", "Nothing: it recurses for ever."; outputs = [Output("depth", String[], "", "Never written.")], errors = ["JULIA_STACK_OVERFLOW"]), overflow_body),
    OmegaFunction(contract_spec("collect", "The memory in use after collecting garbage."; outputs = [Output("live_bytes", String[], "bytes", "What Julia still holds.")]), collect_body),
    OmegaFunction(contract_spec("echo", "The columns that went in, whatever their types, read into Julia values and written back."), echo_body),
]

"The specifications of all functions, as a JSON array in the order of their numbers."
const SPECS_JSON = json([f.spec for f in FUNCTIONS])

"Changes whenever the contracts that this package was built against do."
const CONTRACT_FINGERPRINT = string(hash(SPECS_JSON); base = 16)

"The number by which callers know a function, from 0."
function_number(name) = findfirst(f -> f.spec.name == name, FUNCTIONS) - 1
