"""What laws of reactions are told of a cell, what they need, and what keeps them from running."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library, Reaction
from opir.models.abcc.reactions import ReactionSet
from opir.models.descriptor import DESCRIPTOR

__all__ = ["HINDRANCES", "catalysts", "hindering", "told_to_laws"]

HINDRANCES = ("scavenged", "behind a film")
"""The ways in which one component hinders reactions of others."""

_UNKNOWN = "counter electrode"
_APART = 0.2
"""How much earlier a component is reduced that films an electrode before a reaction begins [V]."""


def told_to_laws() -> NDArray[np.bool_]:
    """Which features of a descriptor the laws of reactions are told: not the counter electrode's.

    A reaction at the working electrode knows nothing of it. Told of it, a law learned by heart
    what runs in the full cells of training: without the one of LP57, but with the one of LP57 and
    vinylene carbonate, all reactions stood still there. (The few at the counter electrode do
    without, too: where full cells differ, what drives them is in the doses.)

    Returns:
        ``[feature]``, in the order of :data:`opir.models.descriptor.DESCRIPTOR`.
    """
    return np.array([_UNKNOWN not in name for name in DESCRIPTOR])


def catalysts(reactions: ReactionSet, library: Library) -> NDArray[np.bool_]:
    """Which species a reaction needs but does not use up: its rate has an order of them.

    Cations do not count: the counter electrode and the salt bring them.

    Alkoxides are such: what transesterifies runs as they are there, in any cell (Sasaki, Abe,
    Iriyama, Inaba, Ogumi 2005, J. Electrochem. Soc. 152, A2046).

    Args:
        reactions: Those that are asked of.
        library: Where their rates are looked up.

    Returns:
        ``[species, reaction]``; of a reaction with several the first alone.
    """
    place = {name: at for at, name in enumerate(reactions.species)}
    used = reactions.consumed > 0
    found = np.zeros(used.shape, dtype=bool)
    for column, name in enumerate(reactions.reactions):
        for one in library.reactions[name].orders:
            at = place.get(one)
            if at is None or used[at, column] or reactions.supplied[at]:
                continue
            found[at, column] = True
            break
    return found


def hindering(reactions: ReactionSet, library: Library) -> NDArray[np.float64]:
    """Which species hinder which reactions.

    *Scavenged*: the rate of the reaction has the order of a species that it does not use up, a
    catalyst, and the hindering one reacts with that. So vinylene carbonate takes up the alkoxides
    that transesterify (Sasaki, Abe, Iriyama, Inaba, Ogumi 2005, J. Electrochem. Soc. 152, A2046).

    *Behind a film*: the hindering one is reduced at the working electrode 0.2 V earlier and more,
    in the middle of its reductions, so what it forms lies there first. That is what additives are
    added for (Zhang 2006, doi:10.1016/j.jpowsour.2006.07.074).

    Args:
        reactions: Those that are asked of.
        library: Where their rates and onsets are looked up.

    Returns:
        1 where it does, ``[hindrance, species, reaction]``, in the order of :data:`HINDRANCES`.
    """
    used = reactions.consumed > 0
    asked = [library.reactions[name] for name in reactions.reactions]
    needed = catalysts(reactions, library)
    reduced: dict[int, list[float]] = {}
    for column, item in enumerate(asked):
        for one in np.flatnonzero(used[:, column]).tolist():
            if (onset := _onset(item)) is not None:
                reduced.setdefault(one, []).append(onset)
    found = np.zeros((len(HINDRANCES), *used.shape))
    for column, item in enumerate(asked):
        for catalyst in np.flatnonzero(needed[:, column]):
            found[0, used[:, used[catalyst]].any(axis=1), column] = 1.0
        if (onset := _onset(item)) is not None:
            earlier = [one for one, at in reduced.items() if np.median(at) >= onset + _APART]
            found[1, earlier, column] = 1.0
    # A catalyst takes part in what scavenges it; it is nothing that scavenges.
    found[0, needed.any(axis=1)] = 0.0
    return found


def _onset(reaction: Reaction) -> float | None:
    """Of a reduction at the working electrode [V]."""
    if reaction.onset is None or reaction.electrode != "working":
        return None
    return float(reaction.onset.value)
