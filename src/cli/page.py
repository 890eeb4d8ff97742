"""A page of figures that holds all it needs and loads nothing: plotting library, figures, numbers.

The library and the numbers are compressed; the page unpacks them with what every browser since 2023 has.
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.plotting import figure
from bokeh.resources import Resources
from bokeh.themes import Theme
from markupsafe import Markup

#: Hues that stand out from white and from a dark page alike.
BLUE, AMBER, RED, TEAL, VIOLET, GREY = "#3478e0", "#c67c0c", "#df4a44", "#14957f", "#9663d8", "#7b8798"

#: Digits of a number's fraction, in bits: five decimal digits, and what is not kept compresses away.
SHOWN_BITS = 17
_FRACTION_BITS = 23

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

#: What all figures have in common. Colours of paper and ink are the style's: it knows light and dark.
_THEME = Theme(
    json={
        "attrs": {
            "Plot": {
                "sizing_mode": "stretch_both",
                "toolbar_location": None,
                "background_fill_alpha": 0.0,
                "border_fill_alpha": 0.0,
                "outline_line_color": None,
                "min_border_right": 12,
                "min_border_top": 8,
            },
            "Axis": {
                "axis_line_color": None,
                "major_tick_line_color": None,
                "major_tick_out": 2,
                "minor_tick_line_color": None,
                "minor_tick_out": 0,
                "major_label_text_font": _FONT,
                "major_label_text_font_size": "12px",
                "axis_label_text_font": _FONT,
                "axis_label_text_font_size": "12px",
                "axis_label_text_font_style": "normal",
            },
        }
    }
)


@cache
def plotting_library() -> str:
    """Bokeh's script, packed, without its further scripts for widgets, tables and formulas."""
    resources = Resources(mode="inline", minified=True, components=["bokeh"], log_level="warn")
    return packed("\n".join(resources.js_raw).encode())


def packed(content: bytes) -> str:
    """Bytes as compressed text. The same content gives the same text."""
    return b64encode(gzip.compress(content, 9, mtime=0)).decode()


def document(figures: Iterable[figure]) -> str:
    """Figures as the page draws them, packed. Each goes where the page has an element of its name."""
    made = Document(theme=_THEME)
    for each in figures:
        made.add_root(each)
    return packed(serialize_json(made.to_json(deferred=False), pretty=False).encode())


def columns(table: Mapping[str, Sequence[float | None]], exact: Iterable[str] = ()) -> dict[str, Any]:
    """Columns of equal length as 32-bit floats, packed, missing as NaN; `exact` ones keep all their bits.

    The first bytes of all numbers come first, then the second ones: like beside like compresses better.
    """
    whole = set(exact)
    parts = []
    for name, values in table.items():
        numbers = narrow(values, _FRACTION_BITS if name in whole else SHOWN_BITS)
        parts.append(numbers.view(np.uint8).reshape(-1, 4).T.tobytes())
    rows = len(next(iter(table.values()), ()))
    return {"names": list(table), "rows": rows, "packed": packed(b"".join(parts))}


def narrow(values: Sequence[float | None], bits: int = SHOWN_BITS) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Numbers as 32-bit floats, rounded to some bits of their fraction; None as NaN.

    >>> narrow([1.0, None, 2506.85])
    array([1.0000000e+00,           nan, 2.5068438e+03], dtype=float32)
    """
    kept = np.asarray(values, dtype=np.float64).astype("<f4")
    dropped = _FRACTION_BITS - bits
    if dropped <= 0:
        return kept
    # Up to half a step on the number's magnitude, then cut: a carry goes into the exponent, which is right.
    half, mask = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF & ~((1 << dropped) - 1))
    known = np.isfinite(kept)
    words = kept.view("<u4")
    words[known] = (words[known] + half) & mask
    return kept


def part(name: str) -> Markup:
    """A file that all pages share, for the template: `page.css` and `page.js`."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))
