"""Writes `tests/vectors/`: what independent implementations answer on real data.

The table of peers in `src/schemas/peers/` says which function of which library, and at which parameters.
The libraries are those that `make setup` installs, at the versions of `constraints.txt`::

    python -m tools.make_vectors --only ta.cci    # one function; any number of names
    python -m tools.make_vectors                  # every function, after a release of a peer
    python -m tools.make_vectors --data           # the rows that go in, from the shipped data
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # also where this file is run by its path

import numpy as np  # noqa: E402
import omega  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
from omega.data import load  # noqa: E402
from omega.functions import peers  # noqa: E402
from omega.functions.peers import Case, PeerFunction  # noqa: E402

from benchmarks import references  # noqa: E402
from tools.market_data import counts  # noqa: E402

VECTORS = ROOT / "tests" / "vectors"
DATA = VECTORS / "data"

Columns = dict[str, Any]

#: The first case of a function has every row so far: whatever goes wrong between two chosen rows shows there.
DENSE = 250
#: So many rows of each case are chosen.
CHOSEN = 40


def write_data() -> None:
    """The rows that go in: bars, with times in microseconds and with counts, and returns of two indices."""
    table = load("index_bars")
    names = ("open", "high", "low", "close", "volume")
    series = {symbol: table.filter(pc.equal(table["symbol"], symbol)) for symbol in ("SPX", "IXIC")}
    closes = {symbol: rows["close"].to_numpy()[:1501] for symbol, rows in series.items()}
    returns = {symbol: close[1:] / close[:-1] - 1 for symbol, close in closes.items()}
    times = series["SPX"]["timestamp"].to_numpy().astype("M8[us]").astype(np.int64)
    bars = {name: series["SPX"][name].to_numpy()[:400] for name in names}
    write_columns("bars_SPX", {**bars, "timestamp": times[:400], "counts": counts(400)})
    write_columns("returns_SPX", {"returns": returns["SPX"], "benchmark": returns["IXIC"]})
    write_columns("returns_IXIC", {"returns": returns["IXIC"], "benchmark": returns["SPX"]})


def write_columns(name: str, columns: Columns) -> None:
    """A file of input rows."""
    rows = (",".join(map(shown, row)) for row in zip(*columns.values(), strict=True))
    save(DATA / f"{name}.csv", [",".join(columns), *rows])


def read_columns(name: str) -> Columns:
    """The columns of a file of input rows."""
    path = DATA / f"{name}.csv"
    header = path.read_text("utf-8").partition("\n")[0].split(",")
    values = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return {column: values[:, place].copy() for place, column in enumerate(header)}


def shown(value: float) -> str:
    """All digits; nothing for NaN."""
    return "" if np.isnan(value) else repr(float(value))


def save(path: Path, lines: Iterable[str]) -> None:
    """Writes a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(path.relative_to(ROOT))


def write_vector(name: str) -> None:
    """The file of one function."""
    peer = peers.of(name)
    module, _, function = name.partition(".")
    model = omega.spec(name).kind in {"model", "simulation"}
    cases = list(enumerate(peer.cases))
    body = (line for number, case in cases for line in (long if model else wide)(peer, number, case))
    columns = "case,output,index,value" if model else ",".join(["case", "row", *references.outputs(peer)])
    described = (f"case {number}: {case_line(peer, case)}".rstrip() for number, case in cases)
    comments = [
        f"function: {name}",
        f"reference: {peer.library} {peer.name}, {versions(peer)}",
        *(f"column: {name} is {read_by(peer, name)}" for name in peer.columns),
        *comparisons(peer),
        *described,
    ]
    save(VECTORS / module / f"{function}.csv", [*(f"# {each}" for each in comments), columns, *body])


def versions(peer: PeerFunction) -> str:
    """Which release answered."""
    found = f"{peer.package} {version(peer.package)}"
    if peer.module == "talib":
        import talib

        found += f" (C library {talib.__ta_version__.decode().split()[0]})"  # type: ignore[attr-defined]
    return found


