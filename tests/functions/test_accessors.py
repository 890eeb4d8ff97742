"""`frame.omega`, `series.omega` and `pl.col("close").omega`: the functions of what stands before the dot."""

import gc
import inspect
import json
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pytest
from omega.functions import accessors, arrivals
from omega.shared.exceptions import (
    InvalidTypeError,
    MissingColumnError,
    ParameterOutOfRangeError,
    UnknownFunctionError,
    UnknownParameterError,
)

from tests.functions.market import MODELS, SPECS, every, inputs, same_bits, typed, walk

BARS = walk(60)
POLARS = pl.DataFrame(BARS)
PANDAS = pd.DataFrame(BARS, index=pd.RangeIndex(100, 160))
SERIES = {"polars": POLARS["close"], "pandas": PANDAS["close"]}


def of(holder: Any) -> Any:
    """The accessor, which no type checker knows of."""
    return holder.omega


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame, pd.DataFrame])
def test_the_accessor_of_a_frame_is_the_call_of_each_function(make: Callable[[Any], Any]) -> None:
    def law(name: str) -> None:
        if name in MODELS:
            return
        module, _, function = name.partition(".")
        data = make(inputs(name, 60))
        called, short = getattr(getattr(of(data), module), function)(), getattr(of(data), function)
        answer = omega.call(name, data)
        for one in (called, short()):
            assert type(one) is type(answer)
            assert np.array_equal(np.asarray(one), np.asarray(answer), equal_nan=True)

    every([name for name in SPECS if name != "risk.volatility"], law)


@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_numbers_by_position_are_parameters_in_their_order(series: Any) -> None:
    assert same_bits(of(series).rsi(7), omega.ta.rsi(BARS["close"], period=7))
    lines = omega.ta.macd(BARS["close"], fast_period=3, slow_period=7, signal_period=4)
    assert same_bits(of(series).ta.macd(3, 7, signal_period=4)["macd"], lines.macd)
    assert type(of(series).rsi(7)) is type(series)


def test_an_expression_has_the_functions_too() -> None:
    close: Any = pl.col("close")
    high: Any = pl.col("high")
    frame = POLARS.select(
        close.omega.rsi(14),
        high.omega.atr("low", "close", 5),
        named=high.omega.ta.atr(low=pl.col("low"), close="close", period=5),
        risk=close.pct_change().omega.sharpe_ratio(12, 0.0),
    )
    assert same_bits(frame["rsi"], omega.ta.rsi(BARS["close"], period=14))
    assert same_bits(frame["atr"], omega.ta.atr(BARS, period=5))
    assert same_bits(frame["named"], frame["atr"])
    assert frame["risk"][0] == omega.risk.sharpe_ratio(POLARS["close"].pct_change(), periods=12)


def test_columns_come_before_numbers_by_name_or_as_they_are() -> None:
    assert same_bits(of(PANDAS).sma("volume", 5), omega.ta.sma(BARS["volume"], period=5))
    assert same_bits(of(PANDAS["close"]).obv(PANDAS["volume"]), omega.ta.obv(BARS))
    assert of(PANDAS).rsi("close", 5, name="fast").name == "fast"
    assert of(PANDAS).rsi().index.equals(PANDAS.index)


@pytest.mark.parametrize(
    ("error", "said", "call"),
    [
        (InvalidTypeError, r"omega.rsi\(period\)`?, got `14, 3`", lambda: of(POLARS["close"]).rsi(14, 3)),
        (InvalidTypeError, "a number for each parameter", lambda: of(POLARS).rsi(14, "close")),
        (InvalidTypeError, "that has no keyword", lambda: of(POLARS).rsi(14, period=14)),
        (InvalidTypeError, r"omega.obv\(volume\)", lambda: of(POLARS["close"]).obv(3)),
        (InvalidTypeError, "2 columns", lambda: of(POLARS).rsi(POLARS["close"])),
        (MissingColumnError, "missing", lambda: of(POLARS["close"]).atr(14)),
        (MissingColumnError, "missing", lambda: of(pl.col("close")).atr(14)),
        (ParameterOutOfRangeError, "period", lambda: of(pl.col("close")).rsi(1)),
        (UnknownParameterError, "`period`", lambda: of(PANDAS).rsi(perid=3)),
        (UnknownFunctionError, "`ta`", lambda: of(PANDAS).ta()),
        (AttributeError, "the nearest is `ta.rsi`", lambda: of(PANDAS).rsii),
        (AttributeError, "the nearest is `ta.rsi`", lambda: of(PANDAS).ta.rsii),
        (AttributeError, "`risk.rsi`", lambda: of(PANDAS).risk.rsi),
    ],
)
def test_what_cannot_be_meant_is_refused(
    error: type[Exception], said: str, call: Callable[[], object]
) -> None:
    with pytest.raises(error, match=said):
        call()


def test_a_name_that_modules_share_has_to_be_said_with_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accessors, "_names", lambda: [("ta", "beta"), ("risk", "beta"), ("ta", "rsi")])
    accessors._having.cache_clear()
    try:
        assert dir(of(PANDAS)) == sorted(["rsi", *{spec.module for spec in SPECS.values()}])
        with pytest.raises(AttributeError, match=r"several modules .*: ta.beta, risk.beta"):
            of(PANDAS).beta()
    finally:
        accessors._having.cache_clear()


