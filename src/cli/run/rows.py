"""Row-for-row functions over a file of any size: batch after batch through one set of live states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import omega
from omega.cli.files import Source
from omega.cli.run.arguments import Definitions
from omega.shared.exceptions import InvalidShapeError

#: Called with the number of rows that are done.
Told = Callable[[int], None]


class Rows:
    """The rows of the answer: what is kept of the input, then what was computed.

    States go on from batch to batch, so the answer has the bits of one call over all of it.
    """

    def __init__(
        self,
        source: Source,
        definitions: Definitions,
        by: Sequence[str] | None,
        nulls: Any,
        keep: Sequence[str] | None,
    ) -> None:
        import pyarrow

        self._features = omega.FeatureSet(definitions, by=by or None, nulls=nulls)
        self._source = source
        self._asked = self._features.inputs
        source.require(self._asked)
        self._keep = source.schema.names if keep is None else list(keep)
        source.require(self._keep)
        answer = self._features.run(source.schema.empty_table().select(self._asked)).schema
        #: The columns of the answer.
        self.schema = pyarrow.schema([*(source.schema.field(name) for name in self._keep), *answer])
        require_distinct(self._keep, answer.names)

    def renamed(self, names: Sequence[str]) -> None:
        """Give the computed columns other names, in their order."""
        import pyarrow

        kept = [self.schema.field(place) for place in range(len(self._keep))]
        fields = [self.schema.field(len(kept) + place).with_name(name) for place, name in enumerate(names)]
        self.schema = pyarrow.schema([*kept, *fields])
        require_distinct(self._keep, names)

    def batches(self, done: Told) -> Iterator[Any]:
        """The answer, in the batches of the input."""
        import pyarrow

        first = 0
        for batch in self._source.batches:
            answer = self._features.extend(batch.select(self._asked))
            columns = [*(batch.column(name) for name in self._keep), *answer.columns]
            yield pyarrow.RecordBatch.from_arrays(columns, schema=self.schema)
            first += batch.num_rows
            done(first)


def require_distinct(kept: Sequence[str], computed: Sequence[str]) -> None:
    """Raise InvalidShapeError if a computed column has the name of one that is kept."""
    for name in computed:
        if name in kept:
            allowed = "named otherwise than the columns kept (--name gives another, --only keeps none)"
            raise InvalidShapeError(name="the answer", allowed=allowed, value=name)
