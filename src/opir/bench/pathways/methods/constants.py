"""Rate constants alone: what is expected of a cell driven so, whatever its spectra show."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from opir.bench.pathways.methods.base import (
    Answer,
    Choice,
    Evidence,
    Method,
    absorbance_of,
    known_voltage,
)
from opir.chemistry import library
from opir.pathways.expected import expected_extents
from opir.pathways.onset import find_onset, seen_level
from opir.pathways.point_noise import seen_noise
from opir.pathways.setting import model_of, setting_of
from opir.run import Run

__all__ = ["ConstantsAlone"]


class ConstantsAlone(Method):
    """A simulation by the library's constants, driven by what was recorded.

    Of the spectra only the axis and the noise of a point are used. A reaction or species is named
    where what it changes in the spectra by the library's optics of the system is so many times the
    noise, as a norm over frames and wavenumbers. Onsets are told in the same way as by
    :func:`opir.pathways.recover`.
    """

    name: ClassVar[str] = "constants-alone"
    evidence: ClassVar[str] = "constants-alone"
    title: ClassVar[str] = "rate constants, no spectra"
    choices: ClassVar[tuple[Choice, ...]] = tuple(
        {"signal": float(np.round(10.0**power, 2))} for power in np.arange(-1.0, 2.01, 0.125)
    )

    def look(self, run: Run) -> Evidence:
        """See :class:`Method`."""
        known, voltage = library(), known_voltage(run)
        values, axis, noise = absorbance_of(run)
        seen = seen_noise(values, forecast=run.origin == "forecast")
        model, _ = model_of(run.system, known)
        nothing: Evidence = {"reactions": [], "species": []}
        if model is None or voltage is None:
            return nothing
        temperature = run.on_time("temperature")
        kelvin = None
        if temperature is not None and np.isfinite(temperature).any():
            kelvin = float(np.nanmean(temperature))
        expected, why = expected_extents(
            model, known, run.time, voltage, run.on_time("current"), kelvin
        )
        if expected is None:
            return nothing | {"note": why}
        setting = setting_of(axis, run.system, known, dilution=expected.dilution)
        optics = {name: value.value for name, value in model.optics.items()}
        scale = optics["area_per_volume"] * optics["path_length"]
        amounts = np.zeros((len(run.time), len(setting.products)))
        place = {name: at for at, name in enumerate(expected.reactions)}
        reactions = []
        for row, reaction in enumerate(setting.reactions):
            if reaction.name not in place:
                continue
            extent = scale * expected.extents[:, place[reaction.name]]
            amounts += extent[:, None] * setting.signature[row]
            size = float(np.linalg.norm(setting.effect[row] / noise))
            onset = None
            if extent.max() > 0:
                least = seen / max(float(np.linalg.norm(setting.effect[row])), 1e-300)
                level = seen_level(extent, least)
                onset = find_onset(run.time, extent, np.zeros(len(extent)), voltage, level=level)
            reactions.append(
                {
                    "name": reaction.name,
                    "signal": float(np.linalg.norm(extent)) * size,
                    "onset": None if onset is None else onset.potential,
                }
            )
        sizes = np.linalg.norm(amounts, axis=0) * np.linalg.norm(setting.spectra / noise, axis=1)
        species = [
            {"name": name, "signal": float(size)}
            for name, size in zip(setting.products, sizes, strict=True)
        ]
        return {"reactions": reactions, "species": species}

    def answer(self, evidence: Evidence, choice: Choice) -> Answer:
        """See :class:`Method`."""
        least = choice["signal"]
        return Answer(
            {r["name"]: r["onset"] for r in evidence["reactions"] if r["signal"] >= least},
            frozenset(one["name"] for one in evidence["species"] if one["signal"] >= least),
        )