def test_a_function_that_is_called_as_a_module_is_called_as_one() -> None:
    returns = PANDAS["close"].pct_change()
    assert of(returns).volatility(12) == omega.risk.volatility(returns, periods=12)
    assert dir(of(returns).volatility) == ["ewma", "garch"]


def test_an_editor_sees_the_functions_their_help_and_their_parameters() -> None:
    names = {name.partition(".")[2] for name in SPECS}
    modules = {spec.module for spec in SPECS.values()}
    assert set(dir(of(PANDAS))) == names | modules
    assert set(dir(of(PANDAS).ta)) == {name.partition(".")[2] for name in SPECS if SPECS[name].module == "ta"}
    assert "rsi" in repr(of(PANDAS).ta)

    def law(name: str) -> None:
        module, _, function = name.partition(".")
        method = getattr(getattr(of(PANDAS), module), function)
        assert (inspect.getdoc(method) or "").startswith(inspect.getdoc(typed(name)) or "?")
        assert (method.__name__, method.__module__) == (function, f"omega.{module}")
        own = list(inspect.signature(method).parameters)
        spec = SPECS[name]
        assert own[: len(spec.parameters)] == [each.name for each in spec.parameters]
        assert {each.name for each in spec.inputs} | {"nulls", "by", "name"} <= set(own)
        assert not {"data", "columns", "unknown"} & set(own)

    every(SPECS, law)


def test_a_column_of_this_name_is_read_as_ever() -> None:
    """As of `parameters` of a GARCH model, which have an `omega` of their own."""
    frame = pd.DataFrame({"omega": [0.1, 0.2], "alpha": [0.3, 0.4]})
    assert of(frame).to_list() == [0.1, 0.2]
    assert of(frame.loc[0]) == 0.1
    assert isinstance(of(frame[["alpha"]]), accessors.Accessor)
    assert isinstance(of(frame["omega"]), accessors.Accessor)
    assert isinstance(of(pl.DataFrame(frame)), accessors.Accessor)


@pytest.mark.parametrize("make", [lambda: POLARS[:5], lambda: POLARS["close"][:5], PANDAS[:5].copy])
def test_an_accessor_keeps_no_data_in_memory(make: Callable[[], Any]) -> None:
    gc.disable()
    try:
        data = make()
        gone = weakref.ref(data)
        of(data).rsi(3)
        del data
        assert gone() is None
    finally:
        gc.enable()


def run(script: str, folder: Path | None = None) -> Any:
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


USED = """
import json
print(json.dumps([
    pl.DataFrame({"close": [1.0, 2.0, 4.0]}).omega.sma(2).to_list(),
    pd.DataFrame({"close": [1.0, 2.0, 4.0]}).omega.sma(2).fillna(0).to_list(),
    [type(finder).__name__ for finder in sys.meta_path].count("_Arrivals"),
    [type(library.__spec__.loader).__name__ for library in (pl, pd)],
    [sorted(vars(library.__spec__.loader)) for library in (pl, pd)],
    pl.__spec__.loader is pl.__loader__,
]))
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import sys, omega\nimport pandas as pd, polars as pl",
        "import sys\nimport pandas as pd, polars as pl\nimport omega",
        "import sys, polars as pl\nimport omega\nimport pandas as pd",
        "import sys, omega, importlib.util as u; u.find_spec('polars')\nimport pandas as pd, polars as pl",
    ],
)
def test_libraries_may_be_imported_before_omega_or_after_it(imports: str) -> None:
    *answers, left, loaders, kept, same = run(imports + USED)
    assert answers == [[None, 1.5, 3.0], [0.0, 1.5, 3.0]]
    assert left == 0
    assert (loaders, kept, same) == (["SourceFileLoader"] * 2, [["name", "path"]] * 2, True)


def test_importing_omega_imports_neither_and_an_import_that_fails_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text("import flag\nclass Expr: pass\n")
    script = f"""
import json, sys, types
import omega
assert not {{"polars", "pandas"}} & set(sys.modules)
sys.path.insert(0, {str(tmp_path)!r})
try:
    import polars
except ModuleNotFoundError as missing:
    assert missing.name == "flag"
sys.modules["flag"] = types.ModuleType("flag")
import polars
print(json.dumps(polars.Expr.omega.__name__))
"""
    assert run(script) == "Accessor"


def test_an_attribute_of_somebody_else_stays_with_a_warning() -> None:
    class Frame:
        omega = "theirs"

    class Expr:
        pass

    library: Any = ModuleType("polars")
    library.DataFrame, library.Expr = Frame, Expr
    with pytest.warns(UserWarning, match=r"polars.DataFrame has an `omega` that is not"):
        arrivals.register("polars", library)
    assert Frame.omega == "theirs"
    assert of(Expr) is accessors.Accessor


def test_a_sealed_class_and_a_module_that_stands_in_go_without() -> None:
    library: Any = ModuleType("pandas")
    library.DataFrame = int
    arrivals.register("pandas", library)
    assert not hasattr(int, "omega")
