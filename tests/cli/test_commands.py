"""The commands beside the demo: what they show, and that a refusal is one line and a status."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import omega
import pyarrow as pa
import pytest
from omega.cli.app import app
from omega.shared import tables
from typer.testing import CliRunner

from tests.functions.market import one_of_each_shape

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "src/schemas/tables"


def run(*arguments: str, status: int = 0) -> str:
    """What `omega …` prints."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == status, done.output
    return done.output


def test_functions_lists_every_function_with_its_language() -> None:
    lines = {line.split()[0]: line for line in run("functions").splitlines() if line.strip()}
    for name in omega.functions():
        assert omega.spec(name).language.capitalize() in lines[name]


@pytest.mark.parametrize("name", one_of_each_shape(omega.functions()))
def test_spec_shows_every_parameter_and_output(name: str) -> None:
    printed, spec = run("spec", name), omega.spec(name)
    assert spec.summary in printed
    parts = [each.name for each in spec.inputs] + [each.name for each in spec.parameters]
    for name_of_part in parts + [each.name for each in spec.outputs]:
        assert f"\n  {name_of_part} " in printed


def test_spec_as_json_can_be_read_back() -> None:
    assert omega.FunctionSpec.model_validate_json(run("spec", "ta.rsi", "--json")) == omega.spec("ta.rsi")


def test_an_unknown_function_is_one_line_with_the_nearest_name() -> None:
    expected = "UNKNOWN_FUNCTION: no function is named `ta.rsj`; the nearest is `ta.rsi`\n"
    assert run("spec", "ta.rsj", status=2) == expected


def test_the_version_is_the_installed_one() -> None:
    assert run("--version").startswith(f"omega {version('omega-analytics')} ")
    assert run("version").startswith(run("--version"))


