"""A page as a browser shows it, where there is one: what went wrong, how wide it is, what it says."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE, DESKTOP = 400, 1400

# Runs before anything of the page does.
_WATCH = """<script>
var problems = [];
for (const level of ["error", "warn"]) console[level] = (...said) => problems.push(said.join(" "));
addEventListener("error", ({ message }) => problems.push(message));
addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
addEventListener("securitypolicyviolation", ({ violatedDirective }) => problems.push(violatedDirective));
</script>"""

# The page stands in a frame, as a window of a browser is never as narrow as a phone.
_AROUND = """<!doctype html><meta charset="utf-8">
<iframe src="{page}" style="border:0; width:{width}px; height:900px"></iframe><pre></pre>
<script>
const frame = document.querySelector("iframe");
const later = (wait) => new Promise((done) => setTimeout(done, wait));
const until = async (holds) => {{ for (let turn = 0; turn < 600 && !holds(); turn++) await later(50); }};
frame.onload = async () => {{
  const page = frame.contentDocument, widest = [];
  const drawn = () => Number(page.body.dataset.drawn ?? 0);
  const look = () => widest.push(page.documentElement.scrollWidth);
  await until(() => drawn() > 0);
  look();
  for (const selector of {clicks}) {{
    const before = drawn(), found = page.querySelector(selector);
    found.click();
    if (found.dataset.section) await until(() => drawn() > before);
    await later(100);
    look();
  }}
  const canvases = (root) => [...root.querySelectorAll("*")].reduce(
    (sum, each) => sum + (each.tagName === "CANVAS") + (each.shadowRoot ? canvases(each.shadowRoot) : 0), 0);
  const charts = [...page.querySelectorAll("section:not([hidden]) .chart, main > figure .chart")];
  document.querySelector("pre").textContent = JSON.stringify({{
    problems: frame.contentWindow.problems, width: Math.max(...widest), text: page.body.innerText,
    drawn: drawn(), empty: charts.filter((each) => canvases(each) === 0).map((each) => each.dataset.figure),
  }});
}};
</script>"""


@dataclass(frozen=True)
class Shown:
    """What a browser made of a page: `empty` are the charts in sight without a picture."""

    problems: list[str]
    width: int
    text: str
    drawn: int
    empty: list[str]


def shown(page: Path, folder: Path, width: int, clicks: list[str] | None = None) -> Shown:
    """Open a page in a window of some width and click on elements in turn; skip where there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no browser")
    text = page.read_text(encoding="utf-8").replace("<head>", "<head>" + _WATCH, 1)
    (folder / "watched.html").write_text(text, encoding="utf-8")
    around = folder / "around.html"
    around.write_text(
        _AROUND.format(page="watched.html", width=width, clicks=json.dumps(clicks or [])), encoding="utf-8"
    )
    command = [
        *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"),
        *(
            "--allow-file-access-from-files",
            "--virtual-time-budget=200000",
            f"--user-data-dir={folder / 'profile'}",
        ),
        *("--window-size=1600,1000", around.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = re.search(r"<pre>(.+?)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return Shown(**json.loads(html.unescape(found[1])))
