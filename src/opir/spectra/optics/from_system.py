"""From a described optical geometry to the one that is computed with."""

from __future__ import annotations

import math
from dataclasses import replace

from opir.errors import OptionError, SystemDescriptionError, UnknownNameError
from opir.spectra.optics.atr import ATR
from opir.spectra.optics.base import Geometry
from opir.spectra.optics.fibre import EvanescentFibre
from opir.spectra.optics.transmission import Transmission
from opir.system import Optics

__all__ = ["ELEMENT_INDEX", "geometry_from_optics"]

ELEMENT_INDEX: dict[str, float] = {
    "TAS": 2.85,
    "diamond": 2.38,
    "ZnSe": 2.41,
    "ZnS": 2.22,
    "Si": 3.42,
    "Ge": 4.0,
    "KRS-5": 2.37,
}
"""Refractive index of element materials in the middle infrared, recalled general knowledge;
dispersion is left out. Lowest in the window: 2.3 for diamond and ZnSe near 800 cm-1."""


def geometry_from_optics(optics: Optics, *, sample_index: float = 1.42) -> Geometry:
    """The geometry of a described system.

    What the description leaves out keeps the geometry's default (45 deg and one reflection for
    ATR; 1 cm of 150 um fibre).

    Args:
        optics: The description. For a fibre, ``incidence_angle`` is the smallest angle to the
            wall's normal.
        sample_index: Refractive index of the sample (1.42: carbonate electrolytes, about).

    Raises:
        OptionError: If the geometry cannot be simulated.
        UnknownNameError: If the element's index is neither given nor known.
        SystemDescriptionError: If a length that is needed is missing.
        ValueRangeError: If there is no total reflection.
    """
    if optics.geometry == "transmission":
        if optics.path_length is None:
            raise SystemDescriptionError(
                "the transmission cell has no path_length", remedy="Give it, '25 um' say"
            )
        return Transmission(optics.path_length)
    if optics.geometry not in ("fibre", "ATR"):
        raise OptionError(
            f"spectra in {optics.geometry} cannot be simulated",
            remedy="Use the geometry fibre, ATR or transmission",
        )
    index = optics.refractive_index
    if index is None:
        default = "TAS" if optics.geometry == "fibre" else "diamond"
        name = optics.element or default
        if name not in ELEMENT_INDEX:
            raise UnknownNameError("optical element", name, ELEMENT_INDEX)
        index = ELEMENT_INDEX[name]
    if optics.geometry == "ATR":
        atr = ATR(index, sample_index=sample_index)
        return replace(
            atr,
            angle=atr.angle if optics.incidence_angle is None else optics.incidence_angle,
            reflections=optics.reflections or atr.reflections,
        )
    fibre = EvanescentFibre(index, sample_index)
    angle = fibre.largest_axis_angle
    if optics.incidence_angle is not None:
        angle = math.pi / 2 - optics.incidence_angle
    return replace(
        fibre,
        sensing_length=optics.path_length or fibre.sensing_length,
        diameter=optics.fibre_diameter or fibre.diameter,
        largest_axis_angle=angle,
    )
