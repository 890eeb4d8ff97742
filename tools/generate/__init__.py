"""Writes everything that is derived from the contracts in `src/schemas`.

Each target is a function that returns `{path below the project: text or bytes}`; `__main__` writes or
compares them. A fact that two languages need is written down once and generated for the other.
"""
