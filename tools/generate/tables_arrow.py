"""Table schemas as Arrow IPC files without batches."""

import pyarrow as pa

from tools.generate.files import Files
from tools.generate.table_schemas import DECIMAL, FOLDER, Table, load

_SCALARS = {
    "float64": pa.float64(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "utf8": pa.utf8(),
    "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
}


def generate() -> Files:
    """`<name>.arrow` beside every `<name>.json`."""
    return {f"{FOLDER}/{table.name}.arrow": _ipc_file(schema(table)) for table in load()}


def schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table."""
    fields = [
        pa.field(each.name, data_type(each.type), each.nullable, each.metadata) for each in table.fields
    ]
    return pa.schema(fields, metadata=table.metadata)


def data_type(name: str) -> pa.DataType:
    """The Arrow type of a name in the schema language."""
    if name.startswith("list<"):
        return pa.list_(pa.field("item", data_type(name[5:-1]), nullable=False))
    if match := DECIMAL.fullmatch(name):
        return pa.decimal128(38, int(match[1]))
    return _SCALARS[name]


def same_schema(one: bytes, other: bytes) -> bool:
    """Whether two IPC files hold the same schema; their bytes may differ between writers."""
    return bool(_read(one).equals(_read(other), check_metadata=True))


def _ipc_file(arrow_schema: pa.Schema) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, arrow_schema):
        pass
    return bytes(sink.getvalue())


def _read(content: bytes) -> pa.Schema:
    return pa.ipc.open_file(pa.BufferReader(content)).schema
