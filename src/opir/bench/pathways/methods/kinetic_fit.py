"""Kinetic fits by pyglotaran, served line by line to a process that has another Python.

Run it with an interpreter that has pyglotaran: ``python kinetic_fit.py``. It imports nothing of
opir. A line in: ``{"time": [...], "data": [[...]], "components": 3}``, data ``[time, channel]``. A
line out: rates, concentrations ``[time, component]`` and spectra ``[component, channel]`` of the
sequential model, those of the parallel one, and the squared misfit; or ``{"error": ...}``.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

MOST_EVALUATIONS = 60


def fit(time: list[float], data: list[list[float]], components: int) -> dict[str, Any]:
    """First-order kinetics of so many components, rates by variable projection."""
    import numpy as np
    import xarray as xr
    from glotaran.io import load_model, load_parameters  # type: ignore[import-not-found,unused-ignore]
    from glotaran.optimization.optimize import optimize  # type: ignore[import-not-found,unused-ignore]
    from glotaran.project import Scheme  # type: ignore[import-not-found,unused-ignore]

    clock, values = np.asarray(time, dtype=float), np.asarray(data, dtype=float)
    names = [f"s{number + 1}" for number in range(components)]
    rates = [f"rates.{number + 1}" for number in range(components)]
    model = load_model(
        "default_megacomplex: decay-sequential\n"
        f"megacomplex:\n  m1:\n    compartments: {names}\n    rates: {rates}\n"
        "dataset:\n  d1:\n    megacomplex: [m1]\n",
        format_name="yml_str",
    )
    # From fast to slow; the last compartment hardly decays.
    first = [*np.geomspace(20.0, 1.0, components - 1), 0.05] if components > 1 else [1.0]
    text = "".join(f"  - [{value:.6g}, {{non-negative: true}}]\n" for value in first)
    parameters = load_parameters("rates:\n" + text, format_name="yml_str")
    channels = np.arange(values.shape[1], dtype=float)
    block = xr.Dataset(
        {"data": (("time", "spectral"), values)}, coords={"time": clock, "spectral": channels}
    )
    scheme = Scheme(
        model=model,
        parameters=parameters,
        data={"d1": block},
        maximum_number_function_evaluations=MOST_EVALUATIONS,
    )
    found = optimize(scheme, verbose=False, raise_exception=True).data["d1"]
    rate = found.rate_m1.values
    return {
        "rates": rate.tolist(),
        "misfit": float((found.residual.values**2).sum()),
        "sequential": {
            "courses": found.species_concentration.values.tolist(),
            "spectra": found.species_associated_spectra.values.T.tolist(),
        },
        "parallel": {
            "courses": np.exp(-clock[:, None] * rate).tolist(),
            "spectra": found.decay_associated_spectra_m1.values.T.tolist(),
        },
    }


def main() -> None:
    """Answer a line to each, until there is no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        try:
            answer = fit(**json.loads(line))
        except Exception as error:  # the other side says it
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
