"""What the table of peers says is what the peers are asked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from omega.functions import peers

from benchmarks import references

pytestmark = pytest.mark.peers


def test_a_rolling_metric_is_the_peers_metric_of_every_window(monkeypatch: pytest.MonkeyPatch) -> None:
    import empyrical

    def complete(_: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"periods": 252.0, **given}

    monkeypatch.setattr(references, "complete", complete)
    monkeypatch.setattr(references, "outputs", lambda _: ("volatility",))
    returns = np.random.default_rng(1).normal(0, 0.01, 30)
    peer = peers.of("risk.rolling_volatility")
    answer = references.answer(peer, {"returns": returns}, {"window": 5, "periods": 12.0})["volatility"]
    assert np.isnan(answer[:4]).all()
    for row in range(4, 30):
        assert answer[row] == empyrical.annual_volatility(returns[row - 4 : row + 1], annualization=12)


def test_a_function_without_a_peer_says_where_to_name_one() -> None:
    with pytest.raises(KeyError, match=r"src/schemas/peers/"):
        peers.of("ta.no_such_thing")


def test_parameters_go_by_the_peers_names_and_units_come_back_as_omegas() -> None:
    assert peers.of("ta.macd").keywords({"fast_period": 2, "slow_period": 3, "signal_period": 1}) == {
        "fastperiod": 2,
        "slowperiod": 3,
        "signalperiod": 1,
    }
    garch = peers.of("volatility.garch")
    assert (garch.scaled("inputs"), garch.scaled("omega"), garch.scaled("alpha")) == (100.0, 1e-4, 1.0)
