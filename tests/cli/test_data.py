"""The data that Omega ships: what the README says of them is so."""

import subprocess
import sys
from pathlib import Path

import pytest
from omega import data
from omega.shared import tables
from omega.shared.exceptions import UnknownTableError

README = Path(data.__file__).with_name("README.md").read_text(encoding="utf-8")
LISTED = [
    [cell.strip(" `") for cell in row.split("|")[1:5]] for row in README.splitlines() if ".parquet` |" in row
]


def test_every_file_is_listed_with_its_rows_source_and_licence() -> None:
    assert sorted(row[0] for row in LISTED) == [f"{name}.parquet" for name in data.names()]
    for file, rows, _, source in LISTED:
        name = file.removesuffix(".parquet")
        assert data.load(name).num_rows == int(rows.replace(",", ""))
        assert source.replace("`", "") == data.SOURCES[name]


def test_the_notice_names_every_file() -> None:
    notice = Path(data.__file__).with_name("NOTICE").read_text(encoding="utf-8")
    assert all(f"{name}.parquet: " in notice for name in data.names())


def test_the_index_bars_are_a_table_of_bars() -> None:
    assert tables.validate(data.load("index_bars"), "bars") == []


@pytest.mark.parametrize("name", data.names())
def test_rows_are_in_the_order_of_time(name: str) -> None:
    times = data.load(name)["timestamp"].to_pylist()
    assert times == sorted(times)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownTableError) as refused:
        data.path("index_bar")
    assert refused.value.fields == {"name": "index_bar", "nearest": "index_bars"}


def test_a_path_needs_no_other_library_and_loading_says_which_it_needs() -> None:
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from omega import data\n"
        "assert data.path('index_bars').is_file()\n"
        "try: data.load('index_bars')\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "omega.data.load needs `pyarrow`" in done.stdout
