"""Commands one after another, each in a process in which no more of opir is loaded than there.

A process of its own for each costs a second in which the same foreign packages are loaded again.
So they are loaded once, and each command gets a copy of the process (on Linux, by ``fork``): none
of opir's own modules is loaded in it, and nothing of the commands before.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import runpy
import subprocess
import sys

FOREIGN = (
    "numpy", "xarray", "h5netcdf", "h5py", "pandas", "zarr", "numcodecs", "fsspec", "pydantic",
    "yaml", "typer", "scipy.optimize", "pybaselines", "matplotlib.figure", "torch", "numba",
    "safetensors.numpy",
)  # fmt: skip


def begin(words: list[str]) -> None:
    """What the interpreter does with these words behind ``python``."""
    first, rest = words[0], words[1:]
    if first == "-m":
        sys.argv = rest
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        sys.path.insert(0, "")
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = words
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
        runpy.run_path(first, run_name="__main__")


def main() -> None:
    """Run the commands of a JSON list on standard input; stop at the first that fails."""
    commands: list[list[str]] = json.load(sys.stdin)
    if sys.platform != "linux":  # elsewhere foreign packages may not survive a copy
        for words in commands:
            if subprocess.run([sys.executable, *words], check=False).returncode:
                sys.exit(f"failed: {words}")
        return
    for name in FOREIGN:
        __import__(name)
    assert not [name for name in sys.modules if name.split(".")[0] == "opir"]
    sys.path.pop(0)  # the folder of this file
    gc.freeze()
    for words in commands:
        copy = multiprocessing.get_context("fork").Process(target=begin, args=(words,))
        copy.start()
        copy.join()
        if copy.exitcode:
            sys.exit(f"ended with {copy.exitcode}: {words}")


if __name__ == "__main__":
    main()
