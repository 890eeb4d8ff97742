# What stands for the classes of pandas where it is not installed. No data is of them, so that the overloads
# for pandas do not take what belongs to another library, as `Any` would.

from typing import Generic, TypeVar

__all__ = ["DataFrame", "Series"]

_Value = TypeVar("_Value")

class DataFrame: ...
class Series(Generic[_Value]): ...
