"""Tables in files: read batch by batch, and written so that nobody ever finds half of one."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Protocol

from omega.shared.distribution import how_to_install
from omega.shared.exceptions import (
    FileUnreadableError,
    FileUnwritableError,
    InvalidTypeError,
    MissingColumnError,
    MissingDependencyError,
    OmegaError,
    ParameterOutOfRangeError,
)

#: Standard input or output in the place of a file.
STANDARD = "-"

#: The formats by their names, and by the endings of files.
FORMATS = ("parquet", "arrow", "arrows", "csv")
ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".arrows": "arrows",
    ".csv": "csv",
}
#: Those that need no going back, and so can be piped.
PIPED = ("arrows", "csv")

#: Rows that are read, computed and written at a time.
BATCH_ROWS = 1 << 17
#: Bytes of CSV that are read at a time; the types of columns are what the first of them say.
_CSV_BLOCK = 1 << 24


def require_pyarrow(feature: str) -> Any:
    """The library that reads and writes; MissingDependencyError with what to install."""
    try:
        import pyarrow
    except ImportError as missing:
        raise MissingDependencyError(
            feature=feature, value="pyarrow", allowed=how_to_install("report")
        ) from missing
    return pyarrow


def format_of(path: str, named: str | None, option: str) -> str:
    """The format that is named, or that the ending says.

    Raises ParameterOutOfRangeError where neither does.
    """
    if named is not None:
        if named not in FORMATS:
            raise ParameterOutOfRangeError(name=option, allowed=f"one of {', '.join(FORMATS)}", value=named)
        return named
    ending = Path(path).suffix.lower()
    if path == STANDARD or ending not in ENDINGS:
        allowed = f"a file that ends in one of {', '.join(ENDINGS)}, or {option} given as well"
        raise InvalidTypeError(name="the file", allowed=allowed, value=path)
    return ENDINGS[ending]


@dataclass(frozen=True)
class Source:
    """A table that is read once, from its first row to its last. `rows` is None where nobody knows before."""

    schema: Any
    rows: int | None
    batches: Iterator[Any]

    def require(self, names: Sequence[str]) -> None:
        """Raise MissingColumnError for the first name that is no column, with the columns there are."""
        for name in names:
            if name not in self.schema.names:
                raise MissingColumnError(name=name, available=", ".join(self.schema.names) or "none")

    def read(self) -> Any:
        """All of it at once."""
        import pyarrow

        return pyarrow.Table.from_batches(self.batches, self.schema)


@contextmanager
def reading(path: str, named: str | None, *, types: Mapping[str, Any] | None = None) -> Iterator[Source]:
    """A table from a file or standard input.

    `types` are those of some columns, for formats that know none.

    Raises FileUnreadableError, saying why.
    """
    kind = format_of(path, named, "--from")
    if path == STANDARD and kind not in PIPED:
        raise FileUnreadableError(
            path="standard input", reason=f"{kind} is not read from its start", allowed=" or ".join(PIPED)
        )
    pyarrow = require_pyarrow("Reading tables")
    said = "standard input" if path == STANDARD else path
    with _readable(said, kind):
        file = (
            pyarrow.PythonFile(sys.stdin.buffer, mode="r") if path == STANDARD else pyarrow.OSFile(path, "rb")
        )
    with file:
        with _readable(said, kind):
            schema, rows, batches = _READERS[kind](file, types or {})
        yield Source(schema, rows, _each(batches, said, kind))


def _each(batches: Iterator[Any], path: str, kind: str) -> Iterator[Any]:
    while True:
        with _readable(path, kind):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


@contextmanager
def _readable(path: str, kind: str) -> Iterator[None]:
    """Turns what the library says of a file that it cannot read into an error of ours."""
    import pyarrow

    try:
        yield
    except OmegaError:
        raise
    except OSError as fault:
        raise FileUnreadableError(path=path, reason=_reason(fault), allowed="a file to read") from fault
    except pyarrow.ArrowException as fault:
        raise FileUnreadableError(path=path, reason=_reason(fault), allowed=f"a table as {kind}") from fault


def _reason(fault: Exception) -> str:
    words = (isinstance(fault, OSError) and fault.errno and os.strerror(fault.errno)) or str(fault)
    return " ".join(words.split()) or type(fault).__name__


_Read = tuple[Any, int | None, Iterator[Any]]


def _read_parquet(file: Any, types: Mapping[str, Any]) -> _Read:
    from pyarrow import parquet

    del types
    found = parquet.ParquetFile(file)
    return found.schema_arrow, found.metadata.num_rows, found.iter_batches(BATCH_ROWS)


def _read_arrow(file: Any, types: Mapping[str, Any]) -> _Read:
    from pyarrow import ipc

    del types
    found = ipc.open_file(file)
    batches = (found.get_batch(place) for place in range(found.num_record_batches))
    return found.schema, None, _sliced(batches)


def _read_arrows(file: Any, types: Mapping[str, Any]) -> _Read:
    from pyarrow import ipc

    del types
    found = ipc.open_stream(file)
    return found.schema, None, _sliced(iter(found))


def _sliced(batches: Iterator[Any]) -> Iterator[Any]:
    """Batches of at most `BATCH_ROWS`: one of a whole file would need memory for all of the answer."""
    for batch in batches:
        for start in range(0, max(batch.num_rows, 1), BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _read_csv(file: Any, types: Mapping[str, Any]) -> _Read:
    from pyarrow import csv

    # What is written as a whole number in the first rows may have a fraction in later ones.
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    found = csv.open_csv(file, csv.ReadOptions(block_size=_CSV_BLOCK), convert_options=options)
    return found.schema, None, _sliced(iter(found))


_READERS: dict[str, Callable[[Any, Mapping[str, Any]], _Read]] = {
    "parquet": _read_parquet,
    "arrow": _read_arrow,
    "arrows": _read_arrows,
    "csv": _read_csv,
}


class Sink(Protocol):
    """Takes a table batch by batch."""

    def write_batch(self, batch: Any) -> None:
        """Write the next rows."""

    def close(self) -> None:
        """Write what belongs behind the last row."""


def writer(file: Any, kind: str, schema: Any) -> Sink:
    """What writes a table in a format."""
    from pyarrow import csv, ipc, parquet

    made: dict[str, Callable[[], Sink]] = {
        "parquet": lambda: parquet.ParquetWriter(file, schema),
        "arrow": lambda: ipc.new_file(file, schema),
        "arrows": lambda: ipc.new_stream(file, schema),
        "csv": lambda: csv.CSVWriter(file, schema),
    }
    return made[kind]()


def require_output(path: str, named: str | None) -> str:
    """The format to write; whatever forbids it is found before the work, and not after it."""
    kind = format_of(path, named, "--to")
    if path == STANDARD:
        if kind not in PIPED:
            raise FileUnwritableError(
                path="standard output", reason=f"{kind} is not written in one go", allowed=" or ".join(PIPED)
            )
        return kind
    with replacing(path, commit=False):
        return kind


@contextmanager
def replacing(path: str, *, commit: bool = True) -> Iterator[Path]:
    """A new file beside `path`, which takes its place when the block ends well and is removed otherwise.

    A pipe or a device that is there is written to itself.

    Raises FileUnwritableError, saying why.
    """
    # Where the link leads: replacing the link would leave the file behind it as it was.
    target = Path(path).resolve()
    try:
        mode = _mode_of(target)
        if mode is None:
            yield target
            return
        handle, name = mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        stage = Path(name)
        try:
            os.fchmod(handle, mode)
            os.close(handle)
            with _ended_by_signals():
                yield stage
                if commit:
                    stage.replace(target)
        finally:
            with suppress(FileNotFoundError):
                stage.unlink()
    except OmegaError:
        raise
    except OSError as fault:
        raise FileUnwritableError(path=path, reason=_reason(fault), allowed="a file to write") from fault


def _mode_of(target: Path) -> int | None:
    """The permissions that a new file of that name gets, or those it has; None for what is no file."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
    if stat.S_ISDIR(found):
        raise IsADirectoryError(21, "it is a folder")
    return stat.S_IMODE(found) if stat.S_ISREG(found) else None


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Lets the requests to end, which would end the process at once, be answered by cleaning up."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def writing(path: str, kind: str, schema: Any) -> Iterator[Sink]:
    """Takes a table for a file, which is there when all of it is, or for standard output."""
    import pyarrow

    if path == STANDARD:
        sys.stdout.flush()
        with _closing(writer(pyarrow.PythonFile(sys.stdout.buffer, mode="w"), kind, schema)) as sink:
            yield sink
        return
    with (
        replacing(path) as stage,
        pyarrow.OSFile(str(stage), "wb") as file,
        _closing(writer(file, kind, schema)) as sink,
    ):
        yield sink


@contextmanager
def _closing(sink: Sink) -> Iterator[Sink]:
    """Closes it after a failure as well, whose words are then the ones that count."""
    try:
        yield sink
    except BaseException:
        with suppress(Exception):
            sink.close()
        # pyarrow would close it again when it is collected, with nobody there to hear of it.
        if hasattr(sink, "is_open"):
            sink.is_open = False
        raise
    sink.close()
