# What stands for the types of NumPy where it is not installed, as in absent_pandas.pyi.

from typing import Generic, TypeVar

__all__ = ["NDArray", "float64"]

_Value = TypeVar("_Value")

class NDArray(Generic[_Value]): ...
class float64: ...  # noqa: N801 - as NumPy calls it
