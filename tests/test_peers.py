"""Omega agrees with the libraries that people switch from, as the tables in `src/schemas/peers/` say.

Where it means to differ, the function's own description says so, and the table says how.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import omega
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from omega.functions import peers

from benchmarks import parity, references
from tests.functions.market import MODELS, RUST, SHIPPED, SPECS, Floats, every, typed, walk
from tools.market_data import counts

pytestmark = pytest.mark.peers

Market = dict[str, NDArray[Any]]


@cache
def shipped(symbol: str) -> Market:
    """The shipped bars of an index, with their returns and those of the other index."""
    table = pq.read_table(SHIPPED / "index_bars.parquet")
    table = table.filter(pc.equal(table["symbol"], symbol))
    columns = {name: table[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    columns["timestamp"] = table["timestamp"].to_numpy().astype("M8[us]")
    columns["counts"] = counts(len(table))
    return {**columns, "returns": np.diff(columns["close"]) / columns["close"][:-1]}


def with_benchmark(market: Market, other: Market) -> Market:
    return {**market, "benchmark": other["returns"]}


MARKETS: dict[str, Callable[[], Market]] = {
    "SPX": lambda: with_benchmark(shipped("SPX"), shipped("IXIC")),
    "IXIC": lambda: with_benchmark(shipped("IXIC"), shipped("SPX")),
    **{
        f"random walk {seed}": partial(
            lambda seed: with_benchmark(walk(3000, seed), walk(3000, seed + 1)), seed
        )
        for seed in range(3)
    },
    "short random walk": lambda: with_benchmark(walk(120, 9), walk(120, 8)),
}


def test_every_function_has_a_peer() -> None:
    every(SPECS, peers.of)


def test_the_table_names_functions_inputs_outputs_and_parameters_that_there_are() -> None:
    def known(name: str) -> None:
        peer, spec = peers.of(name), SPECS[name]
        assert sorted(peer.inputs) == sorted(each.name for each in spec.inputs)
        assert not peer.outputs or sorted(peer.outputs) == sorted(each.name for each in spec.outputs)
        parameters = {each.name for each in spec.parameters}
        assert parameters >= {*peer.parameters, *({peer.window} if peer.window else ())}
        assert all(parameters >= case.parameters.keys() for case in peer.cases)
        assert {each.name for each in spec.outputs} >= peer.compare.keys()
        assert peer.adapter is None or peer.adapter in references.ADAPTERS
        assert peer.start == 0 or spec.kind == "rowwise"

    every(SPECS, known)
    assert set(peers.entries()) <= set(SPECS)


def test_the_sources_of_a_function_name_the_peer_that_the_table_names() -> None:
    def named(name: str) -> None:
        peer = peers.of(name)
        sources = SPECS[name].references
        assert any(peer.library in each and peer.name in each for each in sources), f"{peer.name}: {sources}"

    every(peers.entries(), named)


@pytest.mark.parametrize("name", RUST)
def test_a_function_agrees_with_its_peer_on_every_market(name: str) -> None:
    peer = peers.of(name)
    for label, market in MARKETS.items():
        # Where the peer is called for every window, a few hundred rows are work enough.
        read = references.columns(peer, market(), None if peer.window is None else 500)
        for case in peer.cases:
            expected = references.answer(peer, read, case.parameters)
            found = answers(name, typed(name)(read, **case.parameters))
            for output, values in expected.items():
                compare(peer, read, found[output], values, f"{label}, {dict(case.parameters)}, {output}")


def answers(name: str, answer: Any) -> Mapping[str, Floats]:
    """What Omega answered, by output."""
    values = answer if isinstance(answer, tuple) else (answer,)
    columns = [np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in values]
    return dict(zip([each.name for each in SPECS[name].outputs], columns, strict=True))


def compare(peer: peers.PeerFunction, read: Market, found: Floats, expected: Floats, what: str) -> None:
    found, expected = found[peer.start :], expected[peer.start :]
    assert np.isnan(found).tolist() == np.isnan(expected).tolist(), what
    # The peer's own rounding, where a difference nears zero, is of the size of what went in.
    numbers = (column for column in read.values() if column.dtype.kind == "f")
    largest = max(float(np.nanmax(np.abs(column))) for column in numbers)
    np.testing.assert_allclose(
        found, expected, rtol=peer.tolerance, atol=peer.rounding * largest, err_msg=what
    )


@pytest.mark.julia
@pytest.mark.parametrize("name", MODELS)
def test_a_model_agrees_with_its_peer(name: str) -> None:
    peer = peers.of(name)
    # As quick as it is timed, from two starts where it takes some: the vectors have the best of many.
    few = dict(peer.timed.constants or peer.constants)
    if "starts" in few:
        few["starts"] = 2
    asked = {tuple(case.parameters.items()) for case in peer.cases}
    wrong = [
        str(each)
        for market in ("SPX", "IXIC", "random walk 1")
        for given in sorted(asked, key=str)
        for each in parity.model(
            peer, references.columns(peer, MARKETS[market](), peer.rows), market, dict(given), few
        )
        # A walk of constant variance has a flat likelihood: where its top lies says nothing.
        if not each.passed and (market != "random walk 1" or each.output not in beside_the_top(peer))
    ]
    assert not wrong, "\n".join(wrong)


def beside_the_top(peer: peers.PeerFunction) -> set[str]:
    """The outputs of a search that are not what it maximises."""
    searched = {output for output, wanted in peer.compare.items() if "not_below" in wanted}
    return peer.compare.keys() - searched if searched else set()


@pytest.mark.julia
@pytest.mark.parametrize("states", [2, 3])
def test_the_states_of_a_chain_ascend_and_share_each_row(states: int) -> None:
    found = omega.regimes.hidden_markov(MARKETS["SPX"]()["returns"][:1000], states=states)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1.0, rtol=1e-9)
    assert (np.diff(found.standard_deviations) >= 0).all()
