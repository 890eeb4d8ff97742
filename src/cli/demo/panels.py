"""What the report shows of one symbol: words, lines, a figure, and the code that makes the numbers."""

from __future__ import annotations

from dataclasses import dataclass

import omega
from omega.cli.demo.charts import Charts, Draw, Key
from omega.cli.demo.models import MODELS
from omega.cli.page import AMBER, BLUE, GREY, RED, TEAL, VIOLET


def default(function: str, parameter: str) -> float | int | str:
    """What a function takes where nothing else is said: the demo says nothing else.

    >>> default("ta.rsi", "period")
    14
    """
    return next(each.default for each in omega.spec(function).parameters if each.name == parameter)


def _chosen(model: str) -> str:
    return "".join(f", {name}={value}" for name, value in MODELS[model].items())


@dataclass(frozen=True)
class Panel:
    """One figure: it is drawn where the data have the columns, or the model an answer."""

    name: str
    heading: str
    caption: str
    code: str
    draw: Draw
    keys: tuple[Key, ...] = ()
    needs: tuple[str, ...] = ()
    model: str | None = None
    size: str = ""


_RSI, _ADX, _ATR = (default(f"ta.{name}", "period") for name in ("rsi", "adx", "atr"))
_SMA, _EMA = (default(f"ta.{name}", "period") for name in ("sma", "ema"))
_BANDS = f"{default('ta.bbands', 'period')} days, {default('ta.bbands', 'deviations_up'):g} deviations"
_MACD = tuple(default("ta.macd", f"{name}_period") for name in ("fast", "slow", "signal"))

#: One below the other over the same dates.
PANES = (
    Panel(
        "price",
        "Price",
        f"{{points}}, log scale. Shaded: Bollinger bands ({_BANDS}).",
        f"omega.ta.sma(bars, period={_SMA})\nomega.ta.ema(bars, period={_EMA})\nomega.ta.bbands(bars)",
        Charts.price,
        (
            Key("open", "Open", GREY, "price"),
            Key("high", "High", GREY, "price"),
            Key("low", "Low", GREY, "price"),
            Key("close", "Close", BLUE, "price"),
            Key("sma", f"SMA {_SMA}", TEAL),
            Key("ema", f"EMA {_EMA}", AMBER),
            Key("bbands_upper", "Upper band", BLUE),
            Key("bbands_lower", "Lower band", BLUE),
        ),
        needs=("close",),
        size="tall",
    ),
    Panel(
        "volume",
        "Volume",
        "Shares a day, in the colour of the day.",
        'bars["volume"]',
        Charts.volume,
        (Key("volume", "Volume", GREY, "large"),),
        needs=("volume",),
        size="low",
    ),
    Panel(
        "rsi",
        f"Relative strength index, {_RSI} days",
        "Above 70 counts as overbought, below 30 as oversold.",
        f"omega.ta.rsi(bars, period={_RSI})",
        Charts.rsi,
        (Key("rsi", "RSI", VIOLET, "percent"),),
        needs=("rsi",),
    ),
    Panel(
        "macd",
        "MACD, {} − {} days".format(*_MACD),
        f"A fast average less a slow one; the signal is its average of {_MACD[2]} days. {{points}}.",
        "omega.ta.macd(bars, fast_period={}, slow_period={}, signal_period={})".format(*_MACD),
        Charts.macd,
        (
            Key("macd_macd", "MACD", BLUE),
            Key("macd_signal", "Signal", AMBER),
            Key("macd_histogram", "Difference", GREY),
        ),
        needs=("macd_macd", "macd_signal", "macd_histogram"),
    ),
    Panel(
        "adx",
        f"Strength of trend (ADX), {_ADX} days",
        "Up or down alike; above 25 one speaks of a trend.",
        f"omega.ta.adx(bars, period={_ADX})",
        Charts.adx,
        (Key("adx", "ADX", VIOLET),),
        needs=("adx",),
    ),
    Panel(
        "atr",
        f"Average true range, {_ATR} days",
        "How far price moves in a day, gaps included. {points}.",
        f"omega.ta.atr(bars, period={_ATR})",
        Charts.atr,
        (Key("atr", "ATR", AMBER),),
        needs=("atr",),
    ),
    Panel(
        "obv",
        "On-balance volume",
        "Volume of rising days less that of falling days, since the first one.",
        "omega.ta.obv(bars)",
        Charts.obv,
        (Key("obv", "OBV", TEAL, "large"),),
        needs=("obv",),
    ),
)

_GARCH = f"fit = omega.volatility.garch(returns{_chosen('volatility.garch')})"
_MARKOV = f"fit = omega.regimes.hidden_markov(returns{_chosen('regimes.hidden_markov')})"
_RESAMPLING = "simulation.stationary_bootstrap"
_BOOTSTRAP = f"fit = omega.{_RESAMPLING}(returns{_chosen(_RESAMPLING)})"
_HISTORIES = f"{MODELS[_RESAMPLING]['replications']:,} resampled histories"
_CUTOFF, _CONFIDENCE = (default(_RESAMPLING, name) for name in ("cutoff", "confidence"))

#: Each in a card of its own, after the panes.
MODEL_PANELS = (
    Panel(
        "regimes",
        "Calm and turbulent regimes",
        "Shaded: probability, 0 to 100 %, that the day belongs to the turbulent state of a two-state hidden "
        "Markov model, given all days. Line: close, log scale.",
        f"{_MARKOV}\nfit.posterior.column(1)  # the state of greater deviation",
        Charts.regimes,
        (Key("turbulent", "Turbulent", RED, "percent"), Key("close", "Close", BLUE, "price")),
        model="regimes.hidden_markov",
        size="wide",
    ),
    Panel(
        "volatility",
        "Conditional volatility",
        "GARCH(1,1): deviation of the day's return given the days before, as a yearly rate in percent. "
        "Dashed: the level that it tends to.",
        f"{_GARCH}\nfit.conditional_volatility  # a day; times 100 √252 in the chart",
        Charts.volatility,
        (Key("volatility", "Volatility", AMBER, "percent"),),
        model="volatility.garch",
        size="third",
    ),
    Panel(
        "forecast",
        "Volatility forecast",
        "The last fitted days (line), and the forecast on its way to the long-run level (dashed). "
        "Percent a year.",
        f"{_GARCH}\nfit.forecast_variance  # a day; 100 √(252 v) in the chart",
        Charts.forecast,
        model="volatility.garch",
        size="third",
    ),
    Panel(
        "bootstrap",
        "How sure is value at risk?",
        f"The return that {_CUTOFF:.0%} of days fall below, in {_HISTORIES}. Red: estimate. "
        f"Shaded: {_CONFIDENCE:.0%} interval. The bars are lumpy, and rightly so: a quantile of resampled "
        "returns is one of the few returns near that place, or lies between two of them.",
        f"{_BOOTSTRAP}\nfit.value_at_risk, fit.lower, fit.upper\nfit.replications  # what the bars count",
        Charts.bootstrap,
        model=_RESAMPLING,
        size="third",
    ),
)
