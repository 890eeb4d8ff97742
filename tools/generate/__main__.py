"""`python -m tools.generate` writes all generated files; `--check` fails where a committed one is stale."""

import argparse
import sys

from tools.generate import error_history, files, targets


def main(arguments: list[str] | None = None) -> int:
    """0 when everything is current, 1 when something is stale or breaks the append-only rule."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument(
        "--only", metavar="TARGET", choices=list(targets.TARGETS), help="one target instead of all"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--before-build", action="store_true", help="only what the extension is built from")
    when.add_argument("--after-build", action="store_true", help="only what is read out of the extension")
    parser.add_argument(
        "--against", metavar="REV", help="also compare the error table with this git revision"
    )
    options = parser.parse_args(arguments)

    problems: list[str] = []
    if options.against:
        problems += error_history.broken_promises(options.against)
    names = [options.only] if options.only else list(targets.TARGETS)
    if options.before_build:
        names = [name for name in names if name not in targets.AFTER_BUILD]
    if options.after_build:
        names = [name for name in names if name in targets.AFTER_BUILD]
    for name in names:
        produced = targets.TARGETS[name]()
        stale = files.stale(produced)
        if options.check:
            problems += [f"{path} is stale; run `make generate`" for path in stale]
        else:
            files.write(produced)
            for path in stale:
                print(f"{name}: wrote {path}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
