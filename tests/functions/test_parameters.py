"""Every parameter is held to its spec: type, range and choices, by name, whichever way the call goes."""

import inspect
import itertools
import math
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import omega
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.shared.exceptions import InvalidTypeError, OmegaError, ParameterOutOfRangeError
from omega.shared.protocols import Parameter

from tests.functions.market import (
    MODELS,
    REDUCTIONS,
    ROWWISE_SHAPES,
    RUST,
    RUST_SHAPES,
    SPECS,
    every,
    inputs,
    one_parameter,
    outputs,
    parameters,
    same_bits,
    typed,
)

Named = tuple[str, Parameter]


def parameters_of(names: Iterable[str]) -> list[Named]:
    return [(name, each) for name in sorted(names) for each in SPECS[name].parameters]


def one_of_each_rule(found: Iterable[Named]) -> list[Named]:
    """The first parameter of each kind of function under each set of rules: one resolver reads them all."""
    chosen: dict[Hashable, Named] = {}
    for name, each in found:
        bounded = each.minimum is not None, each.maximum is not None, each.exclusive
        rules = each.type, *bounded, each.less_than is not None, each.unit == "rows"
        chosen.setdefault((SPECS[name].kind, *rules), (name, each))
    return list(chosen.values())


EVERY = parameters_of(SPECS)
RULES = one_of_each_rule(EVERY)
NUMBERS = [(name, each) for name, each in RULES if each.type in {"int", "float"}]
CHOICES = [(name, each) for name, each in RULES if each.type == "choice"]


def label(value: Any) -> str:
    return value.name if isinstance(value, Parameter) else str(value)


every_rule = pytest.mark.parametrize(("name", "parameter"), RULES, ids=label)
every_number = pytest.mark.parametrize(("name", "parameter"), NUMBERS, ids=label)


def ways(name: str) -> list[Callable[..., Any]]:
    """Every way to give the function a parameter; none gets so far as to read its data."""
    found: list[Callable[..., Any]] = [
        lambda **given: typed(name)(None, **given),
        lambda **given: omega.call(name, None, **given),
        lambda **given: omega.warm_up_rows(name, **given),
    ]
    if SPECS[name].kind == "rowwise":
        found.append(lambda **given: omega.stream(name, **given))
        found.append(lambda **given: omega.FeatureSet({"x": (name, given)}))
    if SPECS[name].kind == "reduction":
        found.append(lambda **given: omega.accumulate(name, **given))
    return found


def outside(parameter: Parameter) -> list[Any]:
    """Numbers just out of range, and far out."""
    step = 1 if parameter.type == "int" else 0.0
    found: list[Any] = []
    for bound, away in ((parameter.minimum, -1), (parameter.maximum, 1)):
        if bound is None:
            continue
        if parameter.exclusive:
            found.append(int(bound) if parameter.type == "int" else bound)
        beyond = int(bound) + away if step else math.nextafter(bound, away * math.inf)
        found += [beyond, away * 10**18 if step else away * 1e300]
    return found


def test_every_number_out_of_range_is_refused_by_name_with_what_is_allowed() -> None:
    def refused(name: str) -> None:
        for parameter in SPECS[name].parameters:
            if parameter.type in {"int", "float"}:
                for value, way in itertools.product(outside(parameter), ways(name)):
                    refused_by(name, parameter, value, way)

    every(SPECS, refused)


def refused_by(name: str, parameter: Parameter, value: Any, way: Callable[..., Any]) -> None:
    with pytest.raises(ParameterOutOfRangeError) as refusal:
        way(**{parameter.name: value})
    assert refusal.value.fields["name"] == parameter.name
    assert type(value)(refusal.value.fields["value"]) == value
    assert refusal.value.fields["allowed"]
    assert refusal.value.function in {name, "omega.FeatureSet"}


@every_number
def test_there_is_something_out_of_range(name: str, parameter: Parameter) -> None:
    assert outside(parameter) or (parameter.minimum is parameter.maximum is None)


def test_the_bounds_of_every_parameter_are_allowed_unless_they_are_exclusive() -> None:
    def allowed(name: str) -> None:
        for parameter in SPECS[name].parameters:
            if parameter.type in {"int", "float"}:
                bounds_are_allowed(name, parameter)

    every(SPECS, allowed)


def bounds_are_allowed(name: str, parameter: Parameter) -> None:
    for bound in (parameter.minimum, parameter.maximum):
        if bound is None or parameter.exclusive or parameter.less_than:
            continue
        given = {parameter.name: int(bound) if parameter.type == "int" else bound}
        for each in SPECS[name].parameters:
            # Room for what must stay below it.
            if each.less_than == parameter.name:
                given[each.name] = int(each.minimum or 0)
                given[parameter.name] = max(given[parameter.name], given[each.name] + 1)
        omega.warm_up_rows(name, **given)


