"""What holds for the repository as a whole: facts told twice agree, and nothing is where it must not be."""

import functools
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKSPACE: dict[str, Any] = tomllib.loads((ROOT / "src/rust_modules/Cargo.toml").read_text())

# Letters in brackets, so that this file does not find itself.
LOCAL = re.compile(r"/wor[k]/|/roo[t]/|/hom[e]/\w|/tm[p]/\w+/|localhos[t]:\d|127\.0\.0\.[1]:\d")
REGISTRY = re.compile(
    r"pythonhoste[d]|pyp[i]\.org|(static|index)\.crate[s]\.io|de[b]\.debian\.org", re.IGNORECASE
)


def tracked(*patterns: str) -> list[Path]:
    """The files git knows, those about to be committed included."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def requirements(*extras: str) -> set[str]:
    """The requirements of the core and of some extras, other extras of ours aside, in one spelling."""
    listed = [*PROJECT["dependencies"]]
    for extra in extras:
        listed += PROJECT["optional-dependencies"][extra]
    return {spelled(each) for each in listed if not each.startswith(f"{PROJECT['name']}[")}


def spelled(requirement: str) -> str:
    """A requirement as pip and conda both could write it."""
    return requirement.replace(" ", "").lower()


def test_the_conda_environment_agrees_with_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = {spelled(each) for each in environment["dependencies"] if isinstance(each, str)}
    tools = {"julia>=1.5", "c-compiler", "make", "pip"}
    python = {f"python{PROJECT['requires-python']}"}
    rust = {f"rust>={WORKSPACE['workspace']['package']['rust-version']}"}
    assert plain == tools | python | rust | requirements("cli", "report")
    assert environment["dependencies"][-1] == {"pip": ["--editable ."]}


def test_the_core_needs_pydantic_and_nothing_else() -> None:
    assert [re.match(r"[\w.-]+", each)[0] for each in PROJECT["dependencies"]] == ["pydantic"]  # type: ignore[index]


def test_every_requirement_is_pinned_for_ci_and_within_its_range() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    for each in requirements(*PROJECT["optional-dependencies"]):
        requirement = Requirement(each)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), each


def test_python_and_rust_have_one_version() -> None:
    assert PROJECT["version"] == WORKSPACE["workspace"]["package"]["version"]


def test_no_cargo_profile_aborts_on_panic() -> None:
    for manifest in tracked("*Cargo.toml", ".cargo/config.toml"):
        for name, profile in tomllib.loads(manifest.read_text()).get("profile", {}).items():
            assert profile.get("panic", "unwind") == "unwind", f"{manifest}: profile {name}"


#: What the tests of the workspace are made of; `omega_interop` is made and run by itself.
TESTED = ("--workspace", "--exclude", "omega_interop")

CRATES = [Path(member).name for member in WORKSPACE["workspace"]["members"]]


@pytest.mark.parametrize("crate", [crate for crate in CRATES if crate not in TESTED])
def test_one_crate_alone_is_built_from_what_the_workspace_is(crate: str) -> None:
    """Cargo compiles a crate anew for every set of features, which here would be minutes."""
    assert crates_and_features("--package", crate) <= crates_and_features(*TESTED)


def test_nothing_that_ships_is_built_from_arrow2() -> None:
    """It is archived, with an unpatched advisory: one crate of tests may use it, and none may use that."""
    assert any(each.startswith("arrow2 ") for each in crates_and_features("--package", "omega_interop"))
    shipped = crates_and_features("--workspace", "--edges", "normal,build", "--target", "all")
    assert not any(each.startswith("arrow2 ") for each in shipped)
    manifests = {path.parent.name: tomllib.loads(path.read_text()) for path in tracked("*/Cargo.toml")}
    for name, manifest in manifests.items():
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            listed = manifest.get(kind, {})
            assert "omega_interop" not in listed, f"{kind} of {name}"
            assert "arrow2" not in listed or (name, kind) == ("omega_interop", "dev-dependencies")


@functools.cache
def crates_and_features(*selection: str) -> set[str]:
    """The crates that Cargo would compile from the registry, each with its features."""
    options = (
        "--locked",
        "--manifest-path",
        "src/rust_modules/Cargo.toml",
        "--prefix",
        "none",
        "--no-dedupe",
    )
    command = ("cargo", "tree", *options, "--format", "{p} {f}", *selection)
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.removesuffix(" (*)") for line in listing.stdout.splitlines() if str(ROOT) not in line}


def test_the_release_profile_keeps_no_debug_assertions() -> None:
    assert not WORKSPACE["profile"]["release"].get("debug-assertions", False)


def test_no_file_names_a_place_that_only_one_machine_has() -> None:
    """Cargo.lock alone may: Cargo writes the name of its registry into it, the same on every machine."""
    found = []
    for path in tracked():
        if path.name == "Cargo.lock" or path.suffix in {".arrow", ".parquet", ".png"}:
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            fixed = re.sub(r'\$\w+"?/\S+', "", line)  # a path under a variable is no machine's own
            if LOCAL.search(fixed) or REGISTRY.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


def test_no_file_keeps_both_sides_of_a_merge() -> None:
    marker = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
    assert [path for path in tracked() if marker.search(path.read_bytes())] == []


def test_type_checkers_and_doctests_see_src_as_omega() -> None:
    link = ROOT / "typings/omega"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "src"


def test_nothing_imports_src_by_its_folder_name() -> None:
    """It would be a second copy of every class; ruff says so while one types, this for all there is."""
    imports = re.compile(r"^\s*(import|from) src\b", re.MULTILINE)
    assert [path for path in tracked("*.py", "*.pyi") if imports.search(path.read_text())] == []


def test_every_folder_of_the_package_says_what_it_is_for() -> None:
    """With a README of its own, by name in the README above, or in the first line of its main file."""
    folders = {parent for path in tracked("src") for parent in path.parents if ROOT / "src" in parent.parents}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not is_introduced(folder)] == []


def is_introduced(folder: Path) -> bool:
    """Whether a reader who opens a folder finds a sentence about it."""
    if (folder / "README.md").is_file():
        return True
    above = folder.parent / "README.md"
    if above.is_file() and f"{folder.name}/" in above.read_text():
        return True
    if (main := folder / "__init__.py").is_file():
        return main.read_text().startswith('"""')
    # Inside a crate or a Julia package each module is introduced where it is declared or in its main file.
    return any(
        (parent / name).is_file() for parent in folder.parents for name in ("Cargo.toml", "Project.toml")
    )
