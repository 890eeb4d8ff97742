# ruff: noqa: F403, I001
# mypy: disable-error-code=assignment
# The types of NumPy, or stand-ins where it is not installed, as in pandas.pyi.

from numpy import *
from numpy.typing import *
from omega.functions.typed.absent_numpy import *
from numpy import *
from numpy.typing import *
