"""How long ``import opir`` and ``opir --help`` take, against importing xarray alone.

python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python alone": ["-c", "pass"],
    "import opir": ["-c", "import opir"],
    "opir --help": ["-m", "opir", "--help"],
    "import xarray": ["-c", "import xarray"],
}


def main(repeats: int = 7) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, words in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    base = statistics.median(times["python alone"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:14} {median:6.3f} s   less the interpreter {median - base:6.3f} s")


if __name__ == "__main__":
    main()
