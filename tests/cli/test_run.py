"""`omega run`: the bits of the call itself, in every format, and never half a file."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import omega
import pyarrow as pa
import pytest
from omega import data
from omega.cli import files
from omega.cli.app import app
from omega.cli.demo.indicators import daily_returns
from pyarrow import csv, ipc, parquet
from typer.main import get_command
from typer.testing import CliRunner

OMEGA = str(Path(sys.executable).parent / "omega")
BARS = data.load("index_bars").slice(0, 3000)
RETURNS = daily_returns(BARS)

WRITE: dict[str, Callable[[pa.Table, Path], Any]] = {
    "parquet": parquet.write_table,
    "arrow": lambda table, path: write_ipc(ipc.new_file, table, path),
    "arrows": lambda table, path: write_ipc(ipc.new_stream, table, path),
    "csv": csv.write_csv,
}
READ: dict[str, Callable[[Path], pa.Table]] = {
    "parquet": parquet.read_table,
    "arrow": lambda path: ipc.open_file(path).read_all(),
    "arrows": lambda path: ipc.open_stream(path.read_bytes()).read_all(),
    "csv": csv.read_csv,
}


def write_ipc(made: Callable[..., Any], table: pa.Table, path: Path) -> None:
    with made(str(path), table.schema) as file:
        file.write_table(table)


def run(*arguments: str | Path, status: int = 0) -> str:
    """What `omega run …` prints."""
    done = CliRunner().invoke(app, ["run", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Bars of two symbols, interleaved."""
    parquet.write_table(BARS, tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


@pytest.fixture
def returns(tmp_path: Path) -> Path:
    """Their returns."""
    parquet.write_table(RETURNS, tmp_path / "returns.parquet")
    return tmp_path / "returns.parquet"


@pytest.mark.parametrize("kind", files.FORMATS)
@pytest.mark.parametrize("rows_at_a_time", [7, files.BATCH_ROWS])
def test_rows_have_the_bits_of_one_call_in_every_format(
    kind: str, rows_at_a_time: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", rows_at_a_time)
    source, answer = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    WRITE[kind](BARS, source)
    run("ta.macd", "-i", source, "-o", answer, "--by", "symbol", "--fast-period", "10")
    written = READ[kind](answer)
    called = omega.ta.macd(READ[kind](source), fast_period=10, by="symbol")
    assert written.column_names == [*BARS.column_names, *called.column_names]
    for name in called.column_names:
        assert written[name].to_pylist() == called[name].to_pylist()
    assert written["volume"].to_pylist() == READ[kind](source)["volume"].to_pylist()


def test_a_column_of_another_name_is_an_input_and_the_answer_may_have_another(
    bars: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    chosen = ("--close", "volume", "--name", "mean", "--keep", "timestamp", "--period=3")
    assert run("ta.sma", "-i", bars, "-o", out, "--by", "symbol", *chosen) == f"{out}: 3,000 rows, mean\n"
    written = parquet.read_table(out)
    assert written.column_names == ["timestamp", "mean"]
    expected = omega.ta.sma(BARS, close="volume", by="symbol", period=3)
    assert written["mean"].to_pylist() == expected.to_pylist()
    run("ta.bbands", "-i", bars, "-o", out, "--by", "symbol", "--only", "--name", "b")
    assert parquet.read_table(out).column_names == ["b_upper", "b_middle", "b_lower"]


def test_several_columns_may_tell_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", 100)
    years = pa.compute.cast(pa.compute.year(BARS["timestamp"]), pa.int16())
    halves = pa.compute.if_else(pa.compute.less(pa.compute.month(BARS["timestamp"]), 7), "H1", None)
    table = BARS.append_column("year", years).append_column("half", halves)
    source, answer = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(table, source)
    keys = ("symbol", "year", "half")
    by = [word for key in keys for word in ("--by", key)]
    run("ta.sma", "-i", source, "-o", answer, "--period", "5", *by)
    assert parquet.read_table(answer)["sma"].equals(omega.ta.sma(table, by=keys, period=5))
    returns = RETURNS.slice(0, 400).append_column("id", pa.array([1, None] * 200, pa.int8()))
    parquet.write_table(returns, source)
    run("risk.volatility", "-i", source, "-o", answer, "--by", "symbol", "--by", "id")
    expected = omega.risk.volatility(returns, by=("symbol", "id"))
    assert parquet.read_table(answer).equals(expected)
    listed = json.loads(run("risk.volatility", "-i", source, "--by", "symbol", "--by", "id", "--json"))
    assert listed == expected.to_pylist()


@pytest.mark.julia
def test_a_model_by_several_columns_names_them_in_each_number(tmp_path: Path) -> None:
    table = RETURNS.slice(0, 800).append_column("id", pa.array([1, None] * 400, pa.int8()))
    source, answer = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(table, source)
    by = ("--by", "symbol", "--by", "id")
    fits = json.loads(run("volatility.garch", "-i", source, *by, "--json"))
    found = omega.volatility.garch(table, by=("symbol", "id"))
    assert [(fit["symbol"], fit["id"]) for fit in fits] == list(found)
    run("volatility.garch", "-i", source, "-o", answer, *by)
    written = parquet.read_table(answer)
    for column in found.rows.column_names:
        assert written[column].equals(found.rows[column])


def test_what_would_hide_a_column_is_refused(bars: Path, tmp_path: Path) -> None:
    said = run("ta.sma", "-i", bars, "-o", tmp_path / "out.parquet", "--name", "close", status=2)
    assert said.startswith("INVALID_SHAPE: the answer must be named otherwise than the columns kept")


TOML = """
slow = "ta.sma"
[rsi]
function = "ta.rsi"
period = 10
[s]
function = "ta.ema"
close = "rsi"
"""
JSON = '{"slow": "ta.sma", "rsi": ["ta.rsi", {"period": 10}], "s": ["ta.ema", {"close": "rsi"}]}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.toml", TOML),
        ("f.json", JSON),
    ],
)
def test_features_of_a_file_are_those_of_the_set(name: str, text: str, bars: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    run(tmp_path / name, "-i", bars, "-o", tmp_path / "out.parquet", "--by", "symbol", "--only")
    definitions: dict[str, tuple[str, dict[str, Any]]] = {
        "slow": ("ta.sma", {}),
        "rsi": ("ta.rsi", {"period": 10}),
        "s": ("ta.ema", {"close": "rsi"}),
    }
    expected = omega.FeatureSet(definitions, by="symbol").run(BARS)
    assert parquet.read_table(tmp_path / "out.parquet").to_pydict() == expected.to_pydict()


@pytest.mark.parametrize("rows_at_a_time", [7, files.BATCH_ROWS])
def test_a_metric_is_the_number_of_the_call(
    returns: Path, rows_at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", rows_at_a_time)
    assert run("risk.max_drawdown", "-i", returns) == f"{omega.risk.max_drawdown(RETURNS)}\n"
    by = omega.risk.sharpe_ratio(RETURNS, periods=12.0, by="symbol").to_pylist()
    said = run("risk.sharpe_ratio", "-i", returns, "--periods", "12", "--by", "symbol", "--json")
    assert json.loads(said) == by


def test_a_metric_is_written_as_a_table(returns: Path, tmp_path: Path) -> None:
    run("risk.volatility", "-i", returns, "-o", tmp_path / "out.csv", "--by", "symbol")
    assert (
        csv.read_csv(tmp_path / "out.csv").to_pylist()
        == omega.risk.volatility(RETURNS, by="symbol").to_pylist()
    )


ROW_OUTPUTS = [each.name for each in omega.spec("volatility.garch").outputs if each.axes == ("row",)]


@pytest.mark.julia
def test_a_model_gives_its_numbers_and_puts_what_it_says_of_rows_on_them(
    returns: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    numbers = json.loads(
        run("volatility.garch", "-i", returns, "-o", out, "--by", "symbol", "--horizon", "3", "--json")
    )
    written = parquet.read_table(out)
    assert written.column_names == [*RETURNS.column_names, *ROW_OUTPUTS]
    for answer in numbers:
        mine = pa.compute.equal(RETURNS["symbol"], answer["symbol"])
        fit = omega.volatility.garch(RETURNS.filter(mine), horizon=3)
        assert answer["alpha"] == fit.alpha
        assert answer["forecast_variance"] == fit.forecast_variance.to_pylist()
        for name in ROW_OUTPUTS:
            assert written.filter(mine)[name].to_pylist() == getattr(fit, name).to_pylist()


@pytest.mark.julia
def test_a_model_that_says_nothing_of_rows_is_written_number_by_number(returns: Path, tmp_path: Path) -> None:
    chosen = ("--replications", "50", "--seed", "1")
    out = tmp_path / "out.parquet"
    said = run("simulation.stationary_bootstrap", "-i", returns, "-o", out, "--nulls", "skip", *chosen)
    assert "replications\t50 numbers\n" in said
    answer = omega.simulation.stationary_bootstrap(RETURNS, replications=50, seed=1)
    rows = parquet.read_table(out).to_pylist()
    assert [
        row["value"] for row in rows if row["quantity"] == "replications"
    ] == answer.replications.to_pylist()
    assert {"quantity": "lower", "place": None, "value": answer.lower} in rows


def test_streams_go_through_pipes(tmp_path: Path) -> None:
    WRITE["arrows"](BARS, tmp_path / "in.arrows")
    command = [
        OMEGA,
        "run",
        "ta.rsi",
        "-i",
        "-",
        "--from",
        "arrows",
        "-o",
        "-",
        "--to",
        "arrows",
        "--by",
        "symbol",
    ]
    done = subprocess.run(
        command, input=(tmp_path / "in.arrows").read_bytes(), capture_output=True, check=True
    )
    answer = ipc.open_stream(done.stdout).read_all()
    assert answer["rsi"].to_pylist() == omega.ta.rsi(BARS, by="symbol").to_pylist()
    assert done.stderr == b""


def test_an_empty_file_gives_an_empty_answer(tmp_path: Path) -> None:
    parquet.write_table(BARS.slice(0, 0), tmp_path / "in.parquet")
    run("ta.rsi", "-i", tmp_path / "in.parquet", "-o", tmp_path / "out.parquet", "--by", "symbol")
    written = parquet.read_table(tmp_path / "out.parquet")
    assert written.num_rows == 0
    assert written.column_names == [*BARS.column_names, "rsi"]


def test_a_value_that_is_refused_is_named_by_its_row_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", 4)
    parquet.write_table(pa.table({"close": [1.0] * 10 + [float("inf")] + [1.0]}), tmp_path / "in.parquet")
    said = run("ta.sma", "-i", tmp_path / "in.parquet", "-o", tmp_path / "out.parquet", status=2)
    assert said.startswith("INVALID_VALUE: ")
    assert said.endswith("got `inf` in row 10\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ta.rsj"], "UNKNOWN_FUNCTION: no function is named `ta.rsj`; the nearest is `ta.rsi`"),
        (
            ["ta.rsi", "--perid", "3"],
            "UNKNOWN_PARAMETER: ta.rsi got an unexpected keyword argument 'perid'; the nearest is `period`; ",
        ),
        (["ta.rsi", "--period", "x"], "INVALID_TYPE: period must be a whole number, got `x`"),
        (["ta.rsi", "--period", "1"], "PARAMETER_OUT_OF_RANGE: period must be "),
        (["ta.rsi", "--period"], "INVALID_TYPE: --period must be followed by a value, got `nothing`"),
        (["ta.rsi", "14"], "INVALID_TYPE: an argument must be --PARAMETER value, got `14`"),
        (["ta.rsi", "--close", "clsoe"], "MISSING_COLUMN: column `clsoe` is missing; the data has "),
        (["ta.rsi", "--by", "sector"], "MISSING_COLUMN: column `sector` is missing; the data has "),
        (["ta.rsi", "--keep", "x"], "MISSING_COLUMN: column `x` is missing; the data has "),
        (["ta.rsi", "--nulls", "x"], "PARAMETER_OUT_OF_RANGE: nulls must be "),
        (["ta.rsi", "--from", "x"], "PARAMETER_OUT_OF_RANGE: --from must be one of parquet, "),
        (["ta.rsi", "--from", "arrow"], "FILE_UNREADABLE: "),
        (["none.toml"], "FILE_UNREADABLE: `none.toml` cannot be read: No such file or directory"),
    ],
)
def test_a_refusal_is_one_line_and_leaves_no_file(
    arguments: list[str], said: str, bars: Path, tmp_path: Path
) -> None:
    printed = run(*arguments, "-i", bars, "-o", tmp_path / "out.parquet", status=2)
    assert printed.startswith(said)
    assert len(printed.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bars.parquet"]


@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1 nor this"])
@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
def test_a_file_that_is_no_table_is_refused(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / f"in.{kind}").write_bytes(content)
    printed = run("ta.rsi", "-i", tmp_path / f"in.{kind}", "-o", tmp_path / "out.csv", status=2)
    assert printed.startswith(f"FILE_UNREADABLE: `{tmp_path / f'in.{kind}'}` cannot be read: ")
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("none/out.parquet", "FILE_UNWRITABLE: `{}` cannot be written: No such file or directory; "),
        ("folder.parquet", "FILE_UNWRITABLE: `{}` cannot be written: Is a directory; "),
        ("out.txt", "INVALID_TYPE: the file must be a file that ends in one of .parquet, "),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    output: str, said: str, bars: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.parquet").mkdir()
    printed = run("ta.rsi", "-i", bars, "-o", tmp_path / output, status=2)
    assert printed.startswith(said.format(tmp_path / output))


def test_a_file_may_be_its_own_output_and_keeps_its_permissions(bars: Path) -> None:
    bars.chmod(0o640)
    run("ta.rsi", "-i", bars, "-o", bars, "--by", "symbol")
    assert parquet.read_table(bars).column_names == [*BARS.column_names, "rsi"]
    assert bars.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in bars.parent.iterdir()] == ["bars.parquet"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_it_finds_the_file_as_it_was(number: int, status: int, tmp_path: Path) -> None:
    """It waits for its input, of which it has had a part, and has written some of its answer."""
    (tmp_path / "out.csv").write_text("before")
    command = [OMEGA, "run", "ta.sma", "-i", "-", "--from", "arrows", "-o", str(tmp_path / "out.csv")]
    whole = pa.table({"close": [1.0] * 1000})
    WRITE["arrows"](whole, tmp_path / "in")
    content = (tmp_path / "in").read_bytes()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(content[:-8])  # without the mark of its end
        child.stdin.flush()
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".out.csv.*.part")) and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(number)
        time.sleep(0.2)
        child.stdin.close()
        said = child.stderr.read().decode()
        assert child.wait(60) == status, said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.csv"]
    assert (tmp_path / "out.csv").read_text() == "before"


