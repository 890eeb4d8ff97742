# What data and columns may be, by the library that answers.

from array import array
from collections.abc import Mapping, Sized
from typing import Any, Protocol, TypeAlias, TypeVar

from omega.functions.typed import numpy as np
from omega.functions.typed import pandas as pd
from omega.functions.typed import polars as pl

# Hashable, as these are and a pandas Series is not: mypy would find any method in a Series of `Any`,
# and answer `Any` where two overloads take it.
class _ArrowArray(Protocol):
    def __hash__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...

class _ArrowStream(Protocol):
    def __hash__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

class _ArrowDevice(Protocol):
    def __hash__(self) -> int: ...
    def __arrow_c_device_array__(self, requested_schema: Any = None) -> Any: ...

class _Tensor(Protocol):
    def __hash__(self) -> int: ...
    def __dlpack__(self, *args: Any, **kwargs: Any) -> Any: ...

_Foreign: TypeAlias = _ArrowArray | _ArrowStream | _ArrowDevice | _Tensor
# What a call writes to, and answers with; and a column in a class of several.
_Out = TypeVar("_Out", bound=Sized)  # noqa: PYI018 - for the stubs of functions
_Column = TypeVar("_Column")  # noqa: PYI018 - as above

_List: TypeAlias = list[Any] | tuple[Any, ...]
_Array: TypeAlias = np.NDArray[Any] | memoryview | array[Any]

# Data.
Expression: TypeAlias = pl.Expr
Arrays: TypeAlias = _Array | Mapping[str, _Array]
Lists: TypeAlias = _List | Mapping[str, _List]
Polars: TypeAlias = pl.Series | pl.DataFrame | pl.LazyFrame | Mapping[str, pl.Series]
Pandas: TypeAlias = pd.Series[Any] | pd.DataFrame | Mapping[str, pd.Series[Any]]
# Of other libraries, and of several.
Other: TypeAlias = Mapping[str, Any] | _Foreign
# Of all of them. Numbers are none, so that `rsi(bars, 14)` is seen to lack the name of its parameter.
Anything: TypeAlias = Sized | _Foreign | pl.Expr | pl.LazyFrame

# The first input by keyword, which decides where there is no data. It may be the name of a column, a number
# for every row, or beside data of this library a column of one whose overload comes before.
ExpressionInput: TypeAlias = pl.Expr | str | float | None
ArrayInput: TypeAlias = _Array | str | float | None
ListInput: TypeAlias = _List | ArrayInput
PolarsInput: TypeAlias = pl.Series | ListInput
PandasInput: TypeAlias = pd.Series[Any] | PolarsInput
OtherInput: TypeAlias = Other | PolarsInput
# All other inputs.
AnyInput: TypeAlias = Anything | float | None
