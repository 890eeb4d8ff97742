"""Values of every contract type, with the extremes that another language might get wrong."""

from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from omega.shared import tables
from omega.shared.protocols import Record
from omega.shared.tables import TableField

T = TypeVar("T", bound=Record)

EXACT = Context(prec=60)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# The bounds are wall-clock times: hypothesis adds the zone itself.
times = st.datetimes(
    datetime(1700, 1, 1),  # noqa: DTZ001
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    """Every decimal with at most `digits` digits, `scale` of them after the point."""
    largest = 10**digits - 1
    return st.integers(-largest, largest).map(lambda units: Decimal(units).scaleb(-scale, EXACT))


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "utf8": texts,
    "timestamp[us, UTC]": times,
    "decimal128(38, 12)": decimals(28, 12),
}


def values(field: TableField) -> st.SearchStrategy[Any]:
    """What a field may hold."""
    rules = field.constraints
    if "choices" in rules:
        one: st.SearchStrategy[Any] = st.sampled_from(rules["choices"])
    elif field.type.startswith("list<"):
        one = st.lists(SCALARS[field.type[5:-1]], max_size=4).map(tuple)
    elif field.type == "int64":
        one = st.integers(rules.get("minimum", -(2**63)), rules.get("maximum", 2**63 - 1))
    elif field.type == "float64":
        one = st.floats(rules.get("minimum"), rules.get("maximum"), allow_nan=False, allow_infinity=False)
    else:
        one = SCALARS[field.type]
        if "above" in rules:
            one = one.filter(lambda value: value > rules["above"])
        if "min_length" in rules:
            one = one.filter(lambda value: len(value) >= rules["min_length"])
    return st.none() | one if field.nullable else one


def records(model: type[T]) -> st.SearchStrategy[T]:
    """Rows of a table."""
    return st.builds(model, **{field.name: values(field) for field in tables.load(model.table).fields})
