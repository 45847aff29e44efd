"""Recovered pathways made by hand, whose every number is known: for tests of what shows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import library
from opir.pathways.result import (
    BandEvidence,
    Event,
    FoundReaction,
    FoundSpecies,
    Growth,
    Onset,
    Pathways,
    SecondWay,
)

Array = NDArray[np.float64]

FRAMES = 40
TIME = np.linspace(0.0, 36_000.0, FRAMES)
AXIS = np.linspace(1900.0, 800.0, 256)
VOLTAGE = np.linspace(3.0, 0.1, FRAMES)
FEW = ("ec-to-ledc", "emc-to-lmc", "ledc-to-li2co3", "lmc-dissolves")


def onset_at(frame: int, *, voltage: bool = True) -> Onset:
    """An onset in the middle of its interval of two frames at each side."""
    low, high = max(frame - 2, 0), min(frame + 2, FRAMES - 1)
    known = (VOLTAGE[frame], VOLTAGE[high], VOLTAGE[low]) if voltage else (None, None, None)
    return Onset(frame, TIME[frame], TIME[low], TIME[high], *known)


def course(frame: int, last: float) -> tuple[Array, Array, Array]:
    """Nothing until a frame, then a straight line to the end, with limits."""
    line = np.clip((np.arange(FRAMES) - frame) / (FRAMES - 1 - frame), 0.0, None)
    width = 0.05 * abs(last) * (0.2 + line)
    return last * line, last * line - width, last * line + width


def band(position: float, height: float) -> Array:
    """A Lorentz profile of 24 cm-1 on the axis."""
    return height / (1 + ((AXIS - position) / 12.0) ** 2)


def species(name: str, frame: int, last: float, position: float, **changed: object) -> FoundSpecies:
    """One species with one band."""
    amount, lower, upper = course(frame, last)
    seen = BandEvidence(position + 2, -2.0, "C=O stretch", 0.01 * last, 30.0, (frame, FRAMES - 1))
    fields: dict[str, object] = {
        "name": name,
        "title": name,
        "source": "library",
        "amount": amount,
        "lower": lower,
        "upper": upper,
        "onset": onset_at(frame),
        "growth": Growth("linear", {"rate": 1e-4}, {"linear": 0.9, "parabolic": 0.1}, "by AICc"),
        "bands": (seen,),
        "gain": 250.0,
        "signal": 40.0,
        "confidence": 0.99,
        "grows": last > 0,
    }
    return FoundSpecies(**fields | changed)  # type: ignore[arg-type]


def reaction(name: str, frame: int, last: float, **changed: object) -> FoundReaction:
    """One reaction of the library."""
    known = library().reactions[name]
    extent, lower, upper = course(frame, last)
    fields: dict[str, object] = {
        "name": name,
        "title": known.title,
        "equation": known.equation,
        "source": "library",
        "extent": extent,
        "lower": lower,
        "upper": upper,
        "onset": onset_at(frame),
        "status": "found",
        "confidence": 0.97,
        "gain": 120.0,
        "held_out": 0.3,
        "alternatives": (),
        "species": ("LEDC",),
        "reason": "the band of LEDC at 1650 cm-1 from frame 10 on needs it",
    }
    return FoundReaction(**fields | changed)  # type: ignore[arg-type]


def pathways(*, voltage: bool = True, many: int = 0, origin: str = "simulated") -> Pathways:
    """Three species and four reactions, or as many reactions as are asked for.

    LEDC sets in at frame 10 and ends at 2 mmol m-2; Li2CO3 at 25 and 0.5; EC falls by 3.
    """
    items = (
        species("LEDC", 10, 2.0, 1650.0, twins=("LMC",)),
        species("Li2CO3", 25, 0.5, 1440.0, confidence=0.9),
        species("EC", 10, -3.0, 1800.0),
    )
    steps: tuple[FoundReaction, ...] = (
        reaction(FEW[0], 10, 2.0),
        reaction(FEW[1], 12, 1.0, status="possible", confidence=0.6, alternatives=((FEW[0],),)),
        reaction(FEW[2], 25, 0.5, species=("Li2CO3", "LEDC"), confidence=0.9),
        reaction(FEW[3], 30, 0.01, status="not needed", confidence=0.02, onset=None),
    )
    if many:
        names = list(library().reactions)[:: max(len(library().reactions) // many, 1)][:many]
        steps = tuple(
            reaction(
                name,
                2 + (7 * number) % 34,
                2.0 / (1 + number % 6),
                status="found" if number % 3 else "possible",
                confidence=0.99 - 0.02 * number,
                onset=None if number % 7 == 6 else onset_at(2 + (7 * number) % 34),
            )
            for number, name in enumerate(names)
        )
    if not voltage:
        items = tuple(_without(item) for item in items)
        steps = tuple(_without(item) for item in steps)
    parts = {item.name: band(item.bands[0].position - 2, 0.01 * item.amount[-1]) for item in items}
    fitted = sum(np.outer(item.amount / item.amount[-1], parts[item.name]) for item in items)
    noise = 1e-4
    change = fitted + noise * np.random.default_rng(0).standard_normal(np.shape(fitted))
    change[0] = 0.0
    parts |= {"electrolyte": np.zeros_like(AXIS), "baseline": np.full_like(AXIS, 1e-4)}
    second = SecondWay(
        2,
        (10, 24),
        np.stack([band(1650.0, 1.0), band(1440.0, 1.0)]),
        np.stack([items[0].amount, items[1].amount], axis=1),
        ((("LEDC", 0.98), ("LMC", 0.91)), (("Li2CO3", 0.97),)),
        0.96,
    )
    return Pathways(
        title="made by hand",
        origin=origin,
        time=TIME,
        voltage=VOLTAGE if voltage else None,
        wavenumber=AXIS,
        change=change,
        fitted=np.asarray(fitted),
        parts=parts,
        noise=noise,
        unexplained=0.03,
        species=items,
        reactions=steps,
        indistinguishable=("ec-to-ledc and emc-to-lmc: of both only the sum is seen",),
        events=(Event(1650.0, 1440.0, 0.9, 0.4, "1650 cm-1 changes before 1440 cm-1"),),
        second_way=second,
        remarks=("A remark with <angle> & ampersand.",),
    )


def _without(item: object) -> object:
    """The same without potentials."""
    from dataclasses import replace

    onset = item.onset  # type: ignore[attr-defined]
    if onset is None:
        return item
    return replace(item, onset=onset_at(onset.frame, voltage=False))  # type: ignore[type-var]
