"""What can be generated, by name, in the order in which one target may read what another wrote."""

from collections.abc import Callable

from tools.generate import (
    errors_docs,
    errors_julia,
    errors_python,
    errors_rust,
    functions_docs,
    functions_julia,
    python_functions,
    records_julia,
    records_python,
    records_rust,
    tables_arrow,
    tables_docs,
    tables_rust,
)
from tools.generate.files import Files

TARGETS: dict[str, Callable[[], Files]] = {
    "errors-rust": errors_rust.generate,
    "errors-python": errors_python.generate,
    "errors-julia": errors_julia.generate,
    "errors-docs": errors_docs.generate,
    "tables-arrow": tables_arrow.generate,
    "tables-docs": tables_docs.generate,
    "tables-rust": tables_rust.generate,
    "records-rust": records_rust.generate,
    "records-python": records_python.generate,
    "records-julia": records_julia.generate,
    "functions-julia": functions_julia.generate,
    "functions-python": python_functions.generate,
    "functions-docs": functions_docs.generate,
}

#: What is read out of the compiled extension, and so cannot be part of it.
AFTER_BUILD = {"functions-python", "functions-docs"}
