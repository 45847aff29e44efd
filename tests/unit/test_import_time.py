"""opir is quick to import, and light."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "matplotlib", "xarray", "pandas", "scipy", "sklearn", "h5py", "zarr")


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, opir; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run_python(code) == "[]"


def test_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, opir.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run_python(code) == "[]"


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import opir, opir.run.readers, opir.run.store, opir.run.processing, opir.plots\n"
        "print(opir.Run.__name__)"
    )
    assert run_python(code) == "Run"


def test_a_model_is_loaded_without_compilers_and_interpolation() -> None:
    code = (
        "import sys, opir.models; opir.models.from_pretrained('opir-base')\n"
        "print([m for m in ('numba', 'scipy', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    assert run_python(code) == "[]"


def test_import_stays_under_its_budget() -> None:
    code = "import time; t = time.perf_counter(); import opir; print(time.perf_counter() - t)"
    best = min(float(run_python(code)) for _ in range(3))
    assert best < 0.3


def test_public_names_all_load() -> None:
    code = "import opir; [getattr(opir, n) for n in opir.__all__]; print('loaded')"
    assert run_python(code) == "loaded"
