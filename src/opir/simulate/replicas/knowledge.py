"""Which hidden constants of a cell a forecaster may know, and from what."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from opir.errors import UnknownNameError

__all__ = ["KNOWLEDGE", "Knowledge", "known_draws", "shown_by"]

Knowledge = Literal["conditions", "spectrum", "all"]

KNOWLEDGE: tuple[Knowledge, ...] = ("conditions", "spectrum", "all")
"""What is known of a run: ``conditions``: composition, protocol, and what the recorded voltage,
current and temperature settle; ``spectrum``: that, and all that the static spectrum shows, as if
it could be read without error; ``all``: everything."""

_BANDS = ("band_position", "band_intensity", "band_width")
_PROBED = "surface_area: probed"


@cache
def shown_by() -> Mapping[str, str]:
    """Kind of constant, or one constant -> ``course``, ``spectrum`` or ``hidden``.

    From ``knowledge.toml``, which gives the reason of each.
    """
    text = (Path(__file__).parent / "knowledge.toml").read_text(encoding="utf-8")
    return {kind: source for source, kinds in tomllib.loads(text).items() for kind in kinds}


def known_draws(
    draws: Mapping[str, float],
    knowledge: str,
    *,
    present: Collection[str],
    native_film: Collection[str] = (),
) -> dict[str, float]:
    """The draws of a cell that are known.

    Args:
        draws: All draws: name -> value, as :class:`~opir.simulate.cell.variation.Draws` has them.
        knowledge: One of :data:`KNOWLEDGE`.
        present: Species that are there at the first frame.
        native_film: Those of them that make up a film.

    Raises:
        UnknownNameError: If the knowledge, or the kind of a draw, is unknown.
    """
    if knowledge not in KNOWLEDGE:
        raise UnknownNameError("knowledge of a run", knowledge, KNOWLEDGE)
    if knowledge == "all":
        return dict(draws)
    return {
        label: value
        for label, value in draws.items()
        if _known(label, knowledge, present, native_film)
    }


def _known(
    label: str, knowledge: str, present: Collection[str], native_film: Collection[str]
) -> bool:
    kind, _, name = label.partition(": ")
    sources = shown_by()
    key = label if label in sources else kind
    if key not in sources:
        raise UnknownNameError("kind of constant", kind, sources)
    source = sources[key]
    if source != "spectrum" or knowledge == "conditions":
        return source == "course"
    if label == _PROBED:
        return bool(native_film)
    if kind in _BANDS:
        name = name.rsplit(" ", 2)[0]  # "EC free 1803"
    return kind == "optical_path" or name in present
