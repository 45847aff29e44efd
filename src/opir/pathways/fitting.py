"""The fit of one run: first with all reactions, then with those that may run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opir.pathways.confidence import confidences
from opir.pathways.expected import Expected
from opir.pathways.fit import Fit, Problem, fit_reactions
from opir.pathways.found_reactions import POSSIBLE, found_reactions, told_as_sum, unneeded
from opir.pathways.found_species import found_species
from opir.pathways.point_noise import seen_noise
from opir.pathways.propose import propose
from opir.pathways.refine import courses_of
from opir.pathways.result import FoundReaction, FoundSpecies
from opir.pathways.setting import Setting
from opir.pathways.varied_cells import courses_by_constants, courses_of_cells
from opir.pathways.weigh import guess_of, plain_guess, weigh

__all__ = ["Fitting"]

Array = NDArray[np.float64]

_LITTLE = 1e-4
"""Of a ridge that shares what bands and baseline can both make."""


class Fitting:
    """The fit of one run.

    Args:
        setting: What may be in the cell; at least one reaction.
        spectra: ``[time, wavenumber]``.
        wavenumber: Axis [cm-1].
        noise: Of a point, ``[wavenumber]``.
        level: Of a point, as a whole.
        expected: What rate constants expect, or None.
        time: [s], ``[time]``.
        voltage: [V], ``[time]``, or None.
        forecast: Whether the spectra are a forecast.

    Attributes:
        weighed: What speaks for each reaction of the setting.
        confidence: In each of them.
        level: Noise, with what the fit of likely reactions misses, ``[wavenumber]``.
    """

    def __init__(
        self,
        setting: Setting,
        spectra: Array,
        wavenumber: Array,
        noise: Array,
        level: float,
        expected: Expected | None,
        time: Array,
        voltage: Array | None,
        *,
        forecast: bool = False,
    ) -> None:
        self.forecast = forecast
        self.setting, self.wavenumber, self.noise = setting, wavenumber, noise
        self.time, self.voltage = time, voltage
        self.point = seen_noise(spectra, forecast=forecast)
        if expected is None:
            guess = plain_guess(setting, spectra, wavenumber, noise)
        else:
            guess = guess_of(setting, expected, spectra, wavenumber, noise)
        problem, fit = fit_reactions(setting, spectra, wavenumber, noise, guess)
        self.weighed = weigh(problem, fit, guess, level)
        self.confidence = confidences(self.weighed)
        self.places = np.flatnonzero(self.confidence >= POSSIBLE)
        self.problem: Problem | None = None
        self.fit: Fit | None = None
        self.level = noise
        if self.places.size:
            less = setting.only(self.places.tolist())
            kept = replace(
                guess,
                mean=guess.mean[self.places],
                deviation=guess.deviation[self.places],
                course=None if guess.course is None else guess.course[:, self.places],
                told=None if guess.told is None else guess.told[self.places],
            )
            self.problem, self.fit = fit_reactions(less, spectra, wavenumber, noise, kept)
            self.level = 1.0 / self.problem.weight
            self.courses = courses_of(self.problem, self.fit)
            held = None
            if expected is not None:
                held = courses_of_cells(self.problem, expected, self.courses, always=forecast)
            free, self.courses = self.courses, self.courses if held is None else held
            # A forecast knows no better than the constants when something sets in.
            when = None
            if forecast and expected is not None:
                when = courses_by_constants(self.problem, expected, free)
            self.when = self.courses if when is None else when

    @property
    def amounts(self) -> Array:
        """Of the products, ``[time, product]``; none where no reaction is likely."""
        return np.zeros((len(self.time), 0)) if self.problem is None else self.courses.amounts

    def told(
        self,
    ) -> tuple[tuple[FoundSpecies, ...], tuple[FoundReaction, ...], tuple[str, ...]]:
        """Species, reactions, and what cannot be told apart."""
        every, frames = self.setting.reactions, len(self.time)
        species: tuple[FoundSpecies, ...] = ()
        steps: tuple[FoundReaction, ...] = ()
        if self.problem is not None and self.fit is not None:
            species = found_species(
                self.problem,
                self.courses,
                self.when,
                self.confidence[self.places],
                self.wavenumber,
                self.noise,
                self.time,
                self.voltage,
                self.point,
            )
            steps = found_reactions(
                self.problem,
                self.fit,
                self.courses,
                self.when,
                self.weighed,
                self.places,
                self.confidence,
                every,
                species,
                self.time,
                self.voltage,
                self.point,
            )
        sums = told_as_sum(steps)
        rest = [at for at in range(len(every)) if at not in set(self.places.tolist())]
        rest.sort(key=lambda at: -self.confidence[at])
        steps += tuple(
            unneeded(every[at], self.setting.sources[at], float(self.confidence[at]), frames)
            for at in rest
        )
        return species, steps + self._proposed(), sums

    def _proposed(self) -> tuple[FoundReaction, ...]:
        """By balance, for what was asked for and no reaction makes."""
        made = {name for one in self.setting.reactions for name in one.products}
        found = []
        for name in self.setting.products:
            if name in made:
                continue
            for reaction in propose(
                name,
                self.setting.present,
                self.setting.library,
                cation=self.setting.cation,
                known=self.setting.reactions,
            ):
                told = unneeded(reaction, "proposed", 0.0, len(self.time))
                text = (
                    "It balances, and no reaction of the library makes this species: weigh it by "
                    "giving it as a reaction of your own."
                )
                found.append(replace(told, reason=text))
        return tuple(found)

    def drawn(self, spectra: Array) -> tuple[Array, dict[str, Array]]:
        """The fit of the change, and what each part adds in the last frame."""
        change = spectra - spectra[0]
        if self.problem is None:
            return self._moved(change)
        plain = self.problem.setting.spectra + (
            self.problem.shift[:, None] * self.problem.setting.slopes
        )
        amounts = self.courses.amounts
        made = amounts @ plain
        electrolyte, parts = self._moved(change - made)
        largest = np.abs(amounts).max(axis=0)
        for number, name in enumerate(self.problem.setting.products):
            if largest[number] > 0:
                parts[name] = amounts[-1, number] * plain[number]
        return made + electrolyte, parts

    def _moved(self, rest: Array) -> tuple[Array, dict[str, Array]]:
        """What of a rest the electrolyte can make; baseline and electrolyte of the last frame."""
        weight = 1.0 / self.level
        basis = self.problem.basis if self.problem is not None else None
        lines = np.polynomial.legendre.legvander(np.linspace(-1, 1, self.wavenumber.size), 2).T
        if basis is None:
            basis = np.linalg.qr((lines * weight).T)[0].T
        found = (rest * weight @ basis.T) @ basis / weight
        last = found[-1]
        # A little of the baseline can be made by bands, too: the least of both that will do.
        bands = np.vstack([self.setting.electrolyte_spectra, self.setting.electrolyte_slopes])
        columns = np.vstack([bands, lines]) * weight
        size = np.linalg.norm(columns, axis=1)
        size = np.where(size > 0, size, 1.0)
        scaled = columns / size[:, None]
        gram = scaled @ scaled.T + _LITTLE * np.eye(len(scaled))
        weights = np.linalg.solve(gram, scaled @ (last * weight)) / size
        baseline = weights[len(bands) :] @ lines
        return found, {"electrolyte": last - baseline, "baseline": baseline}

    def remarks(self) -> list[str]:
        """What a reader should know of the fit."""
        if self.problem is None:
            return ["No reaction is likely: what changes is the electrolyte, or is not known."]
        if self.courses.held and self.forecast:
            return [
                "A forecast is less sure than cells of one kind are alike: courses and limits are "
                "those of a cell whose rate constants vary so, as near to the forecast as it "
                "comes; onsets are those that the constants expect by themselves."
            ]
        if self.courses.held:
            return [
                "A cell of the library, its rate constants varied as cells of one kind differ, "
                "explains the spectra as the free fit does: its courses and limits are given."
            ]
        return []