@every_number
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_parameter_is_infinite_or_nan(name: str, parameter: Parameter, value: float) -> None:
    for way in ways(name):
        with pytest.raises((ParameterOutOfRangeError, InvalidTypeError), match=parameter.name):
            way(**{parameter.name: value})


@every_rule
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        b"14",
        [14],
        (14,),
        {},
        1j,
        object(),
        np.array([14]),
        np.array(14.5),
        10**30,
        -(10**30),
        "\ud800",
        "",
        int,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_value_of_another_type_is_refused_by_name(name: str, parameter: Parameter, value: Any) -> None:
    for way in ways(name):
        with pytest.raises((InvalidTypeError, ParameterOutOfRangeError), match=parameter.name):
            way(**{parameter.name: value})


@pytest.mark.parametrize(
    ("name", "parameter"), [(name, each) for name, each in NUMBERS if each.type == "int"], ids=label
)
def test_a_whole_number_is_not_a_float(name: str, parameter: Parameter) -> None:
    for value in (14.5, 14.0, Decimal(14), "14"):
        for way in ways(name):
            with pytest.raises(InvalidTypeError, match=f"{parameter.name} must be a whole number"):
                way(**{parameter.name: value})


@pytest.mark.parametrize(("name", "parameter"), CHOICES, ids=label)
def test_a_choice_is_one_of_its_words(name: str, parameter: Parameter) -> None:
    for value in ("other", parameter.choices[0].upper(), parameter.choices[0] + " "):
        with pytest.raises(ParameterOutOfRangeError) as refusal:
            omega.warm_up_rows(name, **{parameter.name: value})
        assert all(word in refusal.value.fields["allowed"] for word in parameter.choices)
    with pytest.raises(InvalidTypeError):
        omega.warm_up_rows(name, **{parameter.name: 0})


@pytest.mark.parametrize(
    ("name", "parameter"), [(name, each) for name, each in RULES if each.less_than], ids=label
)
def test_a_parameter_stays_below_the_one_it_must_stay_below(name: str, parameter: Parameter) -> None:
    for below in (20, 21):
        for way in ways(name):
            with pytest.raises(ParameterOutOfRangeError, match=f"less than {parameter.less_than}") as refusal:
                way(**{parameter.name: below, str(parameter.less_than): 20})
            assert refusal.value.fields["name"] == parameter.name


@pytest.mark.parametrize("name", RUST_SHAPES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_numpy_scalars_are_numbers(name: str, data: st.DataObject) -> None:
    columns = inputs(name, 60)
    for each in SPECS[name].parameters:
        if each.less_than is not None or each.type not in {"int", "float"}:
            continue
        value = data.draw(one_parameter(each))
        other: Any = np.int64(value) if each.type == "int" else np.float64(value)
        try:
            expected = typed(name)(columns, **{each.name: value})
        except OmegaError:
            continue
        found = typed(name)(columns, **{each.name: other})
        pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
        assert all(one is two is None or same_bits(one, two) for one, two in pairs)


def test_the_defaults_of_every_typed_function_are_those_of_its_spec() -> None:
    def same(name: str) -> None:
        signature = inspect.signature(typed(name))
        for each in SPECS[name].parameters:
            assert signature.parameters[each.name].default == each.default
        columns = inputs(name, 80)
        given: dict[str, Any] = {each.name: each.default for each in SPECS[name].parameters}
        if name in RUST:
            one, two = omega.call(name, columns, **given), typed(name)(columns)
            pairs = zip(one, two, strict=True) if isinstance(one, tuple) else [(one, two)]
            assert all(left is right is None or same_bits(left, right) for left, right in pairs)

    every(SPECS, same)


@pytest.mark.parametrize("name", ROWWISE_SHAPES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_first_value_comes_where_the_warm_up_ends(name: str, data: st.DataObject) -> None:
    spec = SPECS[name]
    given = data.draw(parameters(spec))
    rows = omega.warm_up_rows(name, **given)
    assert omega.stream(name, **given).warm_up_rows == rows
    for output, column in zip(
        spec.outputs, outputs(typed(name)(inputs(name, rows + 3), **given)), strict=True
    ):
        there = np.flatnonzero(~np.isnan(column)).tolist()
        # What may be undefined by its nature need not be there at once.
        after = [row for row in (rows, rows + 1, rows + 2) if row in there or not output.undefined]
        assert there == after


def test_what_is_no_indicator_has_no_warm_up() -> None:
    def has_none(name: str) -> None:
        assert omega.warm_up_rows(name) == 0

    every([*REDUCTIONS, *MODELS], has_none)
