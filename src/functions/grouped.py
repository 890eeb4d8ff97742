"""What a model answers with `by=`: group by group, and whole, in a shape that joins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from omega.functions.results import Result, keyed

if TYPE_CHECKING:
    from omega.functions.summary import Summary

#: The class of a model's answer.
Fit = TypeVar("Fit", bound=Result)


class Grouped(Mapping[Any, Fit]):
    """The answers of a model by group: a mapping from each key to what the group alone gives.

    `answer["AAPL"]` is the model's own answer, whose columns along rows have the labels of that group's own
    rows. Of all groups at once, `parameters` has a row per group, and `rows` one for each row of the data;
    `summary()` shows a row per group, and `to_dict()` is all of it as plain Python.
    """

    __slots__ = ("_answers", "_build", "_name", "parameters", "rows")

    #: One row per group: its key, the model's numbers, and values along states, assets or a horizon as
    #: columns `<output>_<place>`, from 0. A table of the data's library; for NumPy and lists a dict.
    parameters: Any
    #: Row for row as the data, under its index: it joins as an indicator does. None where a model has no
    #: output along rows. A table of the data's library; for NumPy and lists a dict.
    rows: Any

    def __init__(
        self,
        name: str,
        answers: Mapping[Any, Any],
        parameters: Any,
        rows: Any,
        build: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self._name = name
        self._answers = dict(answers)
        #: Makes a group's answer from native columns when it is first asked for; None where all are made.
        self._build = build
        self.parameters = parameters
        self.rows = rows

    def __getitem__(self, key: Any) -> Fit:
        answer: Any = self._answers[key]
        # A native answer is a plain tuple; what was made from it is a named one.
        if self._build is not None and type(answer) is tuple:
            answer = self._answers[key] = self._build(key, answer)
        fit: Fit = answer
        return fit

    def __iter__(self) -> Iterator[Any]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def summary(self) -> Summary:
        """A row for each group: its estimates, but for matrices, and what holds for its fit as a whole."""
        from omega.functions import summary

        return summary.of_groups(self._name, self._answers)

    def to_dict(self) -> dict[Any, Any]:
        """The answer of each group as plain Python, by group, which `json.dumps` takes; see `Result.to_dict`.

        Groups of several keys are a dict of dicts, key after key. A key that JSON has no type for is a text.
        """
        return keyed({key: fit.to_dict() for key, fit in self.items()})

    def _repr_html_(self) -> str:
        """The summary, for notebooks."""
        return self.summary()._repr_html_()

    def __repr__(self) -> str:
        """The model, how many groups there are, and the first of them."""
        shown = ", ".join(repr(key) for key in list(self)[:5]) + (", …" if len(self) > 5 else "")
        return f"<{self._name} of {len(self)} groups: {shown}; see .summary(), .parameters and .rows>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Grouped, (self._name, dict(self), self.parameters, self.rows)
