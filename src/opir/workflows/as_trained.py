"""Spectra as those that a model was trained on: processed alike, on its axis."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from opir.errors import ModelError
from opir.models import Forecaster
from opir.run import Run, Spectrum
from opir.run.processing import Pipeline, cut, resample

__all__ = ["as_trained"]

Data = TypeVar("Data", Spectrum, Run)


_SLACK = 1.0
"""By how much an axis may reach beyond the model's [cm-1]."""


def as_trained(data: Data, model: Forecaster, *, own_axis: bool = False) -> Data:
    """A spectrum or a run as the model's training spectra were.

    What was processed so already is not processed again. It is brought to the model's axis; for
    a model that takes any axis it is only cut to its range.

    Args:
        data: Spectrum or run.
        model: The model.
        own_axis: The model's axis is needed, whatever it takes.

    Raises:
        ModelError: If it does not cover the model's wavenumbers.
    """
    text = str(model.recipe.get("processing", "[]"))
    if Pipeline.from_history(data).to_json() != text:
        data = Pipeline.from_json(text)(data)
    wanted = np.asarray(model.recipe.get("wavenumber", []), dtype=np.float64)
    found = data.wavenumber
    if wanted.size == 0 or (found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-3)):
        return data
    low, high = wanted.min() - _SLACK, wanted.max() + _SLACK
    if model.any_axis and not own_axis and found.min() < high and found.max() > low:
        if found.min() >= low and found.max() <= high:
            return data
        return cut(data, low, high, keep=False)
    if found.min() > wanted.min() + 1e-3 or found.max() < wanted.max() - 1e-3:
        raise ModelError(
            f"the {data.KIND} covers {found.min():g} to {found.max():g} cm-1 after processing; the "
            f"model needs {wanted.min():g} to {wanted.max():g} cm-1",
            remedy=f"Give a {data.KIND} with that range, or train a model on yours",
        )
    return resample(data, wanted, keep=False)
