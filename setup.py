"""Maps src/ onto the import package `omega`; everything else lives in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.editable_wheel import editable_wheel
from setuptools_rust import RustExtension, Strip, build_rust

ROOT = Path(__file__).parent


class EditableThroughTheLink(editable_wheel):  # type: ignore[misc]
    """Puts `typings/`, which holds the link `omega` to `src/`, on the path.

    The finder that setuptools would install is a program, which type checkers do not run.
    """

    def finalize_options(self) -> None:
        """Make the link where there is none, as in an unpacked sdist, and point at its folder."""
        link = ROOT / "typings" / "omega"
        if not link.is_symlink():
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(Path("..", "src"), target_is_directory=True)
        self.distribution.package_dir = {"": link.parent.name}
        super().finalize_options()


class BuildRust(build_rust):
    """Strips what is packed. What lies in a checkout keeps its names, for profilers."""

    def run_for_extension(self, ext: RustExtension) -> None:
        """Build one extension; into a checkout is `inplace`."""
        if not self.inplace:
            ext.strip = Strip.All
        super().run_for_extension(ext)


setup(
    packages=["omega", *(f"omega.{name}" for name in find_packages("src"))],
    cmdclass={"editable_wheel": EditableThroughTheLink, "build_rust": BuildRust},
    # One wheel for CPython 3.11 and every later one, as pyo3's abi3-py311 promises.
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
