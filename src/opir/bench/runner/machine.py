"""What a result says of the code and the machine that made it; memory and energy of a job."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import opir

__all__ = ["Meter", "code", "machine"]

_RAPL = Path("/sys/class/powercap/intel-rapl:0")
_LIBRARIES = ("numpy", "scipy", "torch", "scikit-learn", "numba")


@cache
def code() -> dict[str, Any]:
    """Version of opir, hash of its source files, and the commit where it is a git checkout."""
    root = Path(opir.__file__).parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        found.update(f"{path.relative_to(root).as_posix()}\n".encode())
        found.update(path.read_bytes())
    return {
        "version": opir.__version__,
        "source_hash": f"sha256:{found.hexdigest()}",
        "commit": _commit(root),
    }


def _commit(root: Path) -> str | None:
    if not any((parent / ".git").exists() for parent in root.parents[:3]):
        return None
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, system and versions of libraries; no name of the machine."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": found,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class Meter:
    """Memory and energy between two moments of this process.

    Memory is how far the largest resident set rose above that at the start. Energy is that of
    the whole processor package (RAPL), whatever else it did; None where it cannot be read.
    """

    def __init__(self) -> None:
        _give_back()
        self._peak_reset = _reset_peak()
        self._memory = _status("VmRSS") if self._peak_reset else _largest()
        self._energy = _number(_RAPL / "energy_uj")

    def memory(self) -> int:
        """Bytes."""
        peak = _status("VmHWM") if self._peak_reset else _largest()
        return max(0, peak - self._memory)

    def energy(self) -> float | None:
        """Joules, or None."""
        now = _number(_RAPL / "energy_uj")
        if now is None or self._energy is None:
            return None
        used = now - self._energy
        if used < 0:  # the counter began anew
            used += _number(_RAPL / "max_energy_range_uj") or 0
        return used * 1e-6


def _give_back() -> None:
    """Hand freed memory back to the system, so that what is used anew is seen (glibc only)."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return


def _reset_peak() -> bool:
    """Linux counts the largest resident set anew after this; elsewhere it only ever rises."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return _status("VmHWM") > 0


def _status(name: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _largest() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(kilobytes) * (1 if platform.system() == "Darwin" else 1024)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
