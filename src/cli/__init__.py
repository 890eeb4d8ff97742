"""`omega …` on the command line. How every command ends: `omega --help` says what each status means."""

from __future__ import annotations

import errno
import os
import sys

from omega.shared.distribution import how_to_install
from omega.shared.exceptions import FileUnwritableError, MissingDependencyError

__all__ = ["INTERRUPTED", "main"]

#: The status of a process that Ctrl-C has ended, as shells know it.
INTERRUPTED = 130

#: What writing to a full disk, a broken device or a reader who has left fails with.
_OUTPUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})


def main() -> None:
    """Run the command that the arguments name: the entry point `omega`."""
    try:
        _main()
    except KeyboardInterrupt:
        # Before a command runs, or after: between, the group of all commands has answered it.
        sys.exit(INTERRUPTED)


def _main() -> None:
    try:
        import rich
        import typer

        del rich, typer
    except ImportError as missing:
        error = MissingDependencyError(
            feature="The command `omega`", value=missing.name, allowed=how_to_install("cli")
        )
        sys.exit(f"{error.code.name}: {error}")
    from omega.cli.app import app

    try:
        try:
            app(prog_name="omega")
        finally:
            # What is still in the buffer would fail when nobody is left to say so.
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as fault:
        # Commands turn what goes wrong with files into errors of Omega; what is left is their output.
        if fault.errno not in _OUTPUT_FAULTS:
            raise
        _give_up(fault)


def _give_up(fault: OSError) -> None:
    """End with status 1 and one line that says why printing failed; none if the reader has left."""
    # Python writes what is in the buffer once more when it ends, and would fail once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if fault.errno == errno.EPIPE:
        sys.exit(1)
    error = FileUnwritableError(
        path="standard output", reason=fault.strerror or fault, allowed="a file or a pipe that takes it"
    )
    sys.exit(f"{error.code.name}: {error}")
