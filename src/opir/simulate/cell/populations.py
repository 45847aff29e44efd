"""What of a cell the light can see: species in their environments, with this cell's bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.chemistry.environment import bands_in, environments_beside
from opir.simulate.cell.build import Cell
from opir.spectra.bands import BandTable

__all__ = ["STREAMS", "Populations", "list_populations"]

STREAMS = ("solvent", "sei")
"""The electrolyte that was there from the beginning, and everything that reactions made."""


@dataclass(frozen=True)
class Populations:
    """Species in environments, and their bands as drawn for this cell.

    Attributes:
        table: Bands; its ``populations`` are (species, environment).
        species: Index of the species in the cell, ``[population]``.
        bound: Whether it is the coordinated or paired form of its species, ``[population]``.
        alone: Whether its species has no other form in the library, ``[population]``.
        stream: Index into :data:`STREAMS`, ``[population]``.
        solid: Whether it is a solid, ``[population]``.
    """

    table: BandTable
    species: NDArray[np.int64]
    bound: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    stream: NDArray[np.int64]
    solid: NDArray[np.bool_]


def list_populations(cell: Cell, library: Library) -> Populations:
    """The populations of a cell; gases, electrodes and what has no bands are left out.

    Band positions, intensities and widths are drawn: a shift common to all bands of a species,
    and one of each band.
    """
    cation = cell.model.solvation.cation
    electrolyte = {
        name for name, amount in zip(cell.species, cell.amounts, strict=True) if amount > 0
    } | {component.name for component in cell.model.system.electrolyte}
    rows, labels, species, bound, alone, stream, solid = [], [], [], [], [], [], []
    for index, name in enumerate(cell.species):
        item = library.species[name]
        if item.phase not in ("liquid", "dissolved", "solid") or not item.environments:
            continue
        environments = environments_beside(item, cation)
        for environment in environments:
            label = (name, environment)
            labels.append(label)
            species.append(index)
            bound.append(len(environments) > 1 and environment != environments[0])
            alone.append(len(environments) == 1)
            stream.append(0 if name in electrolyte and item.phase != "solid" else 1)
            solid.append(item.phase == "solid")
            for band in bands_in(item, environment, environments[0]):
                rows.append(
                    (label, band.position.value, band.intensity.value, band.width.value,
                     band.lorentzian.value)
                )  # fmt: skip
    table = BandTable.from_bands(rows, labels)
    return Populations(
        table=_drawn(table, cell),
        species=np.array(species, dtype=np.int64),
        bound=np.array(bound, dtype=np.bool_),
        alone=np.array(alone, dtype=np.bool_),
        stream=np.array(stream, dtype=np.int64),
        solid=np.array(solid, dtype=np.bool_),
    )


def _drawn(table: BandTable, cell: Cell) -> BandTable:
    names = [" ".join(table.populations[p]) for p in table.population]
    bands = [f"{name} {position:.0f}" for name, position in zip(names, table.position, strict=True)]
    kinds = sorted({species for species, _ in table.populations})
    common = dict(zip(kinds, cell.draws.differences("species_position", kinds), strict=True))
    shift = cell.draws.differences("band_position", bands)
    shift = shift + np.array([common[table.populations[p][0]] for p in table.population])
    return table.scaled(
        shift=shift,
        area=cell.draws.factors("band_intensity", bands),
        width=cell.draws.factors("band_width", bands),
    )
