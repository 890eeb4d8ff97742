# ruff: noqa: F403, I001
# mypy: disable-error-code=assignment
# The classes of pandas, or stand-ins where it is not installed: a star brings nothing from what is not there.
# mypy keeps the first import of a name, pyright the last, hence the star before and after.

from pandas import *
from omega.functions.typed.absent_pandas import *
from pandas import *
