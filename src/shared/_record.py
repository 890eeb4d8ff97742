"""What every record shares: exact, UTC only, never changed, and equal in Python, Rust and Julia."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _utc(value: datetime) -> datetime:
    if value.utcoffset() != timedelta(0):
        raise ValueError(f"a time must be in UTC, got `{value.isoformat()}`")
    return value.astimezone(UTC)


def _no_float(value: object) -> object:
    if isinstance(value, float):
        # ValueError, because pydantic turns no other into its own error.
        raise ValueError(f"a decimal must be a Decimal or text, since a float is not exact, got `{value}`")
    return value


UtcDatetime = Annotated[datetime, AfterValidator(_utc)]
"""A moment in UTC; another zone is refused rather than converted, because it is usually a mistake."""

ExactDecimal = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    Field(strict=False, max_digits=28, decimal_places=12, allow_inf_nan=False),
]
"""At most 16 digits before the point and 12 after it, exactly."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""Neither NaN nor infinite; what is missing is `None`."""

Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""A whole number that the other languages can hold."""


class Record(BaseModel):
    """One row of a table.

    Strict: nothing is guessed or rounded. A time needs a zone, a `Decimal` takes no float, and unknown fields
    are refused. Rust reads and writes the same JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    #: The table whose row it is.
    table: ClassVar[str]

    @classmethod
    def from_arrow(cls, data: object) -> list[Self]:
        """The rows of a table from any Arrow producer; columns are found by name.

        Raises:
            MissingColumnError, SchemaMismatchError, MissingValueError, InvalidRecordError: naming the column.
        """
        return [cls.model_validate_json(row.to_json()) for row in cls._native().from_arrow(data)]

    @classmethod
    def to_arrow(cls, records: Iterable[Self]) -> Any:
        """Records as one Arrow batch, an object with `__arrow_c_array__` and `__arrow_c_stream__`."""
        native = cls._native()
        return native.to_arrow([native.from_json(record.model_dump_json()) for record in records])

    @classmethod
    def _native(cls) -> Any:
        """The class of the same name in Rust."""
        return getattr(import_module("omega._rust").records, cls.__name__)
