"""What a function's spec says, as people read it: on the command line, in a console and in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from omega.shared import _text_tables

if TYPE_CHECKING:
    from omega.shared.protocols import FunctionSpec, Parameter

#: A heading, and below it terms with what they are.
Section = tuple[str, list[tuple[str, str]]]


def head(spec: FunctionSpec) -> str:
    """Version, kind and language in one line."""
    kind = f"{spec.group} ({spec.kind})" if spec.group else spec.kind
    return f"{spec.version}, {kind}, in {spec.language.capitalize()}"


def facts(spec: FunctionSpec) -> list[str]:
    """What there is to know beside the summary, in sentences."""
    kept = "Every row" if spec.kind == "reduction" else "Every row of a window"
    keeps = f"{kept} is kept: memory grows with the rows." if spec.keeps_rows else ""
    return [each for each in (spec.description, spec.warm_up, keeps) if each]


#: What may be given for an input, by its role.
_GIVEN = {"column": "this column", "count": "any counts"}


def sections(spec: FunctionSpec) -> Iterator[Section]:
    """Inputs, parameters and outputs, those that there are."""
    yield (
        f"Inputs (table {spec.table})",
        [
            (
                each.name,
                f"{each.type}, {_GIVEN.get(each.role, 'any series')}. {each.summary}",
            )
            for each in spec.inputs
        ],
    )
    if spec.parameters:
        yield (
            "Parameters",
            [(each.name, f"= {each.default}; {allowed(each)}. {each.summary}") for each in spec.parameters],
        )
    yield (
        "Outputs",
        [
            (each.name, f"{', '.join(filter(None, (_along(each.axes), _words(each.unit))))}. {each.summary}")
            for each in spec.outputs
        ],
    )


def allowed(parameter: Parameter) -> str:
    """Which values a parameter takes, in words."""
    if parameter.choices:
        return ", ".join(parameter.choices)
    least, most = ("above", "below") if parameter.exclusive else ("at least", "at most")
    said = [
        f"{word} {bound:.15g}"
        for word, bound in ((least, parameter.minimum), (most, parameter.maximum))
        if bound is not None
    ]
    if parameter.less_than:
        said.append(f"less than {parameter.less_than}")
    return ", ".join(filter(None, [parameter.type, *said, _words(parameter.unit)]))


#: As wide as lines of a spec are where it is printed.
_WIDTH = 100


def text(spec: FunctionSpec) -> str:
    """The whole spec, a paragraph for each fact."""
    lines = [f"{spec.name} {head(spec)}", spec.summary, *map(_wrapped, facts(spec))]
    for heading, entries in sections(spec):
        width = max(len(term) for term, _ in entries)
        lines += ["", heading, *(_wrapped(words, f"  {term:{width}}  ") for term, words in entries)]
    sources = [_wrapped(each, "Source: ") for each in spec.references]
    return "\n".join([*lines, *([""] if sources else []), *sources])


def _wrapped(words: str, term: str = "") -> str:
    """Words after their term, or under each other beside it where they need more than one line."""
    import textwrap

    return textwrap.fill(
        words, _WIDTH, initial_indent=term, subsequent_indent=" " * len(term), break_on_hyphens=False
    )


def html(spec: FunctionSpec) -> str:
    """The whole spec as notebooks show it."""
    parts = [
        f"<p><code><b>{spec.name}</b></code> {escape(head(spec))}<br>{escape(spec.summary)}</p>",
        *(f"<p>{escape(each)}</p>" for each in facts(spec)),
    ]
    for heading, entries in sections(spec):
        parts.append(_text_tables.html(entries, caption=heading, left=2))
    sources = "<br>".join(f"Source: {escape(each)}" for each in spec.references)
    return "".join([*parts, f"<p>{sources}</p>" if sources else ""])


def _along(axes: tuple[str, ...]) -> str:
    return " by ".join(axes) or "one number"


def _words(unit: str) -> str:
    return unit.replace("_", " ")
