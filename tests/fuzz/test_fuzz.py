"""The fuzzers find planted bugs and show them again by seed; a few seconds of each attack find nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests.fuzz.attack import ATTACKS, ROOT, Tally, dice_of, load
from tests.fuzz.attacks import models
from tests.fuzz.limits import decades
from tests.fuzz.rational import REFERENCES, Value, root
from tests.fuzz.runner import Found, Report, narrow, run_cases, run_for
from tests.fuzz.samples import KERNELS, MODELS


def found_by(plant: str) -> Found:
    """The first finding of a planted bug."""
    report = Report(f"tests.fuzz.planted:{plant}")
    run_for(report, 7, 1.5, enough=1)
    assert report.found, f"{report.cases} cases and nothing found"
    return next(iter(report.found.values()))


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        ("CRASH", "SIGSEGV"),
        ("HANG", "no answer for 1 s"),
        ("HELD", "no answer for 1 s"),
        ("HOARD", "MemoryError"),
        ("LEAVE", "SystemExit"),
        ("INFINITE", "infinite"),
        ("NARROW", "must be"),
        ("LEAKING", "KeyError"),
        ("WRONG", "must be"),
    ],
)
def test_a_planted_bug_is_found_and_shown_again_by_seed(plant: str, says: str) -> None:
    found = narrow(found_by(plant))
    assert says in found.signature
    assert found.first == found.case
    assert re.fullmatch(rf"make fuzz ATTACK=\S+:{plant} SEED=7 CASE=\d+", found.replay())


def test_a_process_that_died_is_followed_by_another() -> None:
    report = Report("tests.fuzz.planted:CRASH")
    run_for(report, 7, 6)
    (found,) = report.found.values()
    assert found.times > 1
    assert report.outcomes["died"] == found.times
    assert "Segmentation fault" in found.trace


def test_an_attack_that_cannot_run_here_says_why() -> None:
    report = Report("tests.fuzz.planted:EXCUSED")
    run_for(report, 7, 60)
    assert (report.cases, report.excuse) == (0, "there is no such thing here")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_what_was_found_and_fails() -> None:
    ran = command("--attack", "tests.fuzz.planted:CRASH", "--seed", "7", "--minutes", "0.05")
    assert ran.returncode == 1, ran.stderr
    assert "fuzz: SEED=7" in ran.stdout
    assert "1 finding with SEED=7" in ran.stdout
    replay = re.search(r"CASE=(\d+)", ran.stdout)
    assert replay is not None
    again = command("--attack", "tests.fuzz.planted:CRASH", "--seed", "7", "--case", replay[1])
    assert again.returncode == 1
    assert "the planted bug" in again.stdout


def test_the_command_ends_well_where_nothing_was_found() -> None:
    ran = command("--attack", "door", "--seed", "1", "--case", "0")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "fuzz: nothing found with SEED=1" in ran.stdout


@pytest.mark.parametrize(
    "arguments", [("--attack", "dor"), ("--case", "1"), ("--attack", "door", "--case", "x")], ids=str
)
def test_the_command_refuses_what_it_does_not_know(arguments: tuple[str, ...]) -> None:
    assert command(*arguments).returncode == 2


def test_a_case_follows_from_its_seed_alone() -> None:
    for name in ("door", "rationals", "snapshots", "structs"):
        attack = load(name)
        notes = []
        for _ in range(2):
            tally = Tally()
            attack.case(dice_of(name, 3, 1), tally)
            notes.append([re.sub(r"0x[0-9a-fA-F]+", "", each) for each in tally.notes])
        assert notes[0] == notes[1]


def test_every_kernel_has_a_reference_and_every_invariant_a_model() -> None:
    assert {spec.name for spec in KERNELS} == set(REFERENCES)
    assert set(models.INVARIANTS) <= {spec.name for spec in MODELS}


def test_the_reference_arithmetic_is_exact() -> None:
    assert root(Fraction(9, 4)) == Fraction(3, 2)
    assert abs(root(Fraction(2)) ** 2 - 2) < Fraction(1, 10**40)
    assert abs(root(Fraction(1, 10**250)) ** 2 * 10**250 - 1) < Fraction(1, 10**30)
    near = Value(Fraction(1, 3), Fraction(1, 3))
    assert near.allows(1 / 3)
    assert not near.allows(1 / 3 + 1e-12)
    assert not near.allows(float("nan"))
    assert not Value(Fraction(1, 3), Fraction(1, 3), strict=True).allows(1 / 3)


def test_the_border_is_asked_of_the_door() -> None:
    least, greatest = decades()
    assert least < -90
    assert greatest > 90


def test_every_attack_is_described() -> None:
    described = (Path(__file__).parent / "README.md").read_text()
    for name in ATTACKS:
        assert f"`{name}`" in described
        assert load(name).about


#: So many cases of each attack are a few seconds; `make fuzz` does more.
A_FEW = {
    "door": 600,
    "structs": 1500,
    "snapshots": 100,
    "threads": 8,
    "rationals": 600,
    "memory": 6,
    "models": 60,
}


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.julia if each == "models" else ()) for each in ATTACKS]
)
def test_a_few_cases_of_the_attack_find_nothing(name: str) -> None:
    report = Report(name)
    run_cases(report, 20, 0, A_FEW[name])
    assert (report.cases, report.excuse) == (A_FEW[name], None)
    assert [each.replay() + " # " + each.signature for each in report.found.values()] == []
