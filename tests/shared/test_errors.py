"""Every error has one number, name, message and set of fields, whichever language raises it."""

import copy
import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from omega import _rust
from omega.shared import exceptions
from omega.shared.error_codes import ErrorCode
from omega.shared.exceptions import OmegaError, ValidationError, from_code

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "src/schemas/error_codes.toml").read_text("utf-8"))
CATEGORIES = {
    "validation": "ValidationError",
    "computation": "ComputationError",
    "input_output": "InputOutputError",
    "internal": "InternalError",
    "boundary": "BoundaryError",
    "resources": "ResourceError",
}


def leaves() -> dict[int, type[OmegaError]]:
    classes = [getattr(exceptions, name) for name in exceptions.__all__]
    return {each.code: each for each in classes if isinstance(each, type) and hasattr(each, "code")}


def example(number: int) -> OmegaError:
    names = re.findall(r"\{(\w+)\}", leaves()[number].template)
    return leaves()[number](**{name: f"<{name}>" for name in names})


def facts(error: OmegaError) -> tuple[int, str, str, dict[str, str]]:
    assert isinstance(error.code, ErrorCode)
    return int(error.code), error.code.name, str(error), error.fields


every_code = pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)


def test_python_has_every_code_of_the_table_and_no_other() -> None:
    assert {code.name: code.value for code in ErrorCode} == {k: v["number"] for k, v in TABLE.items()}


def test_rust_has_every_code_of_the_table_and_no_other() -> None:
    expected = sorted((entry["number"], name, entry["message"]) for name, entry in TABLE.items())
    assert sorted(_rust.testing.error_codes()) == expected


@every_code
def test_each_class_is_of_its_category_and_of_the_builtin_of_the_table(code: ErrorCode) -> None:
    entry = TABLE[code.name]
    leaf = leaves()[code]
    assert issubclass(leaf, getattr(exceptions, CATEGORIES[entry["category"]]))
    assert issubclass(leaf, __builtins__[entry["python_base"]])  # type: ignore[index]
    assert (leaf.template, leaf.retryable, leaf.fault) == (
        entry["message"],
        entry["retryable"],
        entry["fault"],
    )


@every_code
def test_each_code_raised_in_rust_is_the_python_one(code: ErrorCode) -> None:
    with pytest.raises(leaves()[code]) as caught:
        _rust.testing.raise_code(code.value)
    assert facts(caught.value) == facts(example(code))


@pytest.mark.julia
@every_code
def test_each_code_raised_in_julia_is_the_python_one(code: ErrorCode) -> None:
    with pytest.raises(leaves()[code]) as caught:
        _rust.testing.julia_raise(code.value)
    assert facts(caught.value) == facts(example(code))


@every_code
def test_each_error_survives_pickling(code: ErrorCode) -> None:
    error = example(code)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert facts(copy) == facts(error)
    assert copy.function == error.function


@every_code
def test_each_error_can_be_made_anew_from_its_arguments_or_its_message(code: ErrorCode) -> None:
    """As joblib, dask, polars, tenacity and the standard library do, which carry errors elsewhere."""
    error = example(code)
    makers: list[Any] = [
        lambda each: type(each)(*each.args),
        lambda each: type(each)(str(each)),
        copy.copy,
        copy.deepcopy,
        lambda each: pickle.loads(pickle.dumps(type(each)(*each.args))),
    ]
    for make in makers:
        again = make(error)
        assert type(again) is type(error)
        assert (str(again), again.code, again.args) == (str(error), code, error.args)
        assert isinstance(again.fields, dict)


@pytest.mark.parametrize("category", CATEGORIES.values())
def test_a_category_can_be_made_of_a_message(category: str) -> None:
    error = getattr(exceptions, category)("something new")
    again = pickle.loads(pickle.dumps(type(error)(*error.args)))
    assert (type(again), str(again), again.code) == (type(error), "something new", error.code)
    assert str(OmegaError("anything")) == "anything"


def test_a_clause_without_a_value_is_left_out_in_every_language() -> None:
    error = exceptions.UnknownFunctionError(name="foo", nearest="")
    assert str(error) == "no function is named `foo`"
    error = exceptions.UnknownFunctionError(name="foo", nearest="ta.obv")
    assert str(error).endswith("the nearest is `ta.obv`")
    with pytest.raises(exceptions.UnknownFunctionError, match=r"^no function is named `foo`$"):
        _rust.function("foo")


def test_the_message_names_the_value_and_what_is_allowed() -> None:
    error = exceptions.ParameterOutOfRangeError(
        name="period", allowed="at least 2", value=1, function="ta.rsi"
    )
    assert str(error) == "period must be at least 2, got `1`"
    assert error.fields == {"name": "period", "allowed": "at least 2", "value": "1"}
    assert error.function == "ta.rsi"


def test_a_field_that_the_message_lacks_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(TypeError):
        exceptions.ParameterOutOfRangeError(name="period", allowed="at least 2", got=1)  # type: ignore[call-arg]


def test_a_number_from_a_newer_library_becomes_its_category() -> None:
    error = from_code(1999, {"name": "x"}, "ta.rsi", "something new")
    assert type(error) is ValidationError
    assert (error.code, str(error), error.function) == (1999, "something new", "ta.rsi")
    assert pickle.loads(pickle.dumps(error)).code == 1999


def test_the_tree_in_the_docstring_shows_every_class() -> None:
    drawn = set(re.findall(r"\w+Error(?= \(|$)", exceptions.__doc__ or "", flags=re.MULTILINE))
    classes = {each for each in exceptions.__all__ if each.endswith("Error")}
    assert drawn == classes
