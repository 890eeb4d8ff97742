"""`python -m tools.picture_of_report PAGE` draws `docs/report.png`: a page as a browser shows it."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "report.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> int:
    """0 when the picture was written, 1 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tools.picture_of_report", description=__doc__)
    parser.add_argument("page", type=Path, help="what `omega demo` wrote: out/report.html")
    page = parser.parse_args().page.resolve(strict=True)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("no browser here that can draw: install chromium", file=sys.stderr)
        return 1
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [
        "--window-size=1200,860",
        "--virtual-time-budget=20000",
        f"--screenshot={PICTURE}",
        page.as_uri(),
    ]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
