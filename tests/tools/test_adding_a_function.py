"""The worked changes of `docs/adding_a_function.md` apply, touch what the page says, and work as they are.

Everything happens in a copy of the repository. What Cargo builds there stays in `target/`, for the next time.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding_a_function.md"
DIFFS = ROOT / "docs" / "adding_a_function"
SCRATCH = ROOT / "target" / "adding_a_function"
RUST, JULIA = "src/rust_modules", "src/julia_modules/omega_julia"

CHANGES = ("indicator", "metric", "model")
RUST_FUNCTIONS = ("ta.mom", "risk.downside_deviation", "risk.rolling_downside_deviation")
MODEL = "regimes.trend_stability"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; all that it says where it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
    return done.stdout


def copy_to(folder: Path) -> None:
    """The files git knows, with their times, so that Cargo sees which have changed."""
    listing = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT)
    for name in filter(None, listing.split("\0")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            shutil.copy2(ROOT / name, path, follow_symlinks=False)


def section(name: str) -> tuple[set[str], str]:
    """What the page says of a change: the files that it touches, and the change itself."""
    said = re.search(
        rf"^By hand: ([^.\n]*(?:\.\w[^.\n]*)*)\.\n\n`{name}\.diff`:\n\n```diff\n(.*?)^```$",
        PAGE.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert said is not None
    return set(re.findall(r"`(.+?)`", said[1])), said[2]


@pytest.mark.parametrize("name", CHANGES)
def test_a_worked_change_is_shown_as_it_is_and_touches_what_the_page_says(name: str) -> None:
    touched, shown = section(name)
    assert shown == (DIFFS / f"{name}.diff").read_text("utf-8")
    listed = run("git", "apply", "--check", "--numstat", DIFFS / f"{name}.diff", cwd=ROOT)
    assert {line.split("\t")[2] for line in listed.splitlines()} == touched


@pytest.fixture(scope="module")
def changed() -> Path:
    """A copy with all three changes, and the extension that is built of it."""
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo")
    tree = SCRATCH / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    copy_to(tree)
    # The copy lies inside of this repository, and git is not to take it for a part of it.
    diffs = [DIFFS / f"{name}.diff" for name in CHANGES]
    run("git", "apply", *diffs, cwd=tree, GIT_CEILING_DIRECTORIES=str(SCRATCH))
    cargo(tree, "build", "--package", "omega_rust")
    library = next(
        path
        for name in ("lib_rust.so", "lib_rust.dylib", "_rust.dll")
        if (path := SCRATCH / "built" / "debug" / name).exists()
    )
    shutil.copy2(library, tree / "src" / "_rust.abi3.so")
    return tree


def cargo(tree: Path, command: str, *options: str) -> str:
    """Cargo in the copy, without debug information and optimisation, which only take time here."""
    built = {"CARGO_TARGET_DIR": str(SCRATCH / "built"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    manifest = ("--manifest-path", f"{RUST}/Cargo.toml")
    return run("cargo", command, *manifest, *options, cwd=tree, PYO3_PYTHON=sys.executable, **built)


def python(tree: Path, *arguments: str) -> str:
    """Python with the Omega of the copy."""
    return run(
        sys.executable, *arguments, cwd=tree, PYTHONPATH=os.pathsep.join((f"{tree}/typings", str(tree)))
    )


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(1200)
def test_the_indicator_and_the_metric_obey_every_law_and_agree_with_their_peers(changed: Path) -> None:
    pytest.importorskip("talib")
    pytest.importorskip("empyrical")
    python(changed, "-m", "tools.generate", "--only", "functions-python")
    python(changed, "-m", "tools.make_vectors", "--only", *RUST_FUNCTIONS)
    for name in ("ta.mom", "downside_deviation"):
        report = cargo(changed, "test", "--package", "omega_catalog", "--test", "laws", "--", name)
        assert "it_agrees_with_its_reference" in report
    chosen = " or ".join((*RUST_FUNCTIONS, "every_kernel_has_a_reference"))
    tests = ("tests/functions/test_vectors.py", "tests/fuzz/test_fuzz.py")
    assert " passed" in python(changed, "-m", "pytest", "-q", "-k", chosen, *tests)


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.julia
@pytest.mark.timeout(1200)
def test_the_model_agrees_with_its_peer_from_julia_and_from_python(changed: Path) -> None:
    pytest.importorskip("empyrical")
    from tools.generate import functions_julia

    python(changed, "-m", "tools.generate", "--before-build")
    python(changed, "-m", "tools.generate", "--after-build")
    python(changed, "-m", "tools.make_vectors", "--only", MODEL)
    tests = f'include("{JULIA}/test/helpers.jl"); include("{JULIA}/test/regimes/trend_stability.jl")'
    julia = functions_julia.executable()
    assert julia is not None
    run(
        julia,
        "--startup-file=no",
        f"--project={JULIA}",
        "-e",
        f"using OmegaJulia, Test; {tests}",
        cwd=changed,
    )
    answered = python(changed, "-m", "pytest", "-q", "-k", MODEL, "tests/functions/test_vectors.py")
    assert "1 passed" in answered
