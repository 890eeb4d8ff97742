# What is published about the functions that the files before this one have offered.

"The specifications of all functions, as a JSON array in the order of their numbers."
const SPECS_JSON = json([f.spec for f in FUNCTIONS])

"The tables that this package was generated with, a line each: name, version, fingerprint."
const CONTRACT_FINGERPRINT = join(("$(t.name) $(t.version) $(t.fingerprint)" for t in TABLES), '\n')

"The number by which callers know a function."
function_number(name) = findfirst(f -> f.spec.name == name, FUNCTIONS) - 1
