"""Refuses processors below the baseline that native code is compiled for."""

from __future__ import annotations

import platform

from omega.shared.exceptions import UnsupportedCpuError

#: What x86-64-v3 adds, as Linux names it. Source: x86-64 psABI, "microarchitecture levels".
_BASELINE = ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")


def require_baseline() -> None:
    """Raise UnsupportedCpuError if this processor would meet an instruction that it does not have.

    Native code cannot say so itself: it may meet one before its first line.
    """
    if platform.machine() not in {"x86_64", "AMD64"}:
        return
    try:
        # Not by pathlib: this runs in every `import omega`, and would be all that imports it.
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:  # noqa: PTH123
            # One processor's worth: machines with hundreds repeat themselves at length.
            text = cpuinfo.read(8192)
    except OSError:
        return
    refuse_below_baseline(text)


def refuse_below_baseline(cpuinfo: str) -> None:
    """Raise UnsupportedCpuError if the flags of the first processor lack one of the baseline.

    >>> refuse_below_baseline("flags : fpu sse sse2")
    Traceback (most recent call last):
    omega.shared.exceptions.UnsupportedCpuError: Omega needs an x86-64-v3 processor ...
    """
    line = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), None)
    if line is None:
        return
    flags = set(line.partition(":")[2].split())
    for flag in _BASELINE:
        # Virtual machines may hide `abm` behind the name of its instruction.
        if flag not in flags and not (flag == "abm" and "lzcnt" in flags):
            raise UnsupportedCpuError(
                value=flag, allowed="an x86-64-v3 processor (AVX2 and FMA, from 2013 on)"
            )
