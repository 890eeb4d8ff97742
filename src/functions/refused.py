"""A call that native code has refused: what is looked at only then costs the usual call nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omega import _rust
from omega.functions.call import run
from omega.shared.exceptions import OmegaError


@dataclass(frozen=True, slots=True)
class Call:
    """All that a call was given."""

    function: _rust.Function
    data: Any
    columns: tuple[Any, ...]
    parameters: tuple[Any, ...] | dict[str, Any]
    #: What came by position, which stands in `data` and `columns` as well.
    positional: tuple[Any, ...]
    #: The keywords that every function has, as `run` calls them.
    options: Mapping[str, Any]

    def again(self, data: Any, columns: tuple[Any, ...]) -> Any:
        """What the door answers to the same call over other data."""
        return run(self.function, data, columns, self.parameters, (), None, **self.options)

    def natively(self, data: Any, columns: tuple[Any, ...], *, strict: bool, out: Any) -> Any:
        """What native code answers to the same call over other data."""
        nulls, by = self.options["nulls"], self.options["by"]
        return self.function.run(data, columns, self.parameters, nulls, by, strict, out)


@dataclass(frozen=True, slots=True)
class Refused(Call):
    """A call, and why native code refused it."""

    error: OmegaError


def another_way(call: Refused) -> Any:
    """What else serves a refused call: expressions of polars, or a function of one input column by column.

    Raises the refusal where nothing does.
    """
    # Who has an expression has imported polars. All others import nothing for it.
    if "polars" in sys.modules:
        from omega.functions import expressions

        if expressions.takes(call):
            return expressions.expression(call)
    from omega.functions.wide import column_by_column

    if (answer := column_by_column(call)) is not None:
        return answer
    try:
        raise call.error
    finally:
        # As in `run`: its traceback holds this frame.
        del call
