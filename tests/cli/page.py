"""A report's page as its script sees it."""

import gzip
import json
from base64 import b64decode
from html.parser import HTMLParser
from typing import Any

import numpy as np


class Page(HTMLParser):
    """What a page would load, its JSON, its charts, and the figures that are packed in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.charts: dict[str, list[str]] = {}
        self.scripts: dict[str, str] = {}
        self._section = self._script = ""
        self.feed(text)
        self.page = json.loads(self.scripts["page"])
        self.documents = {
            name.removeprefix("document-"): json.loads(gzip.decompress(b64decode(text)))
            for name, text in self.scripts.items()
            if name.startswith("document-")
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loads += [f"{tag} {value}" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        if tag == "link":
            self.loads.append("link")
        if tag == "section":
            self._section = str(named["data-section"])
        if "data-figure" in named:
            self.charts.setdefault(self._section, []).append(str(named["data-figure"]))
        self._script = str(named.get("id", "")) if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data

    def rows(self, symbol: str) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """The columns of a symbol, unpacked as the page's script does it."""
        packed = self.page["rows"][symbol]
        planes = np.frombuffer(gzip.decompress(b64decode(packed["packed"])), np.uint8)
        columns = planes.reshape(len(packed["names"]), 4, packed["rows"]).transpose(0, 2, 1)
        return dict(zip(packed["names"], np.ascontiguousarray(columns).view("<f4")[:, :, 0], strict=True))
