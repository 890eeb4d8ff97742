"""What a model answers with: its outputs by name, to read, to compare and to send on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from omega.functions.summary import Summary


class Result(tuple[Any, ...]):
    """The answer of a model: a named tuple of its outputs, which knows what they are.

    The class of each model is generated; its fields are the spec's outputs, in their order. Two answers are
    equal if they are of one model and have the same numbers, in whatever library.
    """

    __slots__ = ()

    #: The function whose answer it is, as in `volatility.garch`.
    _function: ClassVar[str]

    def __init_subclass__(cls, *, function: str) -> None:
        """Says what each field is, where `help` looks for it: as the class says it, after `` - `name`: ``."""
        cls._function = function
        # Types of more than twenty fields would be the first thing that `help` shows.
        cls.__new__.__annotations__ = {}
        for said in re.split(r"\n *- `", cls.__doc__ or "")[1:]:
            name, _, words = said.partition("`: ")
            getattr(cls, name).__doc__ = " ".join(words.split())

    def summary(self) -> Summary:
        """Estimates with their errors, what holds for the fit as a whole, and how it was found, as tables.

        `t` is an estimate over its standard error, and `p` the probability of one as far from 0, on either
        side, were it normal around 0; missing, as `-`, where there is no error.
        """
        from omega.functions import summary

        return summary.of_fit(self._function, self)

    def to_dict(self) -> dict[str, Any]:
        """All outputs as plain Python, which `json.dumps` takes: numbers, lists, lists of rows.

        None where missing. Along assets it is a dict by their names, where the data had names. It is the same
        in every library.
        """
        from omega.functions.plain import plain
        from omega.functions.summary import outputs_of

        outputs = zip(outputs_of(self._function), self, strict=True)
        return {output["name"]: plain(value, tuple(output["axes"])) for output, value in outputs}

    def __repr__(self) -> str:
        """Its numbers, and of columns and tables how large they are: `[1500]`, `[1500x2]` of two columns."""
        import textwrap

        from omega.functions.summary import outputs_of

        outputs = zip(outputs_of(self._function), self, strict=True)
        shown = [f"{output['name']}={_brief(value, output['axes'])}" for output, value in outputs]
        return textwrap.fill(
            f"{type(self).__name__}({', '.join(shown)})",
            width=100,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _repr_html_(self) -> str:
        """The summary, for notebooks."""
        return self.summary()._repr_html_()

    def __eq__(self, other: object) -> bool:
        # Never left to the other: a tuple would compare columns, of which few say whether they are equal.
        return isinstance(other, Result) and type(other) is type(self) and self.to_dict() == other.to_dict()

    def __ne__(self, other: object) -> bool:
        return not self == other

    # Columns may be written to, so that there is no number that stays that of the answer.
    __hash__: ClassVar[None]  # type: ignore[assignment]


def _brief(value: Any, axes: list[str]) -> str:
    """A number to six digits, or the lengths of a column or table."""
    from omega.functions.plain import shape

    if axes:
        return f"[{'x'.join(map(str, shape(value, tuple(axes))))}]"
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def keyed(answers: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict by group, of several keys a dict of dicts; a key that JSON has no type for is a text."""
    found: dict[Any, Any] = {}
    for key, answer in answers.items():
        *outer, last = key if isinstance(key, tuple) else (key,)
        place = found
        for each in outer:
            place = place.setdefault(_json_key(each), {})
        place[_json_key(last)] = answer
    return found


def _json_key(key: Any) -> Any:
    return key if key is None or isinstance(key, (str, int, float)) else str(key)
