"""The command itself: what to compute, from where, into which file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import omega
import typer
from omega.cli.files import STANDARD, Source, reading, require_output, writing
from omega.cli.names import complete_function
from omega.cli.run import arguments
from omega.cli.run.rows import Rows, Told
from omega.cli.run.whole import Fitted, metric, places
from omega.cli.terminal import Json, console, listing, print_json
from omega.shared.exceptions import InvalidTypeError
from omega.shared.protocols import FunctionSpec

#: What is not an option of ours is a parameter or an input of the function.
PASS_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}

#: Longer outputs of a model are counted on the terminal; files and JSON have them whole.
_SHOWN = 12

_FORMAT = "parquet, arrow, arrows (a stream) or csv; else the file's ending says it."


def run(
    context: typer.Context,
    function: Annotated[
        str,
        typer.Argument(
            help="A function, such as ta.rsi, or a .json or .toml file of features.",
            autocompletion=complete_function,
        ),
    ],
    input_: Annotated[str, typer.Option("--input", "-i", help="The file to read; - for standard input.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file to write; - for standard output.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="The column of groups, such as symbol; may be repeated.")
    ] = None,
    nulls: Annotated[str, typer.Option(help="What a missing value does: skip, propagate or raise.")] = "skip",
    name: Annotated[str | None, typer.Option(help="What the answer's columns begin with.")] = None,
    only: Annotated[bool, typer.Option("--only", help="Keep no column of the input.")] = False,
    keep: Annotated[list[str] | None, typer.Option(help="Keep this column; may be repeated.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help=_FORMAT)] = None,
    to: Annotated[str | None, typer.Option("--to", help=_FORMAT)] = None,
    json: Json = False,
) -> None:
    """Compute over a file: omega run ta.rsi -i bars.parquet -o out.parquet --by symbol --period 14.

    Parameters and inputs of the function go by their names (`omega spec ta.rsi`); for an input the value is a
    column, as in --close "Adj Close". Row-for-row functions and metrics take files larger than memory; models
    and grouped metrics read theirs whole. The output keeps the input's columns.
    """
    keep = [] if only and keep is None else keep
    target = None if output is None else (output, require_output(output, to))
    if arguments.is_features_file(function):
        if context.args:
            allowed = "in the file of features"
            raise InvalidTypeError(name="a parameter", allowed=allowed, value=context.args[0])
        definitions = arguments.features_in(function)
        _rows(definitions, None, input_, from_, _required(target), by, nulls, keep, json)
        return
    spec = omega.spec(function)
    given = arguments.given(spec, context.args)
    if spec.kind == "rowwise":
        column = name or spec.name.partition(".")[2]
        names = [_named(each.name, len(spec.outputs), name) for each in spec.outputs]
        _rows({column: (spec.name, given)}, names, input_, from_, _required(target), by, nulls, keep, json)
    elif spec.kind == "reduction":
        _metric(spec, given, input_, from_, target, by, nulls, json)
    else:
        _model(spec, given, input_, from_, target, by, nulls, keep, name, json)


#: Where to write, and in which format.
Target = tuple[str, str]


def _required(target: Target | None) -> Target:
    if target is None:
        raise InvalidTypeError(
            name="--output", allowed="a file, for as many rows as come in", value="nothing"
        )
    return target


def _named(output: str, of: int, name: str | None) -> str:
    if name is None:
        return output
    return name if of == 1 else f"{name}_{output}"


def _rows(
    definitions: arguments.Definitions,
    names: list[str] | None,
    path: str,
    kind: str | None,
    target: Target,
    by: list[str] | None,
    nulls: str,
    keep: list[str] | None,
    json: bool,
) -> None:
    types = arguments.number_columns(definitions)
    with reading(path, kind, types=types) as source:
        rows = Rows(source, definitions, by, nulls, keep)
        if names is not None:
            rows.renamed(names)
        count = 0
        with writing(*target, rows.schema) as sink, _progress(source) as done:
            for batch in rows.batches(done):
                sink.write_batch(batch)
                count += batch.num_rows
    computed = rows.schema.names[len(source.schema.names if keep is None else keep) :]
    _say_written(target, count, computed, json)


def _metric(
    spec: FunctionSpec,
    given: dict[str, Any],
    path: str,
    kind: str | None,
    target: Target | None,
    by: list[str] | None,
    nulls: str,
    json: bool,
) -> None:
    types = arguments.number_columns({spec.name: (spec.name, given)})
    with reading(path, kind, types=types) as source, _progress(source) as done:
        answer = metric(source, spec, given, by, nulls, done)
    if target is not None:
        with writing(*target, answer.schema) as sink:
            for batch in answer.to_batches():
                sink.write_batch(batch)
    rows = answer.to_pylist()
    if target is not None and target[0] == STANDARD:
        return
    if json:
        print_json(rows)
    elif not by:
        typer.echo(rows[0][spec.outputs[0].name])
    else:
        listing(rows)


def _model(
    spec: FunctionSpec,
    given: dict[str, Any],
    path: str,
    kind: str | None,
    target: Target | None,
    by: list[str] | None,
    nulls: str,
    keep: list[str] | None,
    name: str | None,
    json: bool,
) -> None:
    types = arguments.number_columns({spec.name: (spec.name, given)})
    with reading(path, kind, types=types) as source:
        fitted = Fitted(source, spec, given, by, nulls)
    if target is not None:
        table = fitted.rows(keep, name) if fitted.row_outputs else fitted.tidy()
        with writing(*target, table.schema) as sink:
            for batch in table.to_batches():
                sink.write_batch(batch)
        if target[0] == STANDARD:
            return
    answers = fitted.numbers()
    if json:
        print_json(answers if by else answers[0])
        return
    listing(
        [
            {**group, "quantity": quantity, "value": value}
            for answer in answers
            for group in [{column: answer.pop(column) for column in by or ()}]
            for quantity, value in _lines(answer)
        ]
    )


def _lines(answer: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for quantity, content in answer.items():
        found = list(places(quantity, content))
        if len(found) > _SHOWN:
            yield quantity, f"{len(found):,} numbers"
        else:
            yield from (
                (quantity if place is None else f"{quantity}[{place}]", each) for place, each in found
            )


def _say_written(target: Target, rows: int, columns: list[str], json: bool) -> None:
    """What was written; nothing where standard output is what was written."""
    path = target[0]
    if path == STANDARD:
        return
    if json:
        print_json({"output": path, "rows": rows, "columns": columns})
    else:
        typer.echo(f"{path}: {rows:,} rows, {', '.join(columns)}")


@contextmanager
def _progress(source: Source) -> Iterator[Told]:
    """How many rows are done, on a terminal that watches standard error; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.completed:,.0f} rows", markup=False)
    bar = Progress(words, BarColumn(), TimeRemainingColumn(), console=console(stderr=True), transient=True)
    with bar:
        task = bar.add_task("", total=source.rows)
        yield lambda rows: bar.update(task, completed=rows)
