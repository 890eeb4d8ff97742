"""The shapes that cross languages: records, function specs, and what counts as Arrow data.

Records are one row of a table each; their fields are generated from `schemas/tables`. A `FunctionSpec` says
all there is to know about a function without calling it; Rust and Julia publish theirs as JSON of this shape.
"""

from typing import Literal, Protocol, Self, runtime_checkable

from omega.shared import _spec_text
from omega.shared._record import ExactDecimal, Finite, Int64, Record, UtcDatetime
from omega.shared._records import (
    Bar,
    BenchmarkedReturn,
    EquityPoint,
    Fill,
    IndicatorValue,
    Order,
    Position,
    Quote,
    Rating,
    Return,
    Signal,
    Trade,
)
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "ArrowArray",
    "ArrowStream",
    "Bar",
    "BenchmarkedReturn",
    "EquityPoint",
    "ExactDecimal",
    "Fill",
    "Finite",
    "FunctionSpec",
    "IndicatorValue",
    "Input",
    "Int64",
    "Order",
    "Output",
    "Parameter",
    "Position",
    "Quote",
    "Rating",
    "Record",
    "Return",
    "Signal",
    "Trade",
    "UtcDatetime",
]

NAME = r"^[a-z][a-z0-9_]*$"


@runtime_checkable
class ArrowArray(Protocol):
    """Hands out one Arrow array or record batch: pyarrow, arro3, nanoarrow."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """A schema capsule and an array capsule."""


@runtime_checkable
class ArrowStream(Protocol):
    """Hands out Arrow batches one after the other: pyarrow, polars, pandas, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A stream capsule."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_none(value: object) -> bool:
    return value is None


class Input(_Part):
    """One column that a function reads."""

    name: str = Field(pattern=NAME)
    """Its keyword."""
    type: str
    """Its Arrow type: `float64`, or `timestamp[us, UTC]`, which a kernel gets as microseconds since 1970."""
    summary: str
    """What it is, in a few words."""
    role: Literal["series", "column", "count"]
    """Any series, such as another column or the answer of another function; one column and no other; or any
    series of numbers of rows, as a parameter that is another in each row."""
    column: str | None
    """The column of the data that is read when the caller names no other; None for one that no table has."""
    minimum: str | None = Field(default=None, exclude_if=_is_none)
    """Of a count, the parameter that stands for what is less than it."""
    maximum: str | None = Field(default=None, exclude_if=_is_none)
    """Of a count, the parameter that stands for what is more."""
    many: bool
    """Whether it is any number of columns, each with a name of its own, such as one for each asset."""


class Parameter(_Part):
    """One number that a caller may choose."""

    name: str = Field(pattern=NAME)
    """Its keyword."""
    type: Literal["int", "float", "bool", "choice"]
    """What it may be."""
    default: bool | int | float | str
    """What it is when the caller says nothing."""
    minimum: float | None
    """The least allowed value."""
    maximum: float | None
    """The greatest allowed value."""
    exclusive: bool
    """Whether `minimum` and `maximum` themselves are refused."""
    less_than: str | None
    """Another parameter that this one must stay below."""
    choices: tuple[str, ...]
    """The allowed words of a choice; empty otherwise."""
    unit: str
    """What it is counted in, as in `rows` or `per_year`; empty for a pure number."""
    summary: str
    """What it does, in a sentence."""

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Self:
        """A default that its own function would refuse is a mistake of the author."""
        if self.type == "choice":
            if self.default not in self.choices:
                raise ValueError(
                    f"{self.name}: the default must be one of {self.choices}, got `{self.default}`"
                )
        elif isinstance(self.default, str):
            raise ValueError(f"{self.name}: the default must be a number, got `{self.default}`")
        else:
            low = -float("inf") if self.minimum is None else self.minimum
            high = float("inf") if self.maximum is None else self.maximum
            inside = low < self.default < high if self.exclusive else low <= self.default <= high
            if not inside:
                raise ValueError(f"{self.name}: the default must lie in its range, got `{self.default}`")
        return self


class Output(_Part):
    """One column, number or table that a function returns."""

    name: str = Field(pattern=NAME)
    """Its name in the answer."""
    type: str
    """Its Arrow type: `float64`, `int64` or `bool`."""
    axes: tuple[str, ...]
    """What its values run along: none for one number, `("row",)` for a column as long as the input."""
    unit: str
    """What it is counted in, as in `price`, `price_change` or `percent`; empty for a pure number.

    A unit says how the output scales and moves with the data: `omega_contract::spec::Unit` defines each.
    """
    undefined: bool
    """Whether it may be missing after the warm-up by its nature, as a ratio to nothing."""
    role: Literal["estimate", "standard_error", "lower", "upper", "fit", "search"] | None = None
    """Where it stands in the summary of a fitted model: an estimate, its error or the ends of its interval, a
    number about the fit as a whole, or about the search that found it. None for what no summary shows."""
    of: str | None = Field(default=None, pattern=NAME)
    """The estimate whose error or bound it is."""
    summary: str
    """What it is, in a sentence."""


class FunctionSpec(_Part):
    """Everything there is to know about a function without calling it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    """`module.function`, as in `ta.rsi`."""
    group: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$")
    """What it is kept with among many of its module, as in `momentum`; empty where a module has no groups."""
    language: Literal["rust", "julia"]
    """The language it is written in."""
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    """Its semantic version: the major rises when the numbers change."""
    kind: Literal["rowwise", "reduction", "model", "simulation"]
    """How rows in relate to rows out."""
    memory: Literal["fading", "cumulative", "session", "whole"]
    """What its state remembers, which decides what `nulls="propagate"` means for it."""
    keeps_rows: bool = False
    """Whether every row that an answer is made of is kept: memory and snapshots then grow with the rows."""
    summary: str = Field(min_length=1)
    """What comes back, in one sentence."""
    description: str
    """Conventions, edge cases and formula."""
    references: tuple[str, ...]
    """Papers, books and reference implementations."""
    table: str
    """The table schema that holds the inputs."""
    inputs: tuple[Input, ...]
    """The columns it reads, in the order a kernel takes them."""
    parameters: tuple[Parameter, ...]
    """The numbers a caller may choose, in the order a kernel takes them."""
    outputs: tuple[Output, ...]
    """What it returns, in order."""
    warm_up: str
    """Which rows have no value yet, as a sentence; empty where all have one. `warm_up_rows` counts them."""
    errors: tuple[str, ...]
    """Codes that this function may raise beyond those of the door."""

    @model_validator(mode="after")
    def _errors_and_bounds_are_of_an_estimate(self) -> Self:
        estimates = {each.name: each.axes for each in self.outputs if each.role == "estimate"}
        for each in self.outputs:
            is_of_one = each.role in {"standard_error", "lower", "upper"}
            if is_of_one != (each.of is not None) or (is_of_one and estimates.get(str(each.of)) != each.axes):
                raise ValueError(f"{each.name}: {each.role} of {each.of}, among {list(estimates)}")
        return self

    @property
    def module(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    def __repr__(self) -> str:
        """All of it, a line for each fact; `model_dump()` is the same as data."""
        return _spec_text.text(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """The same, for notebooks."""
        return _spec_text.html(self)
