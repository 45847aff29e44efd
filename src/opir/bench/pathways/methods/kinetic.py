"""Kinetic target analysis: first-order components by pyglotaran, matched to the library."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opir.bench.pathways.methods import kinetic_fit
from opir.bench.pathways.methods.base import Choice
from opir.bench.pathways.methods.matching import Component, Matching
from opir.errors import OpirError, OptionError
from opir.run import Run
from opir.workers import ONE_THREAD

__all__ = ["KineticTarget"]

Array = NDArray[np.float64]

_MOST = 5
"""Components at most."""
_CHANNELS = 16
"""Singular vectors of the change that the rates are fitted to."""
_RISEN = 0.1
"""A component appears where it reaches such a share of its largest concentration."""
_SEEN = 10.0
"""Components whose norm is less, in units of the noise, are noise."""


class KineticTarget(Matching):
    """First-order kinetics, sequential or parallel, with the number of components by BIC.

    Rates are fitted to the change since the first frame by pyglotaran (van Stokkum et al. 2004,
    doi 10.1016/j.bbabio.2004.04.011), which may live in another Python: its releases ask for an
    older NumPy than opir's. The change is given by its largest singular vectors, which does not
    move the rates. Sequential and parallel models of as many rates fit alike and differ in their
    spectra only; which of them is matched is chosen on validation runs.

    Args:
        python: Interpreter with pyglotaran; this one by default.

    Raises:
        OptionError: If the interpreter is not there, or has no pyglotaran.
    """

    name: ClassVar[str] = "kinetic-target"
    evidence: ClassVar[str] = "kinetic-target"
    title: ClassVar[str] = "kinetic target analysis (pyglotaran)"
    choices: ClassVar[tuple[Choice, ...]] = tuple(
        {**choice, "model": model}
        for model in ("sequential", "parallel")
        for choice in Matching.choices
    )

    def __init__(self, python: Path | str | None = None) -> None:
        self._python = str(python or sys.executable)
        self._process: subprocess.Popen[str] | None = None
        if not self.installed(python):
            raise OptionError(
                f"the method {self.name!r} needs pyglotaran, which {self._python} does not have",
                remedy="Make an environment of its own (python -m venv kta; "
                "kta/bin/pip install pyglotaran) and name it: --kta-python kta/bin/python",
            )

    @staticmethod
    def installed(python: Path | str | None = None) -> bool:
        """Whether an interpreter has pyglotaran; this one by default.

        Raises:
            OptionError: If the interpreter is not there.
        """
        if python is None:
            return importlib.util.find_spec("glotaran") is not None
        code = "import importlib.util as u, sys; sys.exit(u.find_spec('glotaran') is None)"
        try:
            asked = subprocess.run([str(python), "-c", code], capture_output=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OptionError(
                f"{str(python)!r} cannot be run ({error})",
                remedy="Name the Python interpreter of an environment with pyglotaran",
            ) from error
        return asked.returncode == 0

    def components(self, run: Run, spectra: Array, axis: Array, noise: Array) -> list[Component]:
        """See :class:`Matching`."""
        level = float(np.sqrt((noise**2).mean()))
        change = (spectra - spectra[0]) / level
        left, sizes, vectors = np.linalg.svd(change, full_matrices=False)
        kept = min(_CHANNELS, sizes.size)
        data, vectors = left[:, :kept] * sizes[:kept], vectors[:kept]
        time = (run.time - run.time[0]) / (run.time[-1] - run.time[0])
        rest = float((sizes[kept:] ** 2).sum())
        best: tuple[float, dict[str, Any]] | None = None
        for count in range(1, min(_MOST, len(time) - 2) + 1):
            answer = self._fit(time, data, count)
            misfit = answer["misfit"] + rest
            parameters = count * (1 + change.shape[1])
            bic = change.size * np.log(misfit / change.size) + parameters * np.log(change.size)
            if best is not None and bic >= best[0]:
                break
            best = bic, answer
        if best is None:
            return []
        found = []
        for model in ("sequential", "parallel"):
            courses = np.array(best[1][model]["courses"])
            shown = np.array(best[1][model]["spectra"]) @ vectors
            for course, spectrum in zip(courses.T, shown, strict=True):
                if np.linalg.norm(course) * np.linalg.norm(spectrum) < _SEEN:
                    continue
                frame = int(np.argmax(course > _RISEN * course.max()))
                found.append(Component(spectrum, frame, model))
        return found

    def close(self) -> None:
        """End the process with pyglotaran."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        self._process = None

    def _fit(self, time: Array, data: Array, count: int) -> dict[str, Any]:
        process = self._process or self._start()
        self._process = process
        if process.stdin is None or process.stdout is None:
            raise OpirError("the process with pyglotaran has no pipes")
        asked = {"time": time.tolist(), "data": data.tolist(), "components": count}
        try:
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line.endswith("\n"):
            self._process = None
            raise OpirError("the process with pyglotaran ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OpirError(f"pyglotaran failed with {count} components: {answer['error']}")
        return answer

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._python, str(kinetic_fit.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, **dict.fromkeys(ONE_THREAD, "1")},
        )
