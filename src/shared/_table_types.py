"""Which Arrow types hold all values of which others."""

import re

_LADDERS = (
    ("int8", "int16", "int32", "int64"),
    ("uint8", "uint16", "uint32", "int64"),
    ("float16", "float32", "float64"),
    ("utf8", "large_utf8"),
)
_UNITS = ("s", "ms", "us", "ns")


def widens(old: str, new: str) -> bool:
    """Whether every value of type `old` is a value of type `new`.

    >>> widens("int32", "int64"), widens("float64", "float32"), widens("list<int8>", "list<int64>")
    (True, False, True)
    """
    for ladder in _LADDERS:
        if old in ladder and new in ladder:
            return ladder.index(old) < ladder.index(new)
    both = f"{old} -> {new}"
    if match := re.fullmatch(r"(?:large_)?list<(.+)> -> (large_)?list<(.+)>", both):
        return match[1] == match[3] or widens(match[1], match[3])
    if match := re.fullmatch(r"timestamp\[(\w+)(.*)\] -> timestamp\[(\w+)\2\]", both):
        return _UNITS.index(match[1]) < _UNITS.index(match[3])
    if match := re.fullmatch(r"decimal128\((\d+), (\d+)\) -> decimal128\((\d+), (\d+)\)", both):
        old_digits, old_scale, digits, scale = map(int, match.groups())
        return old_scale <= scale and old_digits - old_scale <= digits - scale
    return False


def converts(found: str, expected: str) -> bool:
    """Whether data of type `found` can be read as `expected` without loss."""
    dictionary = re.fullmatch(r"dictionary<\w+, (\w+)>", found)
    found = dictionary[1] if dictionary else found
    layout = re.sub(r"large_(utf8|list)|utf8_view", lambda match: match[1] or "utf8", found)
    return layout == expected or widens(layout, expected)