def test_a_disk_that_is_full_is_one_line_and_leaves_no_file(bars: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))

    command = [OMEGA, "run", "ta.rsi", "-i", str(bars), "-o", str(tmp_path / "out.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=small)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"FILE_UNWRITABLE: `{tmp_path / 'out.csv'}` cannot be written: File too large"
    )
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bars.parquet"]


def test_a_reader_who_leaves_ends_it_without_a_word(bars: Path) -> None:
    command = [OMEGA, "run", "ta.rsi", "-i", str(bars), "-o", "-", "--to", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 1


def test_more_rows_than_there_is_memory_for_are_no_matter(tmp_path: Path) -> None:
    """The whole table would need four times what the process may have more than it starts with."""
    rows, column = 1 << 20, pa.array([float(each % 97 + 1) for each in range(1 << 20)])
    with parquet.ParquetWriter(tmp_path / "in.parquet", pa.schema([("close", pa.float64())])) as file:
        for _ in range(16):
            file.write_table(pa.table({"close": column}))
    script = (
        "import resource, sys\n"
        "from omega.cli.app import app\n"
        "import pyarrow.parquet, pyarrow.csv\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def most_kib(*arguments: str) -> int:
        environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return int(done.stdout.splitlines()[-1])

    start = most_kib("--version")
    chosen = ("-i", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.parquet"))
    assert most_kib("run", "ta.sma", *chosen) - start < 16 * rows * 8 / 1024
    assert parquet.ParquetFile(tmp_path / "out.parquet").metadata.num_rows == 16 * rows


def test_no_function_has_a_parameter_that_the_command_would_take_for_its_own() -> None:
    command = get_command(app).commands["run"]  # type: ignore[attr-defined]
    own = {option.lstrip("-") for each in command.params for option in each.opts if option.startswith("-")}
    assert "by" in own
    for name in omega.functions():
        spec = omega.spec(name)
        names = {each.name for each in spec.inputs} | {each.name for each in spec.parameters}
        assert not own & names, name
