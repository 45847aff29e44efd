"""From a run to its pathways: the fit, the weighing, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.chemistry import library as built_in
from opir.errors import OptionError
from opir.pathways.bands import changed_bands
from opir.pathways.candidates import content_of
from opir.pathways.correlation import events
from opir.pathways.expected import Expected, expected_extents
from opir.pathways.fitting import Fitting
from opir.pathways.found_reactions import POSSIBLE
from opir.pathways.learned import learned_species
from opir.pathways.one_thread import on_one_thread
from opir.pathways.point_noise import noise_of
from opir.pathways.references import fit_references, on_axis
from opir.pathways.result import FoundReaction, FoundSpecies, Pathways, SecondWay
from opir.pathways.setting import DILUTION, model_of, setting_of
from opir.pathways.varied_cells import CELLS
from opir.run import Run, Spectrum
from opir.system import System

__all__ = ["fitting_of", "recover"]

Array = NDArray[np.float64]

_SATURATED = 3.0
"""Absorbance of which nothing can be told: one part in a thousand of the light is left."""
_FEWEST_POINTS = 16
_MOST_EVENTS = 8
_UNEXPLAINED = 0.5
_LITTLE, _OFF = 0.02, 0.2
"""Where the fit leaves more than this share of the change, only this share of what it makes is
taken for misfit of bands; the rest may be learned."""
_SURE_OF_CHANGE = 1.1
"""The largest singular value of noise is at most so many times its limit."""


@on_one_thread
def recover(
    run: Run,
    *,
    system: System | str | None = None,
    species: Sequence[str] | None = None,
    reactions: Sequence[str] | None = None,
    user_reactions: Sequence[str] = (),
    references: Mapping[str, Spectrum] | None = None,
    library: Library | None = None,
    second_way: bool = True,
) -> Pathways:
    """Recover what forms in a run, when, and by which reactions.

    Args:
        run: Absorbance over time, measured, simulated or forecast; two frames at least.
        system: What the cell is; the run's own by default. Without any, all reactions of the
            library are weighed by the spectra alone.
        species: The only products to weigh.
        reactions: Names of the only reactions of the library to weigh.
        user_reactions: Equations of one's own to weigh beside them.
        references: Spectra of one's own by name. Where the system is not known and no species or
            reactions are named, these alone are looked for.
        library: Where species and reactions are; the built-in one by default.
        second_way: Unmix without the library too.

    Raises:
        OptionError: If the run is no absorbance, or has one frame, or next to no points.
        UnknownNameError, ChemistryError: See :func:`opir.pathways.setting.setting_of`.
        AxisError: If a reference does not reach over the run.
    """
    known = built_in() if library is None else library
    spectra, wavenumber, remarks = _spectra(run)
    change = spectra - spectra[0]
    noise, level = noise_of(spectra, wavenumber, forecast=run.origin == "forecast")
    voltage = run.on_time("voltage")
    if voltage is None or not np.isfinite(voltage).any():
        voltage = None
        remarks.append("No voltage was recorded: onsets are given in time only.")
    cell = system if system is not None else run.system
    own = {} if references is None else on_axis(references, wavenumber)
    found: tuple[FoundSpecies, ...] = ()
    steps: tuple[FoundReaction, ...] = ()
    sums: tuple[str, ...] = ()
    fitted, parts = np.zeros_like(change), {}
    changes = _changes(spectra, noise, wavenumber)
    if not changes:
        remarks.append("Nothing changes beyond the noise: no species and no reaction was found.")
    elif own and cell is None and species is None and reactions is None and not user_reactions:
        found, fitted = fit_references(change, wavenumber, noise, own, run.time, voltage)
        parts = {
            one.name: one.amount[-1] * own[one.name] for one in found if one.confidence >= POSSIBLE
        }
    else:
        if own:
            remarks.append(
                "Since species or the cell are named, the references are held against unmixed "
                "components only."
            )
        fitting, notes = _fitting(
            run, spectra, wavenumber, (noise, level), voltage, cell, known, species, reactions,
            user_reactions,
        )  # fmt: skip
        remarks += notes
        if fitting is not None:
            found, steps, sums = fitting.told()
            fitted, parts = fitting.drawn(spectra)
            blur = fitting.level
            if _unexplained(change, fitted, noise) > _LITTLE:
                # To the fit all that it misses is noise.
                blur = np.minimum(blur, np.hypot(noise, _OFF * np.sqrt((fitted**2).mean(axis=0))))
            extra, made = learned_species(
                change - fitted, wavenumber, blur, run.time, voltage, fitting.amounts
            )
            found += extra
            for one, spectrum in zip(extra, made, strict=True):
                parts[one.name] = one.amount[-1] * spectrum
                fitted = fitted + one.amount[:, None] * spectrum
            remarks += fitting.remarks()
        else:
            remarks.append("No reaction of the library can run in this cell.")
    left = _unexplained(change, fitted, noise) if changes else 0.0
    if changes and left > _UNEXPLAINED:
        remarks.append(
            f"{left:.0%} of the change is not explained: what is in the cell is not among the "
            "species weighed, or the spectra hold more than chemistry."
        )
    second = None
    if second_way:
        second = _second(spectra, wavenumber, noise, own, known, content_of(cell, known).cation)
    return Pathways(
        title=run.name or "run",
        origin=str(run.origin),
        time=run.time,
        voltage=voltage,
        wavenumber=wavenumber,
        change=change,
        fitted=fitted,
        parts=parts,
        noise=level,
        unexplained=left,
        species=found,
        reactions=steps,
        indistinguishable=sums,
        events=_events(change, wavenumber, noise, run.time) if changes else (),
        second_way=second,
        remarks=tuple(remarks),
    )


@on_one_thread
def fitting_of(run: Run, *, constants: bool = True) -> Fitting | None:
    """The fit of a run that states its system; None where nothing can be fitted.

    Args:
        run: The run.
        constants: Go by rate constants too, where the library has them.

    Raises:
        OptionError: As of :func:`recover`.
    """
    spectra, wavenumber, _ = _spectra(run)
    noise, level = noise_of(spectra, wavenumber, forecast=run.origin == "forecast")
    found, _ = _fitting(
        run, spectra, wavenumber, (noise, level), run.on_time("voltage"), run.system, built_in(),
        constants=constants,
    )  # fmt: skip
    return found


def _fitting(
    run: Run,
    spectra: Array,
    wavenumber: Array,
    noise: tuple[Array, float],
    voltage: Array | None,
    cell: System | str | None,
    known: Library,
    species: Sequence[str] | None = None,
    reactions: Sequence[str] | None = None,
    user_reactions: Sequence[str] = (),
    *,
    constants: bool = True,
) -> tuple[Fitting | None, list[str]]:
    """The fit, and remarks."""
    remarks: list[str] = []
    model, _ = model_of(cell, known)
    expected: Expected | None = None
    if model is not None and constants:
        temperature = run.on_time("temperature")
        kelvin = None
        if temperature is not None and np.isfinite(temperature).any():
            kelvin = float(np.nanmean(temperature))
        why = "no voltage was recorded"
        if voltage is not None:
            current = run.on_time("current")
            expected, why = expected_extents(
                model, known, run.time, voltage, current, kelvin, varied=CELLS
            )
        if expected is None:
            remarks.append(f"No rate constants are used, since {why}.")
    setting = setting_of(
        wavenumber,
        cell,
        known,
        dilution=DILUTION if expected is None else expected.dilution,
        species=species,
        reactions=reactions,
        user_reactions=user_reactions,
    )
    remarks += setting.remarks
    if not setting.reactions:
        return None, remarks
    made = Fitting(
        setting, spectra, wavenumber, *noise, expected, run.time, voltage,
        forecast=run.origin == "forecast",
    )  # fmt: skip
    return made, remarks


def _spectra(run: Run) -> tuple[Array, Array, list[str]]:
    """Absorbance without what is saturated, its axis, and remarks."""
    if run.signal != "absorbance":
        raise OptionError(
            f"the run holds {run.signal}, and absorbance is needed",
            remedy="Turn it into absorbance first (opir process FILE to_absorbance)",
        )
    values = np.asarray(run.values, dtype=np.float64)
    axis = np.asarray(run.wavenumber, dtype=np.float64)
    if len(values) < 2:
        raise OptionError(
            "the run has one frame, and what forms is told by change",
            remedy="Give a run of two frames or more; opir explain tells of the bands of one",
        )
    remarks: list[str] = []
    kept = (values < _SATURATED).all(axis=0)
    if not kept.all():
        lost = axis[~kept]
        remarks.append(
            f"{(~kept).sum()} points between {lost.min():.0f} and {lost.max():.0f} cm-1 are "
            f"saturated (absorbance of {_SATURATED:g} and more) and were left out."
        )
    if kept.sum() < _FEWEST_POINTS:
        raise OptionError(
            f"{int(kept.sum())} points of the spectra can be used; {_FEWEST_POINTS} are needed",
            remedy="Measure with a shorter path, or over a wider range",
        )
    if len(values) < 5:
        remarks.append(f"The run has {len(values)} frames: onsets and growth are coarse.")
    return values[:, kept], axis[kept], remarks


def _changes(spectra: Array, noise: Array, wavenumber: Array) -> bool:
    """Whether anything but a parabola changes beyond the noise."""
    if not np.ptp(spectra, axis=0).any():
        return False
    # Where it seems least, noise is rather underrated: few frames tell little of it.
    noise = np.maximum(noise, np.median(noise))
    lines = np.polynomial.legendre.legvander(np.linspace(-1, 1, wavenumber.size), 2).T / noise
    basis = np.linalg.qr(lines.T)[0].T
    centred = (spectra - spectra.mean(axis=0)) / noise
    rest = centred - (centred @ basis.T) @ basis
    largest = float(np.linalg.svd(rest, compute_uv=False)[0])
    limit = np.sqrt(len(spectra)) + np.sqrt(wavenumber.size)
    return bool(largest > _SURE_OF_CHANGE * limit)


def _unexplained(change: Array, fitted: Array, noise: Array) -> float:
    """Share of the squared change beyond the noise that is left."""
    chance = float((2 * noise**2).sum() * (len(change) - 1))
    whole = max(float((change**2).sum()) - chance, 0.0)
    left = max(float(((change - fitted) ** 2).sum()) - chance, 0.0)
    return float(np.clip(left / whole, 0.0, 1.0)) if whole > 0 else 0.0


def _events(change: Array, wavenumber: Array, noise: Array, time: Array) -> tuple[Any, ...]:
    if len(change) < 5:
        return ()
    bands = sorted(changed_bands(change, wavenumber), key=lambda band: -band.signal)
    positions = [band.position for band in bands[:_MOST_EVENTS]]
    if len(positions) < 2:
        return ()
    return events(change, wavenumber, float(np.median(noise)), positions=positions, time=time)


def _second(
    spectra: Array,
    wavenumber: Array,
    noise: Array,
    own: Mapping[str, Array],
    known: Library,
    cation: str | None,
) -> SecondWay | None:
    """Unmixing, its components held against the references and the species of the library."""
    from opir.models.abcc.reference import ReferenceSpectra
    from opir.pathways.unmix import unmix

    if len(spectra) < 4 or not np.ptp(spectra, axis=0).any():
        return None
    held = dict(own)
    names = [name for name, item in known.species.items() if item.environments]
    if not own:
        reference = ReferenceSpectra.of(known, wavenumber, cation or "Li", names)
        for (name, _), row in zip(reference.populations, reference.molar, strict=True):
            if row.max() > 0:
                held.setdefault(name, row / row.max())
    level = float(np.sqrt((noise**2).mean()))
    return unmix(spectra, wavenumber, level, references=held)
