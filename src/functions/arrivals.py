"""Puts `.omega` on what pandas and polars hold, whether they are imported before Omega or after it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from warnings import warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAME = "omega"
#: The classes of each library that have it.
HOLDERS = {"pandas": ("DataFrame", "Series"), "polars": ("DataFrame", "Expr", "LazyFrame", "Series")}


def await_libraries() -> None:
    """Register with the libraries that are there, and with the others when they come."""
    missing = set()
    for name in HOLDERS:
        library = sys.modules.get(name)
        if library is None:
            missing.add(name)
        else:
            register(name, library)
    if missing:
        sys.meta_path.insert(0, _Arrivals(missing))


def register(name: str, library: ModuleType) -> None:
    """Give the classes of a library their `omega`; one that has another's keeps that, with a warning."""
    door = _PandasDoor() if name == "pandas" else _Door()
    for kind in HOLDERS[name]:
        holder = getattr(library, kind, None)
        if holder is None or isinstance(vars(holder).get(NAME), _Door):
            continue
        if hasattr(holder, NAME):
            said = f"{name}.{kind} has an `{NAME}` that is not this library's, and keeps it"
            warn(f"{said}; omega.ta.rsi(…) and the like work as ever", UserWarning, stacklevel=2)
            continue
        _put(holder, door)


def _put(holder: type, door: _Door) -> None:
    try:
        setattr(holder, NAME, door)
    except (TypeError, AttributeError):
        # A sealed class, as a library that stands in for pandas may have, goes without.
        return


class _Door:
    """The attribute: functions of the object that it is asked of.

    Made anew each time. Kept on the object, as polars keeps its namespaces, it would be a cycle, and a frame
    would stay in memory until the collector of cycles comes by.
    """

    def __get__(self, holder: Any, kind: type) -> Any:
        from omega.functions.accessors import Accessor

        return Accessor if holder is None else Accessor(holder)


class _PandasDoor(_Door):
    """The same, but for a column or label of this name: `frame.omega` goes on to read what it read before."""

    def __get__(self, holder: Any, kind: type) -> Any:
        if holder is not None:
            labels = holder.columns if holder.ndim == 2 else holder.index
            if labels.dtype.kind == "O" and NAME in labels:
                return holder[NAME]
        return super().__get__(holder, kind)


class _Arrivals:
    """A finder of modules that leaves finding to the others, and registers with what they found.

    A library keeps the spec and the loader that it would have without. Once all have come this is gone.
    """

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a library that is awaited, as the finders after this one make it; of others none."""
        if name not in self._names or self not in sys.meta_path:
            return None
        others = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(name, path, target) for finder in others if hasattr(finder, "find_spec"))
        spec = next((spec for spec in found if spec is not None), None)
        # A loader that is a class is shared with other modules.
        if spec is not None and hasattr(spec.loader, "__dict__") and not isinstance(spec.loader, type):
            self._register_after(spec.loader)
        return spec

    def _register_after(self, loader: Any) -> None:
        execute = loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            execute(module)
            self._names.discard(module.__name__)
            if not self._names:
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
            register(module.__name__, module)

        loader.exec_module = execute_and_register
