"""Random calls of every function in every way, with data from every library, and with what is none."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Context, Decimal
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import omega
import pyarrow as pa

from tests.functions.market import TIMES, Floats, same_bits, typed
from tests.fuzz import answers
from tests.fuzz.answers import Read
from tests.fuzz.attack import Attack, Finding, Outcome, Tally, attempt
from tests.fuzz.containers import hand_over, hand_over_keys
from tests.fuzz.evil import evil
from tests.fuzz.samples import (
    KERNELS,
    POLICIES,
    REDUCTIONS,
    ROWWISE,
    Sample,
    bad_parameter,
    parameters,
    sample,
)


def case(dice: Random, tally: Tally) -> None:
    """One call, sound or hostile, and now and then a look whether the process still computes."""
    if dice.random() < 0.5:
        hostile(dice, tally)
    else:
        sound(dice, tally)
    if dice.random() < 0.02 and omega.ta.sma([1.0, 3.0, 5.0], period=2) != [None, 2.0, 4.0]:
        raise Finding("the process no longer computes")


# ------------------------------------------------------------------------------------------- sound calls


def sound(dice: Random, tally: Tally) -> None:
    """Equal data in any form give equal answers, by every way in."""
    one = sample(dice, dice.choice(KERNELS), excess=True)
    before = {name: column.copy() for name, column in one.columns.items()}
    tally.note(f"baseline {one}")
    expected = baseline(one, tally)
    if one.keys is None and dice.random() < 0.05:
        return decimals(one, dice, tally)
    way = dice.choice(
        (another_form, another_form, row_by_row if one.spec in ROWWISE else in_parts, feature_set)
    )
    way(one, expected, dice, tally)
    for name, column in one.columns.items():
        if not same_bits(column, before[name]):
            raise Finding(f"the caller's `{name}` was changed")
    return None


def baseline(one: Sample, tally: Tally) -> Outcome:
    """The answer for plain NumPy, checked; its `answer` is already read."""
    outcome = attempt(
        tally,
        lambda: omega.call(one.spec.name, dict(one.columns), nulls=one.nulls, by=one.keys, **one.parameters),
    )
    if outcome.refusal is not None:
        missing = one.nulls == "raise" and not all(one.present)
        if not one.excessive and not missing:
            raise Finding(f"a sound call was refused: {outcome.refusal!r}")
        return outcome
    if one.excessive:
        raise Finding("a value beyond what the door takes was taken")
    read = answers.read(outcome.answer, one.spec, grouped=one.keys is not None)
    answers.check(read, one.spec, one.rows)
    if one.spec in ROWWISE and one.keys is None and one.nulls == "skip":
        answers.warm_up(read, one.spec, one.parameters, one.present)
    return Outcome(answer=read)


def agrees(one: Sample, expected: Outcome, found: Outcome, what: str, *, strict: bool = False) -> None:
    """Whether another way to the same answer came to it."""
    if found.refusal is not None:
        allowed = {type(expected.refusal).__name__} | ({"ZeroCopyRefusedError"} if strict else set())
        # Which of two faults is met first depends on how the rows lie.
        if expected.refusal is not None and one.excessive and not all(one.present):
            allowed |= {"InvalidValueError", "MissingValueError"}
        if type(found.refusal).__name__ not in allowed:
            raise Finding(f"{what} was refused, NumPy was not so: {found.refusal!r}; {expected.refusal!r}")
        return
    if expected.refusal is not None:
        raise Finding(f"{what} was answered, NumPy refused: {expected.refusal!r}")
    read = answers.read(found.answer, one.spec, grouped=one.keys is not None)
    answers.check(read, one.spec, one.rows)
    if not answers.same(read, expected.answer):
        raise Finding(f"{what} differs from NumPy: {describe(read)} and {describe(expected.answer)}")


def describe(read: Read) -> str:
    """The first columns and rows of an answer."""
    return f"{[column[:6].tolist() for column in read[1][:3]]}"


def another_form(one: Sample, expected: Outcome, dice: Random, tally: Tally) -> None:
    """The same columns from another library, through the typed function or the door."""
    form, data, keywords = hand_over(one.columns, dice)
    by_form, by = ("", None) if one.keys is None else hand_over_keys(one.keys, dice)
    strict = dice.random() < 0.1
    options: dict[str, Any] = {**keywords, **one.parameters, "nulls": one.nulls, "by": by}
    if strict:
        options["strict_zero_copy"] = True
    what = f"{form} {by_form}{' strict' if strict else ''}"
    tally.note(what)
    if dice.random() < 0.5:
        found = attempt(tally, lambda: typed(one.spec.name)(data, **options))
    else:
        found = attempt(tally, lambda: omega.call(one.spec.name, data, **options))
    agrees(one, expected, found, what, strict=strict)


def decimals(one: Sample, dice: Random, tally: Tally) -> None:
    """Exact decimals: a column of them is the nearest floats, as if each had been converted alone."""
    digits, scale = dice.randint(1, 29), dice.randrange(13)
    made = {
        name: [Decimal(dice.randrange(10**digits)).scaleb(-scale, Context(prec=38)) for _ in range(one.rows)]
        for name in one.columns
        if name not in TIMES
    }
    others = {name: column for name, column in one.columns.items() if name in TIMES}
    tally.note(f"decimals of {digits} digits, {scale} of them after the point")
    nearest = {name: np.array([float(each) for each in column]) for name, column in made.items()}
    numbers = Sample(one.spec, {**nearest, **others}, one.parameters, one.nulls, None)
    columns: dict[str, Any] = {
        name: pa.array(column, pa.decimal128(38, scale)) for name, column in made.items()
    }
    columns |= others
    found = attempt(tally, lambda: omega.call(one.spec.name, columns, nulls=one.nulls, **one.parameters))
    agrees(numbers, baseline(numbers, tally), found, "a column of decimals")


def row_by_row(one: Sample, expected: Outcome, dice: Random, tally: Tally) -> None:
    """A stream over the rows of each group, saved and brought back at any of them."""
    tally.note("row by row")
    made = np.full((one.rows, len(one.spec.outputs)), np.nan)
    streams: dict[Any, Any] = {}
    keys = one.keys or [None] * one.rows
    restart = dice.randrange(one.rows + 1)
    for row in range(one.rows):
        key = keys[row]
        if key not in streams:
            streams[key] = omega.stream(one.spec.name, nulls=one.nulls, order=None, **one.parameters)
        if row == restart:
            streams[key] = dice.choice(
                (
                    lambda it: omega.restore(it.snapshot()),
                    copy.copy,
                    lambda it: pickle.loads(pickle.dumps(it)),
                )
            )(streams[key])
        bar = {name: column[row].item() for name, column in one.columns.items()}
        given = {name: None if is_nan(each) and dice.random() < 0.5 else each for name, each in bar.items()}
        outcome = attempt(tally, partial(push, streams[key], given, dice))
        if outcome.refusal is not None:
            if expected.refusal is None:
                raise Finding(f"row {row} was refused, the batch was not: {outcome.refusal!r}")
            return
        made[row] = answers.row(outcome.answer, one.spec)
    if expected.refusal is not None:
        raise Finding(f"all rows were taken, the batch was refused: {expected.refusal!r}")
    if not answers.same((None, list(made.T)), expected.answer):
        raise Finding(f"row by row differs: {describe((None, list(made.T)))} and {describe(expected.answer)}")


def is_nan(value: Any) -> bool:
    """Whether a value is a missing number, and no time."""
    return isinstance(value, float) and math.isnan(value)


def push(stream: Any, bar: dict[str, Any], dice: Random) -> Any:
    """One row into a stream in any way; a peek before it must promise the same."""
    peeked = stream.peek(bar) if dice.random() < 0.1 else ...
    way = dice.randrange(3)
    answer = (
        stream.update(*bar.values()) if way == 0 else stream.update(bar) if way == 1 else stream.update(**bar)
    )
    if peeked is not ... and peeked != answer:
        raise Finding(f"peek promised {peeked}, update answered {answer}")
    return answer


def in_parts(one: Sample, expected: Outcome, dice: Random, tally: Tally) -> None:
    """An accumulator fed in parts, each in another form."""
    if one.keys is not None:
        return another_form(one, expected, dice, tally)
    tally.note("in parts")
    accumulator = omega.accumulate(one.spec.name, nulls=one.nulls, **one.parameters)
    cuts = sorted(dice.randrange(one.rows + 1) for _ in range(dice.randrange(4)))
    for start, end in zip([0, *cuts], [*cuts, one.rows], strict=True):
        part = {name: column[start:end] for name, column in one.columns.items()}
        form, data, keywords = hand_over(part, dice)
        data = keywords if data is None else data
        tally.note(f"rows {start} to {end} as {form}")
        rows = accumulator.rows
        outcome = attempt(tally, partial(accumulator.update, data))
        if outcome.refusal is not None:
            if expected.refusal is None or accumulator.rows != rows:
                raise Finding(f"a part was refused, or half taken: {outcome.refusal!r}")
            return None
        if dice.random() < 0.3:
            accumulator = omega.restore(accumulator.snapshot())
    value = attempt(tally, lambda: accumulator.value)
    found = (
        Outcome((value.answer,)) if value.refusal is None and not isinstance(value.answer, tuple) else value
    )
    return agrees(one, expected, found, "an accumulator")


def feature_set(one: Sample, expected: Outcome, dice: Random, tally: Tally) -> None:
    """The function as a feature among others that read the same table, or a metric among others."""
    if one.spec not in ROWWISE:
        return metric_set(one, expected, dice, tally)
    others = [spec for spec in ROWWISE if {each.name for each in spec.inputs} <= set(one.columns)]
    other = dice.choice(others)
    definitions = {
        "mine": (one.spec.name, one.parameters),
        "other": (other.name, parameters(dice, other, one.rows)),
    }
    by = None if one.keys is None else "key"
    features = omega.FeatureSet(definitions, nulls=one.nulls, by=by, order=None)
    columns: dict[str, Any] = dict(one.columns)
    if one.keys is None:
        _, data, keywords = hand_over(one.columns, dice)
        data = keywords if data is None else data
        if len(one.columns) == 1 and dice.random() < 0.5:
            data = columns
    else:
        data = {**columns, "key": hand_over_keys(one.keys, dice)[1]}
    tally.note(f"FeatureSet over {type(data).__name__}")
    whole = dice.random() < 0.5
    outcome = attempt(tally, lambda: features.run(data) if whole else features.extend(data))
    width = len(one.spec.outputs)
    if outcome.refusal is not None:
        # The other function may read fewer columns, never more: it is refused where this one is.
        return agrees(one, expected, outcome, "a FeatureSet")
    if expected.refusal is not None:
        raise Finding(f"a FeatureSet answered, the function refused: {expected.refusal!r}")
    types = [output.type for spec in (one.spec, other) for output in spec.outputs]
    found: list[Floats] = answers.columns(outcome.answer, types)[:width]
    if not answers.same((None, found), expected.answer):
        raise Finding(f"a FeatureSet differs: {describe((None, found))} and {describe(expected.answer)}")
    return None


def metric_set(one: Sample, expected: Outcome, dice: Random, tally: Tally) -> None:
    """The metric among others of the same columns, over the whole table or in parts."""
    other = dice.choice(
        [spec for spec in REDUCTIONS if {each.name for each in spec.inputs} <= set(one.columns)]
    )
    definitions = {
        "mine": (one.spec.name, one.parameters),
        "other": (other.name, parameters(dice, other, one.rows)),
    }
    metrics = omega.MetricSet(definitions, nulls=one.nulls, by=None if one.keys is None else "key")
    cuts = [0, dice.randrange(one.rows + 1), one.rows] if dice.random() < 0.5 else [0, one.rows]
    tally.note(f"MetricSet of {definitions}, cut at {cuts}")
    for start, end in pairwise(cuts):
        columns: dict[str, Any] = {name: column[start:end] for name, column in one.columns.items()}
        if one.keys is not None:
            columns["key"] = hand_over_keys(one.keys[start:end], dice)[1]
        outcome = attempt(tally, partial(metrics.run if len(cuts) == 2 else metrics.update, columns))
        if outcome.refusal is not None:
            return agrees(one, expected, outcome, "a MetricSet")
        if dice.random() < 0.3:
            metrics = omega.restore(metrics.snapshot())
    if expected.refusal is not None:
        raise Finding(f"a MetricSet answered, the function refused: {expected.refusal!r}")
    answer = outcome.answer if len(cuts) == 2 else metrics.value
    names = metrics.names[: len(one.spec.outputs)]

    def mine(row: dict[str, Any]) -> Any:
        values = tuple(row[name] for name in names)
        return values if len(values) > 1 else values[0]

    found = mine(answer) if one.keys is None else {key: mine(row) for key, row in answer.items()}
    return agrees(one, expected, Outcome(answer=found), "a MetricSet")


# ------------------------------------------------------------------------------------------ hostile calls


def hostile(dice: Random, tally: Tally) -> None:
    """Calls in which something is not what it ought to be: an answer or a typed refusal."""
    one = sample(dice, dice.choice(KERNELS), most_rows=20, excess=True)
    name: Any = one.spec.name
    data: Any = dice.choice(
        (lambda: evil(dice), lambda: evil(dice), lambda: hand_over(one.columns, dice)[1])
    )()
    given: dict[str, Any] = dict(one.parameters)
    if one.spec.parameters and dice.random() < 0.3:
        chosen = dice.choice(one.spec.parameters)
        given[chosen.name] = bad_parameter(dice, chosen)
    policy: Any = dice.choice(POLICIES)
    options: dict[str, Any] = {"nulls": policy}
    match dice.randrange(8):
        case 0 | 1:
            options["by"] = evil(dice)
        case 2:
            options["nulls"] = evil(dice)
        case 3:
            options["strict_zero_copy"] = evil(dice)
        case 4:
            name = evil(dice)
        case 5:
            given[dice.choice(("perod", "\ud800", "", "data", one.spec.inputs[0].name))] = evil(dice)
    tally.note(f"{shown(name)} data={shown(data)} {shown(given)} {shown(options)}")
    entry = dice.choice(
        (by_name, by_type, a_stream, an_accumulator, a_feature_set, a_metric_set, of_the_catalog)
    )
    tally.note(entry.__name__)
    entry(dice, tally, name, data, given, options)


def by_name(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """Through the door."""
    outcome = attempt(tally, lambda: omega.call(name, data, **options, **given))
    finite(outcome)
    no_groups(outcome, options)


def by_type(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """Through the typed function."""
    function = typed(name if type(name) is str and name in omega.functions() else dice.choice(KERNELS).name)
    outcome = attempt(tally, lambda: function(data, **options, **given))
    finite(outcome)
    no_groups(outcome, options)


def a_stream(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """A stream made of anything, and fed with it."""
    made = attempt(tally, lambda: omega.stream(name, nulls=options["nulls"], **given)).answer
    stream = made if isinstance(made, omega.Stream) else omega.stream(dice.choice(ROWWISE).name)
    for row in ((data,), (evil(dice), data), (), (evil(dice),)):
        finite(attempt(tally, partial(dice.choice((stream.update, stream.peek)), *row)))
    finite(attempt(tally, lambda: stream.update(**{dice.choice(("close", "x", "\ud800")): data})))
    finite(attempt(tally, lambda: stream.update({"close": 1.0, "timestamp": data})))
    rows = stream.rows
    if attempt(tally, lambda: stream.extend(data)).refusal is not None and stream.rows != rows:
        raise Finding("rows were kept of history that was refused")
    finite(attempt(tally, lambda: stream.value))
    attempt(tally, lambda: omega.stream("ta.sma", order=data))


def an_accumulator(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """An accumulator made of anything, fed and merged with it."""
    made = attempt(tally, lambda: omega.accumulate(name, nulls=options["nulls"], **given)).answer
    accumulator = (
        made if isinstance(made, omega.Accumulator) else omega.accumulate(dice.choice(REDUCTIONS).name)
    )
    rows = accumulator.rows
    outcome = attempt(tally, lambda: accumulator.update(data))
    if outcome.refusal is not None and accumulator.rows != rows:
        raise Finding(f"rows were kept of data that were refused: {outcome.refusal!r}")
    attempt(
        tally, lambda: accumulator.merge(dice.choice((data, omega.accumulate(dice.choice(REDUCTIONS).name))))
    )
    attempt(
        tally, lambda: accumulator.update(0.01, data, **{dice.choice(("returns", "x", "\ud800")): evil(dice)})
    )
    finite(attempt(tally, lambda: accumulator.value))
    attempt(tally, lambda: omega.accumulate(name, by=dice.choice(("symbol", data)), groups=evil(dice)))


def a_metric_set(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """Metrics defined by anything, fed and merged with it."""
    sound_one = dice.choice(REDUCTIONS).name
    definition: Any = dice.choice(((name, given), (name, evil(dice)), (sound_one, {}), evil(dice)))
    definitions: Any = dice.choice(({"a": definition}, {evil_key(dice): definition}, definition))
    by = options.get("by", dice.choice((None, None, "symbol")))
    made = attempt(tally, lambda: omega.MetricSet(definitions, by=by, nulls=options["nulls"])).answer
    metrics = made if isinstance(made, omega.MetricSet) else omega.MetricSet({"x": (sound_one, {})})
    rows = metrics.rows
    outcome = attempt(tally, lambda: metrics.update(data))
    if outcome.refusal is not None and metrics.rows != rows:
        raise Finding(f"rows were kept of data that were refused: {outcome.refusal!r}")
    attempt(tally, lambda: metrics.run(data))
    attempt(tally, lambda: metrics.merge(dice.choice((data, metrics))))
    attempt(tally, lambda: metrics.value)
    attempt(tally, lambda: metrics.update(returns=data, symbol=evil(dice)))
    attempt(tally, metrics.snapshot)


def a_feature_set(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """Features defined by anything, and fed with it."""
    sound_one = dice.choice(ROWWISE).name
    definition = dice.choice(
        ((name, given), (name, evil(dice)), (sound_one, {}), evil(dice), (sound_one, {1: 2}))
    )
    definitions: Any = dice.choice(({"a": definition}, {evil_key(dice): definition}, definition))
    by = options.get("by", dice.choice((None, None, "symbol")))
    made = attempt(tally, lambda: omega.FeatureSet(definitions, by=by, nulls=options["nulls"])).answer
    features = (
        made if isinstance(made, omega.FeatureSet) else omega.FeatureSet({"x": (sound_one, {})}, by="symbol")
    )
    attempt(tally, lambda: features.update(data))
    attempt(tally, lambda: dice.choice((features.run, features.extend))(data))
    attempt(
        tally, lambda: features.update(symbol=evil(dice), close=1.0, high=1.0, low=evil(dice), volume=0.0)
    )
    rows = features.rows
    if (
        attempt(tally, lambda: features.update([data, evil(dice)])).refusal is not None
        and features.rows != rows
    ):
        raise Finding("bars were kept of several that were refused")
    for entry in (
        features.drop,
        features.rows_of,
        lambda group: omega.FeatureSet(["ta.sma"], by="x", groups=group),
    ):
        attempt(tally, partial(entry, data))
    attempt(tally, features._repr_html_)
    attempt(tally, features.snapshot)


def of_the_catalog(dice: Random, tally: Tally, name: Any, data: Any, given: Any, options: Any) -> None:
    """What takes a name, a snapshot or parameters and no data."""
    for entry in (omega.spec, omega.restore, omega.FeatureSet.restore):
        attempt(tally, partial(entry, dice.choice((name, data))))
    attempt(tally, lambda: omega.warm_up_rows(name, **given))


def evil_key(dice: Random) -> Any:
    """A key of a dict."""
    made = evil(dice)
    try:
        hash(made)
    except BaseException:  # noqa: BLE001 - whatever a hostile object raises, it is no key
        return "\ud800"
    return made


def finite(outcome: Outcome) -> None:
    """Whatever was asked, no answer is infinite."""
    if isinstance(outcome.answer, float) and abs(outcome.answer) == float("inf"):
        raise Finding(f"an infinite answer: {outcome.answer}")
    if isinstance(outcome.answer, np.ndarray) and np.isinf(outcome.answer).any():
        raise Finding("an infinite answer")


def no_groups(outcome: Outcome, options: Mapping[str, Any]) -> None:
    """What has no rows in an order is no column of groups, nor are bytes."""
    by = options.get("by")
    if outcome.refusal is None and isinstance(by, (AbstractSet, Mapping, bytes, bytearray)):
        raise Finding(f"`{type(by).__name__}` was taken for a column of groups")


def shown(thing: Any) -> str:
    """A short word on anything, whatever its own `__repr__` does."""
    try:
        return f"{type(thing).__name__} {thing!r}"[:160]
    except BaseException:  # noqa: BLE001 - hostile objects raise what they like
        return f"{type(thing).__name__} without words"


ATTACK = Attack(about="calls of every function in every way", case=case)
