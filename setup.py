"""Maps src/ onto the import package `omega`; everything else lives in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=["omega", *(f"omega.{name}" for name in find_packages("src"))],
    # One wheel for CPython 3.11 and every later one, as pyo3's abi3-py311 promises.
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
