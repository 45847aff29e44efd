"""The protocol: what the cell is asked to do over time, the known future of a forecast."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from opir.errors import ProtocolError
from opir.protocol.base import Step, Temperature, quantity_field
from opir.protocol.drive import CHANNELS, Course, Drive
from opir.protocol.explain import explain
from opir.protocol.measured import Measured
from opir.protocol.rates import amperes
from opir.protocol.steps import AnyStep

__all__ = ["Protocol"]

_MOST_STEPS = 1_000_000


class Protocol(BaseModel):
    """What a cell is asked to do: steps one after the other, or a measured course.

    Current is positive on charge (oxidation at the working electrode). Where a step does not set
    a quantity, such as the voltage at constant current, samples hold NaN.

    A step with a cutoff and a duration is sampled over its whole duration; :attr:`exact` is then
    false, since the cell may end it before.

    Attributes:
        steps: One or more, see :mod:`opir.protocol.steps`.
        name: A readable name.
        capacity: Nominal capacity [A h] that C rates refer to.
        temperature: [K] where a step gives none; None where unknown.
        start: Time of the beginning on the run's clock [s].
        notes: Free text.

    Raises:
        ProtocolError: If it is empty, a value is out of bounds, or a C rate lacks the capacity.
        UnitError: If a unit does not belong to its quantity.
        UnknownNameError: If a kind of step is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: tuple[AnyStep, ...] = Field(min_length=1)
    name: str = ""
    capacity: Annotated[float, quantity_field("capacity"), Field(gt=0)] | None = None
    temperature: Temperature | None = None
    start: Annotated[float, quantity_field("time")] = 0.0
    notes: str = ""

    def __init__(self, steps: Any = (), **fields: Any) -> None:
        try:
            super().__init__(steps=steps, **fields)
        except ValidationError as error:
            raise explain(error, type(self)) from error

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.count > _MOST_STEPS:
            raise ProtocolError(
                f"the protocol has {self.count} steps in all, more than {_MOST_STEPS}",
                remedy="Reduce repeats",
            )
        for number, step in enumerate(self.steps):
            for current in step.currents():
                try:
                    amperes(current, self.capacity)
                except ProtocolError as error:
                    raise error.at(place=f"steps[{number}]") from None
        return self

    @classmethod
    def from_measured(
        cls,
        time: ArrayLike,
        voltage: ArrayLike | None = None,
        current: ArrayLike | None = None,
        temperature: ArrayLike | None = None,
        *,
        longest_gap: float | str | None = None,
        name: str = "",
        notes: str = "",
    ) -> Protocol:
        """A protocol from what was recorded, on the record's clock; linear between its rows.

        Args:
            time: [s], rising, shape ``[row]``; a time may stand twice where a value jumps.
            voltage: [V], NaN where missing, shape ``[row]``.
            current: [A], positive on charge, NaN where missing, shape ``[row]``.
            temperature: [K], shape ``[row]``, or one number.
            longest_gap: Between rows further apart than this, nothing is known.
            name, notes: See the class.

        Raises:
            ProtocolError: If times run backwards, lengths differ or values are out of bounds.
        """
        times = np.asarray(time, dtype=np.float64)
        if times.ndim != 1:
            raise ProtocolError(f"times have shape {times.shape}", remedy="Give one dimension")
        if not np.isfinite(times).all():
            raise ProtocolError(
                "times hold NaN or infinity",
                place=f"time[{int(np.argmin(np.isfinite(times)))}]",
                remedy="Remove those rows",
            )
        if voltage is None and current is None and temperature is None:
            raise ProtocolError("nothing was measured", remedy="Give a voltage or a current")
        columns: dict[str, Any] = {}
        given = {"voltage": voltage, "current": current, "temperature": temperature}
        for key, column in given.items():
            if column is None:
                continue
            array = np.asarray(column, dtype=np.float64)
            if array.ndim == 0:
                array = np.full(times.size, float(array))
            columns[key] = [
                None if math.isnan(value) else value for value in array.ravel().tolist()
            ]
        step = Measured(time=times.tolist(), longest_gap=longest_gap, **columns)
        return cls(steps=[step], start=float(times[0]), name=name, notes=notes)

    # -- what it is ---------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of plain steps, with cycles and pulses written out."""
        return sum(step.count() for step in self.steps)

    @cached_property
    def leaves(self) -> tuple[tuple[str, Step], ...]:
        """The plain steps in order, each with its place in the protocol (``steps[2].steps[0]``)."""
        return tuple(
            leaf
            for number, step in enumerate(self.steps)
            for leaf in step.leaves(f"steps[{number}]")
        )

    @property
    def flat(self) -> tuple[Step, ...]:
        """The plain steps in order, with cycles and pulses written out."""
        return tuple(step for _, step in self.leaves)

    @property
    def exact(self) -> bool:
        """Whether no cutoff may end a step before its duration is over."""
        return not any(step.cutoff for step in self.steps)

    @cached_property
    def _course(self) -> Course:
        return Course.of_steps(
            self.leaves,
            start=self.start,
            capacity=self.capacity,
            temperature=math.nan if self.temperature is None else self.temperature,
        )

    @property
    def duration(self) -> float:
        """How long it lasts, at most [s].

        Raises:
            ProtocolError: If only a cutoff ends a step.
        """
        return self._course.end - self._course.start

    @property
    def end(self) -> float:
        """When it ends, at the latest [s]."""
        return self._course.end

    @property
    def edges(self) -> NDArray[np.float64]:
        """Start of each plain step [s], shape ``[step]``, as in :attr:`flat`."""
        first = np.flatnonzero(np.diff(self._course.step, prepend=-1))
        return np.array(self._course.bounds[first, 0])

    @property
    def knots(self) -> NDArray[np.float64]:
        """Times between which the drive is straight [s], rising, shape ``[time]``.

        They are those at which its pieces begin and end; where values jump, one more lies a
        millisecond before, or half of what is left to the last one where that is nearer.

        Raises:
            ProtocolError: If only a cutoff ends a step.
        """
        course = self._course
        ends = np.unique(np.append(course.bounds[:, 0], course.end))
        jump = np.isin(ends[1:], course.jumps)
        before = ends[1:] - np.minimum(1e-3, 0.5 * np.diff(ends))
        return np.union1d(ends, before[jump])

    @property
    def charge(self) -> float:
        """Net charge passed over the whole protocol [A h], positive on charge.

        Raises:
            ProtocolError: If a step does not set the current, or only a cutoff ends one.
        """
        course = self._course
        areas = (course.begin[:, 1] + course.finish[:, 1]) / 2 * np.diff(course.bounds)[:, 0]
        unknown = np.isnan(areas)
        if unknown.any():
            place, step = self.leaves[int(course.step[np.argmax(unknown)])]
            raise ProtocolError(
                f"the current of this {step.KIND.replace('_', ' ')} is not set, so the charge is "
                "not known",
                place=place,
                remedy="Use the measured current, or the protocol without that step",
            )
        return math.fsum(areas) / 3600

    # -- at times -----------------------------------------------------------------------------

    def sample(self, times: ArrayLike) -> Drive:
        """Voltage, current and temperature at times, NaN where the protocol does not set them.

        At the edge between two steps, the step that starts there counts.

        Args:
            times: [s] on the protocol's clock, in any order, shape ``[time]``.

        Raises:
            ProtocolError: If a time is outside the protocol, or only a cutoff ends a step.
        """
        return self._course.at(self._course.inside(times))

    def resample(self, times: ArrayLike) -> Drive:
        """The drive on a grid of times that also holds the edges of the steps.

        Each edge between the first and last of ``times`` stands twice, with the value of the step
        that ends and of the one that starts, so that the trapezoid rule over the result is exact
        for protocols of steps. A measured series keeps its jumps; for its exact means between
        times, see :meth:`interval_means`.

        Args:
            times: [s], strictly rising, shape ``[time]``.

        Raises:
            ProtocolError: If times do not rise or are outside, or only a cutoff ends a step.
        """
        return self._course.on_grid(self._rising(times, 1), self._course.jumps)

    def interval_means(self, edges: ArrayLike) -> Drive:
        """Exact means over the intervals between neighbouring times.

        A mean is NaN where any part of its interval is not known.

        Args:
            edges: [s], strictly rising, shape ``[interval + 1]``.

        Returns:
            A drive on the middle of each interval; ``step`` is the one at the middle.

        Raises:
            ProtocolError: If times do not rise or are outside, or only a cutoff ends a step.
        """
        bounds = self._rising(edges, 2)
        means = self._course.integrals(bounds) / np.diff(bounds)[:, None]
        middle = (bounds[:-1] + bounds[1:]) / 2
        columns = dict(zip(CHANNELS, means.T, strict=True))
        return Drive(time=middle, step=self._course.at(middle).step, **columns)

    def _rising(self, times: ArrayLike, least: int) -> NDArray[np.float64]:
        inside = self._course.inside(times)
        if inside.size < least or not (np.diff(inside) > 0).all():
            raise ProtocolError(
                f"{inside.size} times were given, {least} or more that rise strictly are needed",
                remedy="Sort them and drop repeated ones",
            )
        return inside

    # -- to and from others -------------------------------------------------------------------

    def to_text(self) -> str:
        """The protocol as readable YAML; :meth:`from_text` gives the same protocol back."""
        from opir.protocol.text import to_text

        return to_text(self)

    @classmethod
    def from_text(cls, text: str) -> Protocol:
        """A protocol from YAML or JSON text.

        Raises:
            FormatError: If the text is neither, or not a mapping.
            ProtocolError, UnitError, UnknownNameError: See the class.
        """
        from opir.protocol.text import read_mapping

        return cls(**read_mapping(text, list(cls.model_fields)))

    def to_file(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write :meth:`to_text` to a file; nothing half-written stays.

        Raises:
            OutputExistsError: If ``path`` exists and ``overwrite`` is false.
            OutputError: If it cannot be written.
        """
        from opir.files import atomic_path

        with atomic_path(path, overwrite=overwrite) as temporary:
            temporary.write_text(self.to_text(), encoding="utf-8")
        return Path(path)

    @classmethod
    def from_file(cls, path: Path | str) -> Protocol:
        """A protocol from a YAML or JSON file.

        Raises:
            FormatError: If there is no such file or it is not text.
            ProtocolError, UnitError, UnknownNameError: See the class.
        """
        from opir.protocol.text import read_file

        return read_file(Path(path), cls.from_text)

    @classmethod
    def from_pybamm(
        cls,
        steps: Any,
        capacity: float | str | None = None,
        *,
        temperature: float | str | None = None,
        name: str = "",
    ) -> Protocol:
        """A protocol from PyBaMM experiment strings.

        Args:
            steps: Strings such as ``"Discharge at C/10 for 10 hours or until 2.5 V"``; a tuple of
                them is a cycle. A discharge becomes a negative current.
            capacity: Nominal capacity that C rates refer to [A h].
            temperature: Temperature [K] of steps that give none.
            name: See the class.

        Raises:
            ProtocolError: If a string is not of the kinds that both know.
        """
        from opir.protocol.pybamm import from_strings

        return cls(steps=from_strings(steps), capacity=capacity, temperature=temperature, name=name)

    def to_pybamm(self) -> list[str | tuple[str, ...]]:
        """The protocol as PyBaMM experiment strings, cycles as tuples.

        Raises:
            ProtocolError: If a step has no counterpart there (a sweep, a measured series).
        """
        from opir.protocol.pybamm import to_strings

        return to_strings(self.steps)
