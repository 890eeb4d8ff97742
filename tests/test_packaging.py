"""Omega installs from a wheel, an sdist, editable and by `uv sync`, and holds what it should, no more."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTENSION = "omega/_rust.abi3.so"

# What somebody with nothing but Omega does first. It takes every kind of file there is in the package.
FIRST_STEPS = """
import importlib.resources, sys
import omega
stream = omega.stream("ta.sma", period=2)
assert stream.update(1.0) is None
assert stream.update(2.0) == 1.5
files = importlib.resources.files("omega")
assert files.joinpath("py.typed").is_file()
assert files.joinpath("schemas", "tables", "bars.arrow").read_bytes().startswith(b"ARROW1")
assert files.joinpath("julia_modules", "omega_julia", "src", "OmegaJulia.jl").is_file()
assert "numpy" not in sys.modules and "pyarrow" not in sys.modules
print(omega.__file__)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def build_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which all builds share what Cargo has compiled, and leave nothing in the checkout."""
    # build/ would keep modules that were deleted since, and put them into the next wheel.
    options = tmp_path_factory.mktemp("build") / "options.cfg"
    options.write_text(f"[build]\nbuild_base={options.parent}/base\n[egg_info]\negg_base={options.parent}\n")
    return os.environ | {
        "CARGO_TARGET_DIR": str(ROOT / "target"),
        "DIST_EXTRA_CONFIG": str(options),
        "PYO3_PYTHON": sys.executable,  # else every isolated build has its own, and builds pyo3 anew
    }


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory, build_environment: dict[str, str]) -> Path:
    """The source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    options = ("--sdist", "--no-isolation", "--outdir", folder)
    run(sys.executable, "-m", "build", *options, ROOT, env=build_environment)
    return only(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path) -> Path:
    """The sdist as a folder, so that what is built from it several times is compiled once."""
    run("tar", "--extract", "--file", sdist, cwd=sdist.parent)
    return only(sdist.parent.glob("omega_analytics-*/"))


@pytest.fixture(scope="module")
def wheel_of(
    tmp_path_factory: pytest.TempPathFactory, build_environment: dict[str, str]
) -> Callable[[Path], Path]:
    """Builds the wheel of a source folder, once."""

    @cache
    def build(source: Path) -> Path:
        folder = tmp_path_factory.mktemp("wheel")
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
        run(sys.executable, "-m", "pip", "wheel", *options, source, env=build_environment)
        return only(folder.glob("*.whl"))

    return build


class Environment:
    """A virtual environment apart from the one that runs the tests, empty but for pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run(sys.executable, "-m", "venv", folder)

    def pip(self, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
        """Run its pip, with the versions this project is tested with."""
        constraints = ("--constraint", ROOT / "constraints.txt") if "install" in arguments else ()
        return run(self.folder / "bin/python", "-m", "pip", *arguments, *constraints, env=env)

    def import_and_call(self) -> Path:
        """Import Omega and call a function, from outside any checkout; where Omega was found."""
        printed = run(self.folder / "bin/python", "-I", "-c", FIRST_STEPS, cwd=self.folder)
        return Path(printed.splitlines()[-1])


@pytest.fixture
def clean(tmp_path: Path) -> Environment:
    """An environment for one test."""
    return Environment(tmp_path / "clean")


def run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, status: int = 0
) -> str:
    """What a command prints, once it has ended as it should."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def only(paths: Iterable[Path]) -> Path:
    """The one path there is."""
    (path,) = paths
    return path


