"""What Omega is called where it is installed from: the name that pip takes, which is not the import's."""

from __future__ import annotations

#: The plain name on the package index is another project's, which `pip install omega` would bring.
NAME = "omega-analytics"


def version(distribution: str = NAME) -> str:
    """The installed version of Omega, or of another distribution; PackageNotFoundError where there is none.

    >>> version().count(".")
    2
    """
    # Late: reading metadata imports a parser of mail, which `import omega` should not wait for.
    from importlib import metadata

    return metadata.version(distribution)


def how_to_install(extra: str) -> str:
    """The command that brings what an optional part of Omega needs.

    >>> how_to_install("cli")
    "pip install 'omega-analytics[cli]'"
    """
    return f"pip install '{NAME}[{extra}]'"
