"""What Rust and Julia publish about their functions is what Python's model and the table schemas allow."""

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest
from omega import _rust
from omega.shared import tables
from omega.shared.error_codes import ErrorCode
from omega.shared.protocols import FunctionSpec, Parameter

from tests.functions.market import every

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED: list[dict[str, Any]] = json.loads(_rust.function_specs_json())

BY_NAME = {str(each["name"]): each for each in PUBLISHED}


def test_a_published_spec_is_a_function_spec_and_loses_nothing() -> None:
    def loses_nothing(name: str) -> None:
        published = BY_NAME[name]
        assert json.loads(FunctionSpec.model_validate(published).model_dump_json()) == published

    every(BY_NAME, loses_nothing)


def test_the_inputs_of_every_function_are_columns_of_its_table() -> None:
    def are_columns(name: str) -> None:
        spec = FunctionSpec.model_validate(BY_NAME[name])
        columns = {field.name: field.type for field in tables.load(spec.table).fields}
        read = [each for each in spec.inputs if each.role != "count"]
        assert {each.name: columns.get(each.name) for each in read} == {each.name: each.type for each in read}

    every(BY_NAME, are_columns)


def test_a_count_lies_between_two_parameters_in_rows() -> None:
    def lies(name: str) -> None:
        spec = FunctionSpec.model_validate(BY_NAME[name])
        rows = {each.name for each in spec.parameters if each.type == "int" and each.unit == "rows"}
        for each in spec.inputs:
            bounds = {each.minimum, each.maximum}
            assert bounds <= rows if each.role == "count" else bounds == {None}

    every(BY_NAME, lies)


def test_an_input_means_what_its_table_says() -> None:
    def means_it(name: str) -> None:
        published = BY_NAME[name]
        if not published["table"]:
            return
        table = json.loads((ROOT / f"src/schemas/tables/{published['table']}.json").read_text("utf-8"))
        fields = {field["name"]: field for field in table["fields"]}
        for each in published["inputs"]:
            if each["column"] is None:
                assert each["role"] in {"series", "count"}
                continue
            field = fields[each["column"]]
            assert (each["type"], each["summary"]) == (field["type"], field["summary"])

    every(BY_NAME, means_it)


def test_the_errors_of_every_function_are_in_the_error_table() -> None:
    def are_there(name: str) -> None:
        assert set(BY_NAME[name]["errors"]) <= set(ErrorCode.__members__)

    every(BY_NAME, are_there)


def parameter(**changes: Any) -> Parameter:
    fields: dict[str, Any] = {
        "name": "period",
        "type": "int",
        "default": 14,
        "minimum": 2,
        "maximum": 100,
        "exclusive": False,
        "less_than": None,
        "choices": (),
        "unit": "rows",
        "summary": "Rows to look back.",
    }
    return Parameter(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"default": 1},
        {"default": 101},
        {"default": 2, "exclusive": True},
        {"default": "many"},
        {"type": "choice", "choices": ("a", "b"), "default": "c"},
        {"type": "text"},
        {"name": "Period"},
        {"hint": "unknown"},
    ],
    ids=str,
)
def test_a_parameter_whose_own_default_is_not_allowed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        parameter(**changes)


def test_the_bounds_themselves_are_allowed_unless_they_are_exclusive() -> None:
    assert parameter(default=2).default == 2
    assert parameter(default=100).default == 100
