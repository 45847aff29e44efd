"""From spectra of components, by whatever way resolved, to species and reactions by their names."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opir.bench.pathways.methods.base import (
    Answer,
    Choice,
    Evidence,
    Method,
    absorbance_of,
    known_voltage,
)
from opir.chemistry import library
from opir.pathways.setting import Setting, setting_of
from opir.pathways.unmix import match
from opir.run import Run

__all__ = ["Component", "Matching"]

Array = NDArray[np.float64]

_KEPT = 0.1
"""Cosines below are not kept."""

_COSINES = tuple(float(np.round(one, 3)) for one in np.arange(0.1, 0.976, 0.025))


@dataclass(frozen=True)
class Component:
    """A component of a run.

    Attributes:
        spectrum: ``[wavenumber]``.
        frame: At which it appears; 0 for what is there from the beginning.
        model: Of which of several models, ``""`` where there is one only.
    """

    spectrum: Array
    frame: int
    model: str = ""


class Matching(Method):
    """Components of the run, each matched to the library species that it is most like.

    Only species that the system can hold are matched: its electrolyte, and all products of its
    reactions that absorb on the axis. Where the cosine is large enough, the species is named. A
    reaction of the system is named where it makes a species named, and every other species that it
    uses up and that would show is named too. Where several make it, all of them are named or the
    one that sets in at the highest potential in the library, whichever is better on validation
    runs. It sets in where the first component does whose species it makes.
    """

    choices: ClassVar[tuple[Choice, ...]] = tuple(
        {"cosine": cosine, "of_several": which}
        for which in ("all", "highest onset")
        for cosine in _COSINES
    )

    @abstractmethod
    def components(self, run: Run, spectra: Array, axis: Array, noise: Array) -> list[Component]:
        """The components of a run.

        Args:
            run: The run.
            spectra: Its absorbance without what is saturated, ``[time, wavenumber]``.
            axis: [cm-1], ``[wavenumber]``.
            noise: Of a point, ``[wavenumber]``.
        """

    def look(self, run: Run) -> Evidence:
        """See :class:`Method`."""
        spectra, axis, noise = absorbance_of(run)
        resolved = self.components(run, spectra, axis, noise)
        setting = setting_of(axis, run.system, library())
        rows = [one.spectrum for one in resolved]
        nearest = match(rows, axis, _references(setting), most=1) if rows else ()
        voltage = known_voltage(run)
        components = []
        for best, one in zip(nearest, resolved, strict=True):
            if not best or best[0][1] < _KEPT:
                continue
            name, cosine = best[0]
            level = None if voltage is None or one.frame == 0 else float(voltage[one.frame])
            onset = level if level is not None and np.isfinite(level) else None
            components.append(
                {
                    "species": name,
                    "cosine": cosine,
                    "onset": onset,
                    "frame": one.frame,
                    "model": one.model,
                }
            )
        return {"components": components, "reactions": _reactions(setting)}

    def answer(self, evidence: Evidence, choice: Choice) -> Answer:
        """See :class:`Method`."""
        matched: dict[str, dict[str, Any]] = {}
        for one in evidence["components"]:
            if one["cosine"] >= choice["cosine"] and one["model"] == choice.get("model", ""):
                earlier = matched.get(one["species"], one)
                matched[one["species"]] = min(earlier, one, key=lambda item: item["frame"])
        made = {name for one in evidence["reactions"] for name in one["makes"]}
        able = [one for one in evidence["reactions"] if set(one["needs"]) <= set(matched)]
        named: dict[str, dict[str, Any]] = {}
        for name, component in matched.items():
            makers = [one for one in able if name in one["makes"]]
            if choice["of_several"] != "all":
                makers = sorted(makers, key=_highest)[:1]
            for one in makers:
                earlier = named.get(one["name"], component)
                named[one["name"]] = min(earlier, component, key=lambda item: item["frame"])
        return Answer(
            {name: component["onset"] for name, component in named.items()},
            frozenset(set(matched) & made),
        )


def _highest(reaction: dict[str, Any]) -> tuple[float, str]:
    """Sorts by onset, the highest first; those without one (purely chemical) come before."""
    onset = reaction["onset"]
    return (-np.inf if onset is None else -float(onset), str(reaction["name"]))


def _references(setting: Setting) -> dict[str, Array]:
    """Spectra of what the system can hold, electrolyte first."""
    found: dict[str, Array] = {}
    if setting.electrolyte:
        from opir.models.abcc.reference import ReferenceSpectra

        names = [n for n in setting.electrolyte if setting.library.species[n].environments]
        # Rows of the setting are these populations: a species is matched in its first form.
        if names:
            axis = np.linspace(1000.0, 1001.0, 4)
            labels = ReferenceSpectra.of(setting.library, axis, setting.cation, names).populations
            for (name, _), row in zip(labels, setting.electrolyte_spectra, strict=True):
                found.setdefault(name, row)
    found |= dict(zip(setting.products, setting.spectra, strict=True))
    return found


def _reactions(setting: Setting) -> list[dict[str, Any]]:
    shown = set(setting.products)
    return [
        {
            "name": one.name,
            "makes": [name for name in one.products if name in shown],
            "needs": [name for name in one.reactants if name in shown],
            "onset": None if one.onset is None else one.onset.value,
        }
        for one in setting.reactions
    ]