def test_the_entry_point_runs_the_same_commands() -> None:
    command = [str(Path(sys.executable).parent / "omega"), "spec", "ta.rsj"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == run("spec", "ta.rsj", status=2)


PRINTING = [
    *(["functions"], ["spec", "ta.rsi"], ["spec", "ta.rsi", "--json"], ["schema", "show"]),
    *(["schema", "show", "bars"], ["schema", "check"], ["version"], ["--version"], ["--help"]),
    *(["bench", "--help"], ["demo"]),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_line(
    arguments: list[str], unbuffered: str, tmp_path: Path
) -> None:
    command = [str(Path(sys.executable).parent / "omega"), *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        "FILE_UNWRITABLE: `standard output` cannot be written: No space left on device; "
        "it must be a file or a pipe that takes it\n"
    )


@pytest.mark.parametrize("arguments", [["functions"], ["spec", "ta.rsi"]], ids=" ".join)
def test_a_reader_who_leaves_early_is_no_news(arguments: list[str]) -> None:
    command = [str(Path(sys.executable).parent / "omega"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 1


def test_without_its_libraries_the_command_says_what_to_install() -> None:
    script = "import sys; sys.modules['typer'] = None; from omega.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "MISSING_DEPENDENCY: The command `omega` needs `typer`, which is not installed; "
        "pip install 'omega-analytics[cli]'\n"
    )


def test_schema_show_lists_all_tables() -> None:
    lines = run("schema", "show").splitlines()
    assert [line.split("\t")[0] for line in lines] == tables.names()


@pytest.mark.parametrize("name", tables.names())
def test_schema_show_names_every_column_with_its_type(name: str) -> None:
    printed = " ".join(run("schema", "show", name).split())
    for field in tables.load(name).fields:
        assert f" {field.name} {field.type} " in printed
    assert tables.load(name).fingerprint in printed


def test_an_unknown_table_is_refused() -> None:
    assert run("schema", "show", "barz", status=2).startswith("UNKNOWN_TABLE: ")


def test_the_schemas_of_this_checkout_are_in_order() -> None:
    assert run("schema", "check") == f"{len(tables.names())} tables are in order\n"


@pytest.fixture
def broken_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout whose first commit has bars with one more column than there are now."""
    folder = tmp_path / "tables"
    shutil.copytree(TABLES, folder)
    now = (folder / "bars.arrow").read_bytes()
    schema = pa.ipc.open_file(folder / "bars.arrow").schema
    with pa.ipc.new_file(folder / "bars.arrow", schema.append(pa.field("trades", pa.int64()))):
        pass
    git = ("git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@b.invalid")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "First")):
        subprocess.run([*git, *arguments], check=True)
    (folder / "bars.arrow").write_bytes(now)
    monkeypatch.setattr("omega.shared.tables.FOLDER", folder)


@pytest.mark.usefixtures("broken_promise")
def test_schema_check_names_the_broken_rule_and_fails() -> None:
    printed = run("schema", "check", "--against", "HEAD", status=1)
    assert printed.startswith("BREAKING_CHANGE: bars.trades breaks the rule FIELD_REMOVED ")
    assert len(printed.splitlines()) == 1


@pytest.mark.usefixtures("broken_promise")
def test_schema_diff_shows_what_changed_and_what_it_breaks() -> None:
    printed = run("schema", "diff", "bars", "--against", "HEAD")
    assert "trades removed int64" in " ".join(printed.split())
    assert "FIELD_REMOVED" in printed
    assert run("schema", "diff", "quotes", "--against", "HEAD") == "quotes is as it was at HEAD\n"


@pytest.mark.usefixtures("broken_promise")
def test_a_revision_that_git_does_not_know_is_refused() -> None:
    assert run("schema", "check", "--against", "nowhere", status=2).startswith("FILE_UNREADABLE: `nowhere`")


def test_bench_is_found_in_the_checkout() -> None:
    printed = run("bench", "--help")
    assert "ffi" in printed
    assert "peers" in printed


def test_outside_a_checkout_bench_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(omega, "__file__", str(tmp_path / "site-packages" / "omega" / "__init__.py"))
    printed = run("bench", "ffi", status=2)
    assert printed.startswith("FILE_UNREADABLE: ")
    assert "the benchmarks are not part of the installed package" in printed


def test_json_and_arrow_say_the_same_about_what_is_shown() -> None:
    written = json.loads((TABLES / "bars.json").read_text(encoding="utf-8"))
    printed = run("schema", "show", "bars")
    assert written["summary"] in printed
    assert written["version"] in printed


def on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """The lines that a command shows on a terminal of a width."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm"}
    command = [str(Path(sys.executable).parent / "omega"), *arguments]
    with subprocess.Popen(command, stdout=theirs, env=environment) as child:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # what Linux says when the other side has gone
                break
            if not part:
                break
            said += part
        assert child.wait(60) == 0
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).splitlines()


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("arguments", [["functions"], ["schema", "show"]], ids=" ".join)
def test_a_listing_is_a_line_for_each_item_cut_to_the_terminal(columns: int, arguments: list[str]) -> None:
    heading, *lines = on_a_terminal(columns, *arguments)
    items = omega.functions() if arguments == ["functions"] else tables.names()
    assert [line.split()[0] for line in lines] == list(items)
    assert max(map(len, lines)) <= columns
    assert heading.split()[0] in {"function", "table"}
    assert any(line.endswith("…") for line in lines)


def test_elsewhere_a_listing_is_whole_with_tabs_between() -> None:
    for line, name in zip(run("functions").splitlines(), omega.functions(), strict=True):
        cells = line.split("\t")
        assert (cells[0], cells[-1]) == (name, omega.spec(name).summary)


def test_functions_are_found_by_module_kind_group_and_language() -> None:
    listed = [line.split("\t")[0] for line in run("functions", "ta", "--group", "momentum").splitlines()]
    assert listed == [name for name in omega.functions("ta") if omega.spec(name).group == "momentum"]
    models = json.loads(run("functions", "--kind", "model", "--language", "julia", "--json"))
    assert [each["name"] for each in models] == list(omega.functions(kind="model"))
    said = (
        "PARAMETER_OUT_OF_RANGE: module must be one of ta, risk, volatility, regimes, simulation, got `taa`\n"
    )
    assert run("functions", "taa", status=2) == said


@pytest.mark.parametrize(
    "arguments",
    [
        *(["functions"], ["spec", "ta.rsi"], ["schema", "show"], ["schema", "show", "bars"]),
        *(["schema", "check"], ["version"], ["doctor", "--no-julia"]),
    ],
    ids=" ".join,
)
def test_json_is_there_for_programs(arguments: list[str]) -> None:
    json.loads(run(*arguments, "--json"))


def test_the_module_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "omega", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == run("--version")


def test_completion_offers_the_names_of_functions() -> None:
    completing = {"_OMEGA_COMPLETE": "complete_bash", "COMP_WORDS": "omega spec ta.r", "COMP_CWORD": "2"}
    command = [str(Path(sys.executable).parent / "omega")]
    done = subprocess.run(command, env=os.environ | completing, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [name for name in omega.functions() if name.startswith("ta.r")]
    assert "--install-completion" in run("--help")


def test_help_says_how_commands_end() -> None:
    assert "Exit status: 0 done; 1 a check found something" in " ".join(run("--help").split())
