"""What was probably meant by a name that a module does not have."""

from __future__ import annotations

from omega import _rust
from omega.shared.exceptions import UnknownFunctionError


def not_there(module: str, name: str) -> AttributeError:
    """The error of `omega.ta.rsii`, which names `omega.ta.rsi`, and of `omega.rsi`, which does so as well."""
    said = f"module {module!r} has no attribute {name!r}"
    # What the interpreter and tools ask every module for is nobody's spelling mistake.
    if name.startswith("_"):
        return AttributeError(said)
    _, _, within = module.partition(".")
    meant = _function(f"{within}.{name}") if within else _of_the_package(name)
    return AttributeError(f"{said}; the nearest is 'omega.{meant}'" if meant else said)


def _function(name: str) -> str:
    """The function called so, or the nearest; nothing if none is near."""
    try:
        return _rust.function(name).name
    except UnknownFunctionError as unknown:
        return str(unknown.fields["nearest"])


def _of_the_package(name: str) -> str:
    """A function of any module where one is called so, or else what of the package is nearest."""
    import difflib

    import omega

    for each in _rust.function_names():
        if each.partition(".")[2] == name.casefold():
            return each
    # Half of two or three letters is as much as one slip leaves.
    likeness = 0.5 if len(name) <= 3 else 0.7
    by_word = {word.casefold(): word for word in omega.__all__}
    return next(
        (by_word[word] for word in difflib.get_close_matches(name.casefold(), by_word, 1, likeness)), ""
    )
