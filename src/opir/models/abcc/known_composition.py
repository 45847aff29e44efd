"""What a described electrolyte says of the amounts that its static spectrum is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.models.descriptor import ANION_ELEMENTS, DESCRIPTOR, SUMS, per_mole

__all__ = ["composition_rows"]

Array = NDArray[np.float64]

_LEAST = 0.1
"""Of all that is dissolved, solvents included [mol/L]; with less nothing is described."""
_APART = ("H2O",)
"""Species that the sums leave out: the descriptor tells of water by itself."""


def composition_rows(descriptor: Array, species: Sequence[str], library: Library) -> Array:
    r"""Sums of amounts that are 0 where a spectrum is of the electrolyte that is described.

    The descriptor holds sums over molecules, :math:`S_k = \sum_i s_{ki} c_i` of what one mole
    contributes (functional groups, elements, mass, 1), and the same for the elements of anions.
    Amounts are concentrations times a path that is not known, so what is known are the ratios:
    :math:`\sum_i (s_{ki} - S_k / C) a_i = 0` with the concentration :math:`C` of all molecules
    and anions. Each is divided by the largest :math:`s_{ki}` that a library species has, so a sum
    is off by about the mole fraction that is wrong.

    Args:
        descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.
        species: Names of molecules and anions.
        library: Where they are.

    Returns:
        ``[batch, sum, species]``; zero where the electrolyte is not described, and for water.
    """
    place = {name: at for at, name in enumerate(DESCRIPTOR)}
    counted = np.array([name not in _APART for name in species], dtype=np.float64)
    own = np.zeros((len(SUMS) + 1 + len(ANION_ELEMENTS), len(species)))
    for at, name in enumerate(species):
        item, one = library.species[name], per_mole(library.species[name])
        if item.charge == 0:
            own[: len(SUMS), at] = one[: len(SUMS)]
        else:
            own[len(SUMS) :, at] = np.delete(one, 1)
    anions = descriptor[:, place["cations [mol/L]"]] * descriptor[:, place["charge of cations"]]
    each = [descriptor[:, place[f"{element} per anion"]] for element in ANION_ELEMENTS]
    sums = np.column_stack([descriptor[:, : len(SUMS)], anions, *(anions * one for one in each)])
    whole = descriptor[:, place["molecules [mol/L]"]] + anions
    known = whole > _LEAST
    shares = sums / np.where(known, whole, np.inf)[:, None]
    size = np.abs(own).max(axis=1)
    used = size > 0
    rows = (own[used] - shares[:, used, None]) / size[used, None]
    return np.asarray(rows * counted * known[:, None, None])
