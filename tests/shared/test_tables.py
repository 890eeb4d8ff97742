"""Each table says the same in its .json, its .arrow, and the table compiled into Rust."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from omega import _rust
from omega.shared import protocols, tables
from omega.shared.exceptions import FileUnreadableError, UnknownTableError

FOLDER = Path(__file__).resolve().parents[2] / "src/schemas/tables"
FIRST = "bars equity_curve fills indicator orders positions quotes rating returns signals trades"

every_table = pytest.mark.parametrize("name", tables.names())


def test_the_first_tables_are_there() -> None:
    assert set(tables.names()) >= set(FIRST.split())


@every_table
def test_the_arrow_file_says_what_the_json_says(name: str) -> None:
    shown = tables.show(name)
    del shown["fingerprint"]
    assert shown == json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@every_table
def test_the_arrow_file_is_an_ipc_file_without_batches(name: str) -> None:
    reader = pa.ipc.open_file(FOLDER / f"{name}.arrow")
    assert reader.num_record_batches == 0
    assert reader.schema.names == tables.load(name).columns


@every_table
def test_rust_was_built_with_this_table(name: str) -> None:
    built = {each[0]: each for each in _rust.schemas.static_tables()}
    schema = tables.load(name)
    fields = [(each.name, each.type, each.nullable) for each in schema.fields]
    assert built[name] == (name, schema.version, schema.fingerprint, schema.direction, schema.record, fields)


@every_table
def test_the_fingerprint_is_the_one_of_the_fields(name: str) -> None:
    content = (FOLDER / f"{name}.arrow").read_bytes()
    assert _rust.schemas.read_ipc_schema(content)[2] == tables.load(name).fingerprint


def test_a_fingerprint_does_not_depend_on_who_wrote_the_file() -> None:
    """Also in another release: a change here is a change of the canonical text, which nobody may make."""
    plain = pa.schema(
        [pa.field("a", pa.float64()), pa.field("é", pa.utf8(), nullable=False, metadata={"z": "1", "b": '"'})]
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, plain):
        pass
    _, _, fingerprint = _rust.schemas.read_ipc_schema(sink.getvalue().to_pybytes())
    assert fingerprint == "59c50bd6db0092857f40d30d4929bcdb368d523bcef6e89dcb46d6cce4390304"


@every_table
def test_each_table_has_a_record_in_python_and_in_rust(name: str) -> None:
    schema = tables.load(name)
    model = getattr(protocols, schema.record)
    assert model.table == name
    assert list(model.model_fields) == schema.columns
    native = getattr(_rust.records, schema.record)
    assert all(hasattr(native, column) for column in schema.columns)


@every_table
def test_a_field_is_optional_in_the_record_where_it_is_nullable_in_the_table(name: str) -> None:
    schema = tables.load(name)
    required = {field.name for field in schema.fields if not field.nullable}
    model = getattr(protocols, schema.record)
    assert {key for key, field in model.model_fields.items() if field.is_required()} == required


def test_an_unknown_table_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownTableError) as caught:
        tables.load("order")
    assert caught.value.fields == {"name": "order", "nearest": "orders"}


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"PAR1" * 50], ids=["empty", "cut", "another format"])
def test_a_file_that_is_no_schema_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(FileUnreadableError, match=r"here\.arrow"):
        tables.read(content, "here.arrow")


def test_an_arrow_file_of_somebody_else_is_refused() -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("a", pa.float64())])):
        pass
    with pytest.raises(FileUnreadableError, match=r"omega\.schema\.name"):
        tables.read(sink.getvalue().to_pybytes())


def test_this_checkout_keeps_its_own_rules() -> None:
    assert tables.check() == []