def read_by(peer: PeerFunction, name: str) -> str:
    """The column that an input reads, or those of many."""
    columns = peer.column(name)
    return columns if isinstance(columns, str) else "+".join(columns)


def comparisons(peer: PeerFunction) -> Iterator[str]:
    """Which outputs are compared, and how."""
    compare: Mapping[str, Mapping[Any, float]] = peer.compare or {
        output: {"within": peer.tolerance} for output in references.outputs(peer)
    }
    for output, measure in compare.items():
        for word, amount in measure.items():
            if word != "sampled":  # which takes a whole sample; benchmarks compare those
                yield f"compare: {output} {word} {amount!r}"


def case_line(peer: PeerFunction, case: Case) -> str:
    """The data of a case and its parameters, those that the peer has written out."""
    chosen = references.complete(peer.omega, case.parameters)
    known = [name for name in chosen if name in peer.parameters or name == peer.window]
    return " ".join([f"{case.data}[:{peer.rows}]", *(f"{name}={chosen[name]}" for name in known)])


def wide(peer: PeerFunction, number: int, case: Case) -> Iterator[str]:
    """A line per row. Of a metric, row i is the metric of rows 0 to i."""
    read = references.columns(peer, read_columns(case.data), peer.rows)
    reduction = omega.spec(peer.omega).kind == "reduction"
    whole = growing(peer, read, case) if reduction else references.answer(peer, read, case.parameters)
    for row in rows_to_write(peer, list(whole.values()), read, dense=DENSE if number == 0 else 0):
        yield ",".join([str(number), str(row), *(shown(values[row]) for values in whole.values())])


def growing(peer: PeerFunction, read: Columns, case: Case) -> Columns:
    """A metric of every number of first rows."""
    answers = [
        references.answer(peer, {name: values[:end] for name, values in read.items()}, case.parameters)
        for end in range(1, peer.rows + 1)
    ]
    return {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}


def long(peer: PeerFunction, number: int, case: Case) -> Iterator[str]:
    """A line per number: its output, its place, its value; of long columns and matrices the chosen rows."""
    read = references.columns(peer, read_columns(case.data), peer.rows)
    for output, values in references.answer(peer, read, case.parameters).items():
        if "sampled" in peer.compare.get(output, {}):
            continue
        matrix = values.reshape(len(values), -1)
        chosen: Iterable[int] = range(len(matrix))
        if len(matrix) > CHOSEN:
            chosen = rows_to_write(peer, list(matrix.T), read)
        for row in chosen:
            for place, value in enumerate(matrix[row], start=row * matrix.shape[1]):
                yield f"{number},{output},{place},{shown(value)}"


def rows_to_write(
    peer: PeerFunction, answers: Sequence[Any], read: Mapping[str, Any], dense: int = 0
) -> list[int]:
    """Where something happens: both ends, the first values, the extremes of what went in and came out, and
    rows at even distances between them. The first `dense` rows are all there.
    """
    rows = len(answers[0])
    found = {peer.start, rows - 3, rows - 2, rows - 1}
    went_in = (column for values in read.values() for column in values.reshape(len(values), -1).T)
    for values in [*answers, *went_in]:
        there = np.flatnonzero(~np.isnan(values))
        if not len(there):
            continue
        first = int(there[0])
        found |= {first - 1, first, first + 1, first + 2}
        found |= {int(np.nanargmax(values)), int(np.nanargmin(values))}
        if len(there) > 1:
            jumps = np.abs(np.diff(values[there]))
            found |= {int(there[1 + int(np.argmax(jumps))])}
    found |= set(np.linspace(peer.start, rows - 1, max(CHOSEN - len(found), 10)).astype(int).tolist())
    found |= set(range(dense))
    return sorted(row for row in found if peer.start <= row < rows)


def main() -> None:
    """Writes the files that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="functions, as `ta.cci`")
    parser.add_argument("--data", action="store_true", help="write the rows that go in, and nothing else")
    options = parser.parse_args()
    if options.data:
        write_data()
    else:
        for name in options.only or omega.functions():
            write_vector(name)


if __name__ == "__main__":
    main()
