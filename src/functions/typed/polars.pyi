# ruff: noqa: F403, I001
# mypy: disable-error-code=assignment
# The classes of polars, or stand-ins where it is not installed, as in pandas.pyi.

from polars import *
from omega.functions.typed.absent_polars import *
from polars import *
