"""Which machine, which versions, which revision: without them a figure means nothing."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.results import Machine

ROOT = Path(__file__).parent.parent


class Watch:
    """Notes time and load when it is made, and describes the machine when all has been measured."""

    def __init__(self) -> None:
        self._started = dt.datetime.now(dt.UTC)
        self._load = os.getloadavg()[0]

    def describe(self, packages: Iterable[str], julia: str | None) -> Machine:
        """The machine, with the load before and after."""
        return Machine(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            versions=versions(packages),
            julia=julia,
            revision=_revision(),
            started=self._started.isoformat(timespec="seconds"),
            load_before=round(self._load, 2),
            load_after=round(os.getloadavg()[0], 2),
        )


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of installed distributions; what is not installed is not listed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _revision() -> str | None:
    """The commit, or None outside a checkout."""
    git = ("git", "-C", str(ROOT))
    try:
        commit = subprocess.run((*git, "rev-parse", "HEAD"), capture_output=True, text=True, check=True)
        changes = subprocess.run((*git, "status", "--porcelain"), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+" if changes.stdout.strip() else "")
