"""The shop window: what `omega` shows is complete, documented, and what the specs say."""

import ast
import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path
from types import ModuleType

import omega
import pytest
from omega import _rust
from omega.functions import names
from omega.shared import exceptions

from tests.functions.market import SPECS, every

SOURCE = Path(omega.__file__).parent
MODULES = sorted({spec.module for spec in SPECS.values()})


def public(module: ModuleType) -> set[str]:
    """What a module defines or shows without an underscore, modules aside."""
    return {name for name in vars(module) if not name.startswith("_")}


def modules() -> list[ModuleType]:
    """Every module of the package that this environment can import."""
    names = [each.name for each in pkgutil.walk_packages(omega.__path__, "omega.")]
    return [omega, *map(importlib.import_module, names)]


def test_what_a_module_exports_exists_and_is_named_once() -> None:
    for module in modules():
        exported = getattr(module, "__all__", [])
        assert [name for name in exported if not hasattr(module, name)] == [], module.__name__
        assert len(exported) == len(set(exported)), module.__name__


def test_all_is_sorted_and_names_everything_once() -> None:
    assert omega.__all__ == sorted(set(omega.__all__))


def test_everything_that_is_there_is_in_all() -> None:
    """Beside the subpackages, which importing them puts there."""
    modules = {name for name in public(omega) if inspect.ismodule(getattr(omega, name))}
    assert public(omega) - modules <= set(omega.__all__)
    assert set(MODULES) <= set(omega.__all__)


@pytest.mark.parametrize("module", [omega, *(getattr(omega, name) for name in MODULES)], ids=str)
def test_an_editor_is_offered_what_there_is_to_use_and_nothing_else(module: ModuleType) -> None:
    offered = [name for name in module.__all__ if module is omega or name.islower()]
    assert dir(module) == sorted(offered)


@pytest.mark.parametrize("name", omega.__all__)
def test_everything_in_all_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(omega, name))


@pytest.mark.parametrize("name", [name for name in omega.__all__ if inspect.isclass(getattr(omega, name))])
def test_every_public_method_says_what_it_does(name: str) -> None:
    for method, value in vars(getattr(omega, name)).items():
        if method.startswith("_") or name in {"Bar", "FunctionSpec", "ErrorCode", "OmegaError"}:
            continue
        if not inspect.ismemberdescriptor(value):
            assert inspect.getdoc(value), f"{name}.{method}"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_shows_exactly_the_functions_of_its_specs_and_their_answers(module: str) -> None:
    found = importlib.import_module(f"omega.{module}")
    functions = {name.partition(".")[2] for name in SPECS if name.startswith(f"{module}.")}
    answers = {name for name in found.__all__ if name[0].isupper()}
    assert set(found.__all__) - answers == functions
    assert found.__all__ == sorted(found.__all__)
    for answer in answers:
        assert issubclass(getattr(found, answer), tuple)


def test_every_typed_function_takes_what_its_spec_says() -> None:
    every(SPECS, takes_what_its_spec_says)


def takes_what_its_spec_says(name: str) -> None:
    spec = SPECS[name]
    function = getattr(getattr(omega, spec.module), name.partition(".")[2])
    signature = inspect.signature(function)
    names = [
        *(each.name for each in spec.inputs),
        *(each.name for each in spec.parameters),
        "nulls",
        "by",
        "name",
        "strict_zero_copy",
        *(["out"] if spec.kind == "rowwise" else []),
    ]
    first, positional, *keywords, _ = signature.parameters.values()
    assert [each.name for each in keywords] == names
    assert {each.kind for each in keywords} == {inspect.Parameter.KEYWORD_ONLY}
    assert first.kind == inspect.Parameter.POSITIONAL_ONLY
    assert (positional.name, positional.kind) == ("columns", inspect.Parameter.VAR_POSITIONAL)
    text = " ".join((inspect.getdoc(function) or "").split())
    assert text.startswith(spec.summary)
    for keyword in ["columns", *names]:
        assert f"`{keyword}`" in text
    for reference in spec.references:
        assert reference.split()[0] in text
    assert ">>> " in text


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if len(spec.outputs) > 1])
def test_the_answer_of_several_outputs_names_them_in_order(name: str) -> None:
    words = name.partition(".")[2].split("_")
    answer = getattr(getattr(omega, SPECS[name].module), "".join(word.capitalize() for word in words))
    assert answer._fields == tuple(output.name for output in SPECS[name].outputs)


def test_functions_are_listed_by_module_whatever_language_they_are_in() -> None:
    names = omega.functions()
    assert len(set(names)) == len(names)
    assert not any(name.startswith("probe.") for name in names)
    order = list(dict.fromkeys(name.partition(".")[0] for name in names))
    assert names == sorted(names, key=lambda name: order.index(name.partition(".")[0]))
    # A caller may change the list.
    names.clear()
    assert omega.functions()


