"""The specs that Julia's functions publish, kept where Rust and Python read them without Julia."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.generate import names
from tools.generate.files import ROOT, Files

PATH = "src/schemas/julia_functions.json"
PACKAGE = ROOT / "src/julia_modules/omega_julia/src/OmegaJulia.jl"
#: Included and interpreted: a package that is imported is compiled and warmed up first.
PROGRAM = "include(ARGS[1]); print(OmegaJulia.SPECS_JSON)"


def generate() -> Files:
    """`src/schemas/julia_functions.json`, as Julia publishes it; as committed where there is no Julia."""
    julia = executable()
    if julia is None:
        print("functions-julia: no Julia here, so the committed specs are taken as they are", file=sys.stderr)
        return {PATH: (ROOT / PATH).read_text(encoding="utf-8")}
    command = [julia, "--startup-file=no", "--compile=min", "-O0", "-e", PROGRAM, str(PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"Julia did not publish its specs:\n{done.stderr}")
    specs = json.loads(done.stdout)
    # Nobody calls the hidden ones as `omega.probe.…`.
    names.refuse([spec for spec in specs if not spec["name"].startswith("probe.")])
    return {PATH: json.dumps(specs, indent=2, ensure_ascii=False) + "\n"}


def executable() -> str | None:
    """`OMEGA_JULIA`, else `julia` on the path, else beside this Python, as Omega itself looks for it."""
    beside = Path(sys.executable).parent
    places = [
        os.environ.get("OMEGA_JULIA", ""),
        "julia",
        str(beside / "julia"),
        str(beside / "../opt/julia/bin/julia"),
    ]
    return next((found for place in places if place and (found := shutil.which(place))), None)
