"""Maps src/ onto the import package `omega`; everything else lives in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=["omega", *(f"omega.{name}" for name in find_packages("src"))])
