"""The specs of all functions, as Rust and Julia publish them."""

import importlib.util
import json
from types import ModuleType
from typing import Any

from tools.generate.files import ROOT

Spec = dict[str, Any]


def native() -> ModuleType:
    """The compiled module alone: the package around it may be what has to be generated first."""
    (path,) = (ROOT / "src").glob("_rust*.so")
    found = importlib.util.spec_from_file_location("omega._rust", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def specs() -> list[Spec]:
    """Rust's functions as the compiled module has them, and Julia's as its package published them."""
    rust = [spec for spec in json.loads(native().function_specs_json()) if spec["language"] == "rust"]
    julia = json.loads((ROOT / "src/schemas/julia_functions.json").read_text(encoding="utf-8"))
    return rust + [spec for spec in julia if module_of(spec) != "probe"]


def module_of(spec: Spec) -> str:
    """`ta` of `ta.rsi`."""
    return str(spec["name"].partition(".")[0])


def function_of(spec: Spec) -> str:
    """`rsi` of `ta.rsi`."""
    return str(spec["name"].partition(".")[2])