def tracked_source_files() -> set[str]:
    """The files git knows under src/, those about to be committed included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src"]
    return {name for name in run(*command, cwd=ROOT).splitlines() if (ROOT / name).is_file()}


def belongs_in_a_wheel(name: str) -> bool:
    """Whether a file of src/ is part of the installed package: all that runs, not what it was built from."""
    not_for_users = ("src/rust_modules/", "src/julia_modules/omega_julia/test/")
    return not name.startswith(not_for_users) and not name.endswith("README.md")


def test_a_wheel_holds_the_tracked_files_and_the_extension_and_nothing_else(
    wheel_of: Callable[[Path], Path], unpacked: Path
) -> None:
    """From the checkout and from the sdist alike: each of them can lose files silently, in its own way."""
    expected = {
        f"omega/{name.removeprefix('src/')}" for name in filter(belongs_in_a_wheel, tracked_source_files())
    }
    for wheel in map(wheel_of, (ROOT, unpacked)):
        with zipfile.ZipFile(wheel) as archive:
            held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert held == expected | {EXTENSION}
        assert wheel.name.split("-")[2:4] == ["cp311", "abi3"]


def test_a_wheel_says_what_it_is_and_brings_no_names_of_its_inside(
    wheel_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel_of(ROOT)) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = archive.read(metadata).decode()
        extension = archive.extract(EXTENSION, tmp_path)
    assert "\nName: omega-analytics\n" in said
    assert "\nDescription-Content-Type: text/markdown\n" in said
    assert said.endswith((ROOT / "README.md").read_text())
    assert not re.search("^Requires-Dist: omega\\b(?!-)", said, re.MULTILINE)
    symbols = run("nm", extension, status=0).splitlines()
    assert not [line for line in symbols if " t " in line]


def test_an_sdist_holds_all_that_a_wheel_is_built_from(unpacked: Path) -> None:
    held = {str(path.relative_to(unpacked)) for path in (unpacked / "src").rglob("*") if path.is_file()}
    assert held == tracked_source_files()
    assert (unpacked / ".cargo/config.toml").read_text() == (ROOT / ".cargo/config.toml").read_text()


def test_a_wheel_installs_with_pydantic_alone_and_computes(
    wheel_of: Callable[[Path], Path], clean: Environment
) -> None:
    clean.pip("install", wheel_of(ROOT))
    assert clean.import_and_call().is_relative_to(clean.folder)
    installed = {
        row["name"].lower().replace("-", "_") for row in json.loads(clean.pip("list", "--format=json"))
    }
    pydantic = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
    assert installed - {"pip", "setuptools"} == {"omega_analytics"} | pydantic


def test_the_command_without_its_extra_says_what_to_install(
    wheel_of: Callable[[Path], Path], clean: Environment
) -> None:
    clean.pip("install", wheel_of(ROOT))
    said = run(clean.folder / "bin/omega", "--help", status=1)
    assert "pip install 'omega-analytics[cli]'" in said
    assert "Traceback" not in said


def test_an_sdist_installs_and_computes(
    wheel_of: Callable[[Path], Path], unpacked: Path, clean: Environment
) -> None:
    """Installing an sdist is building its wheel and installing that."""
    clean.pip("install", wheel_of(unpacked))
    assert clean.import_and_call().is_relative_to(clean.folder)


def test_an_editable_install_computes_and_sees_new_modules(
    unpacked: Path, clean: Environment, build_environment: dict[str, str]
) -> None:
    clean.pip("install", "--editable", unpacked, env=build_environment)
    assert clean.import_and_call() == unpacked / "typings/omega/__init__.py"
    added = unpacked / "src/added_later.py"
    added.write_text("")
    run(clean.folder / "bin/python", "-I", "-c", "import omega.added_later", cwd=clean.folder)
    added.unlink()


def test_uv_sync_installs_and_computes(
    unpacked: Path, clean: Environment, build_environment: dict[str, str]
) -> None:
    uv = shutil.which("uv", path=Path(sys.executable).parent)
    assert uv, "uv is part of the extra `test`"
    here = {"UV_PROJECT_ENVIRONMENT": str(clean.folder), "UV_PYTHON": sys.executable, "UV_LINK_MODE": "copy"}
    run(uv, "sync", "--no-progress", cwd=unpacked, env=build_environment | here)
    assert clean.import_and_call() == unpacked / "typings/omega/__init__.py"
