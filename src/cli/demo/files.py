"""Writes the demo's files so that a reader never finds half of one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from omega.shared.exceptions import FileUnwritableError, OmegaError


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden folder inside `folder`, made if need be; its files move up once all are written.

    Raises FileUnwritableError where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(mkdtemp(prefix=".demo-", dir=folder))
        try:
            yield stage
            for file in sorted(stage.iterdir()):
                file.replace(folder / file.name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OmegaError:
        raise
    except OSError as error:
        raise FileUnwritableError(
            path=folder, reason=error.strerror or error, allowed="a folder that can be written"
        ) from error


def require_writable(folder: Path) -> None:
    """Find out before the work, not after it. Raises FileUnwritableError."""
    with staged(folder):
        pass
