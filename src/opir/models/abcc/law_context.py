"""What laws of reactions are told of a cell, what they need, and what keeps them from running."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.models.abcc.reactions import ReactionSet
from opir.models.descriptor import DESCRIPTOR

__all__ = ["catalysts", "scavengers", "told_to_laws"]

_UNKNOWN = "counter electrode"


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


def scavengers(reactions: ReactionSet, library: Library) -> NDArray[np.bool_]:
    """Which species take up what a reaction needs.

    The rate of the reaction has the order of a species that it does not use up, a catalyst, and
    the scavenger reacts with that. So vinylene carbonate takes up the alkoxides that transesterify
    (Sasaki, Abe, Iriyama, Inaba, Ogumi 2005, J. Electrochem. Soc. 152, A2046).

    Args:
        reactions: Those that are asked of.
        library: Where their rates are looked up.

    Returns:
        ``[species, reaction]``.
    """
    used = reactions.consumed > 0
    needed = catalysts(reactions, library)
    found = np.zeros(used.shape, dtype=bool)
    for catalyst, column in np.argwhere(needed):
        found[used[:, used[catalyst]].any(axis=1), column] = True
    # A catalyst takes part in what scavenges it; it is nothing that scavenges.
    found[needed.any(axis=1)] = False
    return found
