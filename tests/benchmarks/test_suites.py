"""Both suites run whole at tiny sizes; what they write is complete, valid, and loads nothing."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import omega
import pytest
from omega.functions import peers as peer_table
from omega.shared import distribution
from typer.testing import CliRunner

from benchmarks import commands, ffi, parity, peers
from benchmarks.results import FfiResults, Parity, PeersResults
from benchmarks.timing import Effort
from tests import browser

TINY = Effort(rounds=2, calls=3, round_ns=1_000_000, warm_up=1)
TINY_FFI = replace(
    ffi.QUICK,
    rows=2_000,
    model_rows=(100,),
    single=TINY,
    thousand=TINY,
    many=TINY,
    model=TINY,
    update_bars=50,
    update_rounds=2,
    threaded_calls=16,
)
TINY_PEERS = replace(
    peers.QUICK, rows=2_000, batch=TINY, model=TINY, update_bars=200, update_rounds=2, starts=2
)


class Sources(HTMLParser):
    """Collects whatever a page would load from somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link" or any(name in {"src", "href", "srcset"} for name, _ in attrs):
            self.found.append(tag)


def needs_nothing(page: Path) -> bool:
    """Whether a page loads nothing, its style sheets included."""
    text = page.read_text()
    parser = Sources()
    parser.feed(text)
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    return parser.found == [] and "url(" not in styles and "@import" not in styles


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def crossing(folder: Path) -> FfiResults:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ffi, "QUICK", TINY_FFI)
        commands.run_ffi(quick=True, out=folder)
    return FfiResults.model_validate_json((folder / "ffi.json").read_text())


def test_every_rust_function_is_called_on_every_path_at_every_size(crossing: FfiResults) -> None:
    seen = {(each.function, each.path, each.rows) for each in crossing.calls if each.language == "rust"}
    for name in omega.functions():
        if omega.spec(name).language == "rust":
            for path in ("numpy", "columns", "pyarrow", "polars", "grouped"):
                assert {(name, path, rows) for rows in (1, 1_000, 2_000)} <= seen


def test_every_indicator_is_updated_bar_by_bar(crossing: FfiResults) -> None:
    updated = {each.function for each in crossing.updates if each.path == "stream"}
    assert updated == {name for name in omega.functions() if omega.spec(name).kind == "rowwise"}


def test_every_call_with_one_row_has_a_gate(crossing: FfiResults) -> None:
    single = sum(each.rows == 1 for each in crossing.calls)
    assert len(crossing.gates) == single + len(crossing.scaling)


def test_records_are_built_apart_from_crossing(crossing: FfiResults) -> None:
    assert {each.rows for each in crossing.building} == {1, 1_000}
    assert any("pydantic" in each.builder for each in crossing.building)


def test_the_factor_is_a_thousand_single_calls_over_one(crossing: FfiResults) -> None:
    assert crossing.amortisation
    for each in crossing.amortisation:
        assert each.factor == pytest.approx(each.thousand_calls_ns / each.one_call_ns)


@pytest.mark.julia
def test_julia_is_called_from_one_thread_and_from_many(crossing: FfiResults) -> None:
    assert {each.threads for each in crossing.throughput if each.language == "julia"} == {1, 4, 8}


@pytest.mark.julia
def test_models_are_timed_where_they_fit_and_where_they_refuse(crossing: FfiResults) -> None:
    garch = [each for each in crossing.calls if each.function == "volatility.garch"]
    assert {(each.rows, each.refused) for each in garch} == {(1, "NOT_ENOUGH_DATA"), (100, None)}


def test_the_results_say_where_they_were_measured(crossing: FfiResults) -> None:
    assert crossing.machine.cores >= 1
    assert {distribution.NAME, "numpy", "pyarrow", "polars"} <= set(crossing.machine.versions)


def test_the_page_needs_nothing_from_elsewhere(crossing: FfiResults, folder: Path) -> None:
    assert crossing.suite == "ffi"
    assert needs_nothing(folder / "ffi.html")


def test_the_page_is_small_and_has_a_verdict_for_every_aim(crossing: FfiResults, folder: Path) -> None:
    text = (folder / "ffi.html").read_text()
    assert len(text) < 1_000_000
    assert text.count("✓ reached") + text.count("✗ missed") == len(crossing.aims)
    assert "`" not in text[: text.index("<script")]


@pytest.mark.parametrize("width", [browser.PHONE, browser.DESKTOP])
def test_a_browser_draws_the_page_without_a_complaint_or_a_sideways_scroll(
    crossing: FfiResults, folder: Path, tmp_path: Path, width: int
) -> None:
    assert crossing.calls
    opened = browser.shown(folder / "ffi.html", tmp_path, width)
    assert (opened.problems, opened.empty) == ([], [])
    assert opened.width <= width


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--gate"], 1)])
def test_only_with_gate_does_a_broken_gate_end_with_one(
    monkeypatch: pytest.MonkeyPatch, options: list[str], status: int
) -> None:
    monkeypatch.setattr(commands, "run_ffi", lambda **_: False)
    assert CliRunner().invoke(commands.app, ["ffi", *options]).exit_code == status


@pytest.mark.peers
@pytest.mark.slow
def test_peers_agree_and_are_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "QUICK", TINY_PEERS)
    assert commands.run_peers(quick=True, out=tmp_path)
    results = PeersResults.model_validate_json((tmp_path / "peers.json").read_text())
    rust = {name for name in omega.functions() if omega.spec(name).language == "rust"}
    once = {name for name in rust if peer_table.of(name).window is None}
    assert {each.function for each in results.batches} == once
    assert {each.function for each in results.parity} >= rust
    assert {"TA-Lib", "empyrical-reloaded", "arch", "hmmlearn"} <= set(results.machine.versions)
    assert needs_nothing(tmp_path / "peers.html")


@pytest.mark.peers
def test_what_does_not_agree_is_not_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    different = Parity(
        function="ta.sma",
        output="sma",
        peer="TA-Lib",
        data="bars",
        rows=10,
        difference=0.5,
        allowed=1e-9,
        measure="relative difference",
        passed=False,
    )
    monkeypatch.setattr(peers, "QUICK", TINY_PEERS)
    monkeypatch.setattr(parity, "kernels", lambda _: [different])
    monkeypatch.setattr(parity, "models", lambda *_: [])
    assert CliRunner().invoke(commands.app, ["peers", "--quick", "--out", str(tmp_path)]).exit_code == 1
    written = json.loads((tmp_path / "peers.json").read_text())
    assert written["batches"] == written["updates"] == written["models"] == []
