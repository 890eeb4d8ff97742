"""`omega schema check FILE`: every rule of a table, with the rows that break it, and a status."""

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from omega import data
from omega.cli import files
from omega.cli.app import app
from omega.shared import tables
from pyarrow import csv, parquet
from typer.testing import CliRunner

TABLES = Path(__file__).resolve().parents[2] / "src/schemas/tables"
BARS = data.load("index_bars").slice(0, 20)
REFUSED = "MISSING_VALUE: column `close` is missing in row 0, which table bars refuses"


def check(file: Path, *arguments: str, status: int) -> str:
    done = CliRunner().invoke(app, ["schema", "check", str(file), *arguments])
    assert done.exit_code == status, done.output
    return done.output


def replaced(column: str, rows: dict[int, object]) -> pa.Table:
    """The bars with other values in some rows of a column."""
    values = BARS[column].to_pylist()
    for row, value in rows.items():
        values[row] = value
    place = BARS.column_names.index(column)
    array = pa.array(values, BARS.schema.field(column).type)
    return BARS.set_column(place, pa.field(column, array.type), array)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_file_in_order_says_so(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"bars.{ending}"
    (parquet.write_table if ending == "parquet" else csv.write_csv)(BARS, file)
    assert check(file, "--table", "bars", status=0) == f"{file}: 20 rows are a table of bars\n"


@pytest.mark.parametrize("rows_at_a_time", [3, files.BATCH_ROWS])
@pytest.mark.parametrize(
    ("column", "rows", "said"),
    [
        (
            "volume",
            {4: -1.0, 17: -2.0},
            "INVALID_VALUE: column `volume` must be at least 0, got `-1.0` in row 4 (2 rows: 4, 17)",
        ),
        (
            "symbol",
            {9: ""},
            "INVALID_VALUE: column `symbol` must be of a length of at least 1, got `` in row 9",
        ),
        ("symbol", {9: None}, "MISSING_VALUE: column `symbol` is missing in row 9, which table bars refuses"),
        ("close", {0: float("nan")}, "INVALID_VALUE: column `close` must be finite, got `nan` in row 0"),
        (
            "close",
            dict.fromkeys(range(12)),
            REFUSED + " (12 rows: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)",
        ),
    ],
)
def test_rows_that_break_a_rule_are_named(
    column: str,
    rows: dict[int, object],
    said: str,
    rows_at_a_time: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", rows_at_a_time)
    parquet.write_table(replaced(column, rows), tmp_path / "bars.parquet")
    assert check(tmp_path / "bars.parquet", "--table", "bars", status=1) == f"{said}\n"


def test_words_that_are_no_choice_are_named(tmp_path: Path) -> None:
    """Of an enumeration, a maximum, and texts that are stored as a dictionary."""
    fields = tables.load("rating").fields
    text = pa.array(["a", "b"]).dictionary_encode()
    columns = {
        "timestamp": pa.array([0, 1], pa.timestamp("us", "UTC")),
        "symbol": text,
        "model": text,
        "score": [0.5, 1.5],
        "rank": pa.array([1, None], pa.int64()),
        "confidence": [None, 0.5],
        "factors": pa.array([[], ["x"]], pa.list_(pa.string())),
    }
    assert list(columns) == [each.name for each in fields]
    parquet.write_table(pa.table(columns), tmp_path / "rating.parquet")
    said = check(tmp_path / "rating.parquet", "--table", "rating", status=1)
    assert said == "INVALID_VALUE: column `score` must be at most 1, got `1.5` in row 1\n"
    side = next(each for each in tables.load("orders").fields if each.name == "side")
    assert side.constraints["choices"] == ["buy", "sell"]


def test_a_column_that_is_missing_or_of_another_type_is_a_finding(tmp_path: Path) -> None:
    parquet.write_table(BARS.drop_columns(["high"]), tmp_path / "bars.parquet")
    said = check(tmp_path / "bars.parquet", "--table", "bars", status=1)
    assert said.startswith(
        "MISSING_COLUMN: column `high` is missing; the data has timestamp, symbol, open, low"
    )
    parquet.write_table(BARS.set_column(0, "timestamp", BARS["volume"]), tmp_path / "bars.parquet")
    said = check(tmp_path / "bars.parquet", "--table", "bars", status=1)
    assert said.startswith(
        "SCHEMA_MISMATCH: field `timestamp` of table bars must be timestamp[us, UTC], got "
    )


def test_a_text_that_is_not_of_its_column_is_refused(tmp_path: Path) -> None:
    csv.write_csv(BARS.set_column(0, "timestamp", BARS["volume"]), tmp_path / "bars.csv")
    said = check(tmp_path / "bars.csv", "--table", "bars", status=2)
    assert said.startswith(f"FILE_UNREADABLE: `{tmp_path / 'bars.csv'}` cannot be read: In CSV column #0: ")


def test_findings_are_data_for_programs(tmp_path: Path) -> None:
    parquet.write_table(replaced("volume", {4: -1.0, 17: -2.0}), tmp_path / "bars.parquet")
    found = json.loads(check(tmp_path / "bars.parquet", "--table", "bars", "--json", status=1))
    assert (found["table"], found["rows"]) == ("bars", 20)
    (fault,) = found["faults"]
    assert (fault["code"], fault["column"], fault["rule"]) == (1006, "volume", "minimum")
    assert (fault["rows"], fault["count"]) == ([4, 17], 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.parquet", "--table", "bars"], "FILE_UNREADABLE: `none.parquet` cannot be read: "),
        (
            ["none.parquet", "--table", "barz"],
            "UNKNOWN_TABLE: no table is named `barz`; the nearest is `bars`",
        ),
        (["none.parquet"], "INVALID_TYPE: --table must be one of bars, "),
        (["--table", "bars"], "INVALID_TYPE: the file must be named, "),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["schema", "check", *arguments])
    assert done.exit_code == 2
    assert done.output.startswith(said)
    assert len(done.output.splitlines()) == 1


def test_outside_git_a_comparison_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(TABLES, folder)
    monkeypatch.setattr("omega.shared.tables.FOLDER", folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    inside = subprocess.run(["git", "-C", folder, "rev-parse"], capture_output=True, check=False)
    assert inside.returncode
    for command in (["diff"], ["check", "--against", "HEAD"]):
        done = CliRunner().invoke(app, ["schema", *command])
        assert done.exit_code == 2
        assert done.output == (
            "FILE_UNREADABLE: `HEAD` cannot be read: the tables that are installed have no history in git; "
            "it must be a revision, in a checkout of Omega\n"
        )
