"""`python -m benchmarks ffi` and `python -m benchmarks peers`."""

from benchmarks.commands import app

app(prog_name="python -m benchmarks")