def test_specs_are_the_same_object_each_time_and_frozen() -> None:
    spec = omega.spec("ta.rsi")
    for name in omega.functions():
        assert omega.spec(name) is omega.spec(name)
    assert omega.spec("ta.rsi") is spec
    with pytest.raises(ValueError, match="frozen"):
        spec.summary = "other"


def stubbed() -> dict[str, set[str]]:
    """The names in the stub of the compiled module: its own, and those of each class."""
    tree = ast.parse((SOURCE / "_rust.pyi").read_text("utf-8"))
    found: dict[str, set[str]] = {"": set()}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[""].add(node.name)
            found[node.name] = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found[""].add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[""].add(node.target.id)
    return found


def test_the_stub_of_the_compiled_module_has_all_its_names() -> None:
    names = {
        name for name in vars(_rust) if not name.startswith("_") and not inspect.ismodule(vars(_rust)[name])
    }
    hidden = {"testing", "records", "schemas"}
    assert names - hidden <= stubbed()[""]


@pytest.mark.parametrize("name", [name for name, value in vars(_rust).items() if inspect.isclass(value)])
def test_the_stub_of_a_compiled_class_has_all_its_methods(name: str) -> None:
    methods = {method for method in vars(getattr(_rust, name)) if not method.startswith("_")}
    assert methods <= stubbed()[name]


def test_every_error_that_a_typed_function_names_is_an_exception() -> None:
    for name, spec in SPECS.items():
        text = inspect.getdoc(getattr(getattr(omega, spec.module), name.partition(".")[2])) or ""
        raises = text[text.index("Raises ") :].split("\n\n")[0].replace(",", " ").split()
        errors = [word for word in raises if word.endswith("Error")]
        codes = {getattr(exceptions, error).code.name for error in errors}
        assert {*spec.errors, "INVALID_VALUE", "MISSING_COLUMN"} <= codes


def test_the_stub_of_a_module_takes_what_its_functions_take_and_no_more() -> None:
    """Every overload: keywords and defaults of the function itself; options stand in a table.

    What stubtest would say, which does not look into `**options: Unpack[…]`.
    """
    options = fields_of((SOURCE / "functions" / "typed" / "options.pyi").read_text("utf-8"))
    for module in MODULES:
        found = importlib.import_module(f"omega.{module}")
        tree = ast.parse((SOURCE / f"{module}.pyi").read_text("utf-8"))
        overloads = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.decorator_list]
        taken: dict[str, set[str]] = {name: set() for name in found.__all__ if name.islower()}
        for each in overloads:
            runtime = inspect.signature(getattr(found, each.name)).parameters
            for keyword, default in zip(each.args.kwonlyargs, each.args.kw_defaults, strict=True):
                taken[each.name].add(keyword.arg)
                if default is not None and ast.unparse(default) != "...":
                    assert ast.literal_eval(default) == runtime[keyword.arg].default
        for name, keywords in taken.items():
            runtime = inspect.signature(getattr(found, name)).parameters
            assert keywords | options == runtime.keys() - {"data", "columns", "unknown"}, name


def fields_of(stub: str) -> set[str]:
    """The names of the fields of all classes in a stub."""
    nodes = (node for node in ast.walk(ast.parse(stub)) if isinstance(node, ast.AnnAssign))
    return {node.target.id for node in nodes if isinstance(node.target, ast.Name)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ta.rsii", "omega.ta.rsi"),
        ("ta.RSI", "omega.ta.rsi"),
        ("ta.sharpe_ratio", "omega.risk.sharpe_ratio"),
        ("rsi", "omega.ta.rsi"),
        ("tb", "omega.ta"),
        ("featureset", "omega.FeatureSet"),
        ("streem", "omega.stream"),
    ],
)
def test_a_misspelt_attribute_names_the_nearest(written: str, meant: str) -> None:
    *modules, name = written.split(".")
    owner = getattr(omega, modules[0]) if modules else omega
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; the nearest is '{re.escape(meant)}'$"):
        getattr(owner, name)


@pytest.mark.parametrize("written", ["backtest", "__wrapped__"])
def test_where_nothing_is_near_nothing_is_suggested(written: str) -> None:
    for owner in (omega, omega.ta):
        with pytest.raises(AttributeError, match=f"^module '{owner.__name__}' has no attribute '{written}'$"):
            getattr(owner, written)


def test_the_names_that_type_checkers_know_are_those_that_there_are() -> None:
    for kind, alias in (("rowwise", names.RowwiseName), ("reduction", names.ReductionName)):
        assert list(typing.get_args(alias)) == [name for name, spec in SPECS.items() if spec.kind == kind]
    assert set(typing.get_args(names.ModuleName)) == set(MODULES)
    assert set(typing.get_args(names.GroupName)) == {spec.group for spec in SPECS.values() if spec.group}
