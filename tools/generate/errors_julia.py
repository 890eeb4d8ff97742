"""Error codes and constructors in Julia."""

from tools.generate.error_table import SOURCE, Code, load
from tools.generate.files import Files, header

TARGET = "src/julia_modules/omega_julia/src/generated/errors.jl"


def generate() -> Files:
    """`OmegaException`, the table behind it, and one constructor per code."""
    codes = load()
    rows = "\n".join(
        f"    Int32({code.number}) => ({_text(code.name)}, {_text(code.message)})," for code in codes
    )
    text = f"""# {header(SOURCE)}

"Number to name and message template of every error, equal in Python, Rust and Julia."
const ERROR_CODES = Dict{{Int32,Tuple{{String,String}}}}(
{rows}
)

\"\"\"
    OmegaException(code, fields)

What went wrong: a number of the error table and the named values of its message.

Made by the lower-case functions below, one per code, which return it: `throw(missing_column(name, has))`.
\"\"\"
struct OmegaException <: Exception
    code::Int32
    fields::Vector{{Pair{{String,String}}}}
end

"The name of an error, as in `MISSING_COLUMN`; `UNKNOWN` for a number that is not in the table."
error_name(code) = first(get(ERROR_CODES, Int32(code), ("UNKNOWN", "")))

"The message of an error, its fields filled in."
function error_message(e::OmegaException)
    template = last(get(ERROR_CODES, e.code, ("UNKNOWN", "")))
    values = Dict(e.fields)
    filled(field) = get(values, String(chop(field; head = 1, tail = 1)), "?")
    # What stands in brackets is left out where a field in it is empty.
    is_empty(m) = isempty(get(values, String(m.captures[1]), "?"))
    optional(part) = any(is_empty, eachmatch(r"\\{{(\\w+)\\}}", part)) ? "" : chop(part; head = 1, tail = 1)
    return replace(replace(template, r"\\[[^\\]]*\\]" => optional), r"\\{{\\w+\\}}" => filled)
end

Base.showerror(io::IO, e::OmegaException) = print(io, error_message(e))

\"\"\"
    example_error(number)

An error whose fields hold their own names in angle brackets, so that languages can be compared.
\"\"\"
function example_error(number)
    code = Int32(number)
    known = haskey(ERROR_CODES, code)
    known || return parameter_out_of_range("number", "a number of the error table", number)
    names = unique(String(m.captures[1]) for m in eachmatch(r"\\{{(\\w+)\\}}", last(ERROR_CODES[code])))
    return OmegaException(code, [name => "<$name>" for name in names])
end

{"".join(map(_constructor, codes))}"""
    return {TARGET: text.rstrip("\n") + "\n"}


def _constructor(code: Code) -> str:
    variables = {field: "function_name" if field == "function" else field for field in code.fields}
    arguments = ", ".join(variables.values())
    pairs = ", ".join(f'"{field}" => string({variable})' for field, variable in variables.items())
    return f'''"{_escape(code.message)}"
{code.name.lower()}({arguments}) = OmegaException(
    Int32({code.number}),
    [{pairs}],
)

'''


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def _text(value: str) -> str:
    return f'"{_escape(value)}"'
