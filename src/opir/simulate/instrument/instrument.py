"""An instrument: effects one after the other, and what it makes of noise-free spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from opir.errors import (
    AxisError,
    FormatError,
    OpirError,
    OptionError,
    UnknownNameError,
    ValueRangeError,
)
from opir.files import read_text
from opir.quantities import check_values
from opir.simulate.instrument.effects import EFFECTS, Effect, Scene, Throughput
from opir.spectra.molar import check_axis

__all__ = ["Instrument", "Measured", "get_instrument", "instrument_names"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A measurement and its hidden truth.

    Attributes:
        absorbance: [time, wavenumber].
        draws: What chance decided: name -> value, names beginning with that of the effect.
        parts: What each effect added [time, wavenumber], by its name; empty unless asked for.
    """

    absorbance: Array
    draws: dict[str, float]
    parts: dict[str, Array]


@dataclass(frozen=True)
class Instrument:
    """Effects in the order in which they act.

    Attributes:
        name: ``"bench"``.
        effects: See :mod:`opir.simulate.instrument.effects`.
        title: One line about it.

    Raises:
        OptionError: If an effect is there twice.
    """

    name: str
    effects: tuple[Effect, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "effects", tuple(self.effects))
        names = [effect.name for effect in self.effects]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise OptionError(
                f"the instrument {self.name!r} has the effect {twice[0]!r} twice",
                remedy="Give each effect once",
            )

    def measure(
        self,
        noise_free: ArrayLike,
        wavenumber: ArrayLike,
        time: ArrayLike,
        generator: np.random.Generator,
        *,
        parts: bool = False,
    ) -> Measured:
        """What this instrument would show.

        Every effect gets a random stream of its own, so leaving one out, or changing it, leaves
        the draws of those before it as they were.

        Args:
            noise_free: Absorbance [time, wavenumber].
            wavenumber: Axis, cm-1, strictly monotonic.
            time: Axis, s, strictly rising.
            generator: Source of chance; the same state gives the same bytes.
            parts: Keep what each effect added.

        Raises:
            AxisError: If the axes do not fit.
            ValueRangeError: If a value is not finite.
        """
        scene = Scene(check_axis(wavenumber), _check_time(time))
        current = np.asarray(noise_free, dtype=np.float64)
        shape = (scene.time.size, scene.wavenumber.size)
        if current.shape != shape:
            raise AxisError(
                f"the spectra have the shape {current.shape}, time and wavenumber {shape}",
                remedy="Give [time, wavenumber]",
            )
        if not np.isfinite(current).all():
            raise ValueRangeError(
                "the noise-free spectra hold non-finite values", remedy="Check the simulation"
            )
        draws: dict[str, float] = {}
        added: dict[str, Array] = {}
        streams = generator.spawn(len(self.effects))
        for effect, stream in zip(self.effects, streams, strict=True):
            before = current
            current = effect.apply(before, scene, stream, draws)
            if parts:
                added[effect.name] = current - before
        if current is noise_free:
            current = current.copy()
        return Measured(current, draws, added)

    @classmethod
    def from_mapping(cls, name: str, data: Mapping[str, Any]) -> Instrument:
        """An instrument from plain data: ``{"title": ..., "effects": [{"effect": ..., ...}]}``.

        Raises:
            FormatError: If the data have another form.
            UnknownNameError: If an effect or one of its parameters is unknown.
            ValueRangeError: If a parameter is out of bounds.
        """
        for key in data:
            if key not in ("title", "effects"):
                raise UnknownNameError("field of an instrument", str(key), ("title", "effects"))
        entries = data.get("effects", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FormatError(
                "the effects of an instrument are a list of mappings",
                remedy="Write each as {effect: resolution, fwhm: 4.0}",
            )
        return cls(name, tuple(_effect(entry) for entry in entries), str(data.get("title", "")))

    @classmethod
    def from_file(cls, path: Path | str) -> Instrument:
        """An instrument from a YAML file; its name is that of the file.

        Raises:
            As :meth:`from_mapping`, with the file named.
        """
        path = Path(path)
        try:
            return cls.from_mapping(path.stem, _parse(read_text(path)))
        except OpirError as error:
            raise error.at(path=path) from None


def _effect(entry: Mapping[str, Any]) -> Effect:
    values = dict(entry)
    name = str(values.pop("effect", ""))
    kind = EFFECTS[name]
    _known(values, kind, f"parameter of the effect {name!r}")
    if "throughput" in values:
        inner = values["throughput"]
        if not isinstance(inner, dict):
            raise FormatError(
                "a throughput is a mapping", remedy="Write {low_edge: 820, low_width: 20}"
            )
        _known(inner, Throughput, "parameter of the throughput")
        values["throughput"] = Throughput(**inner)
    return kind(**values)


def _known(values: Mapping[str, Any], kind: type[Any], what: str) -> None:
    known = {item.name: item.type for item in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise UnknownNameError(what, str(key), known)
        wanted = {"float": (int, float), "int": (int,), "str": (str,)}.get(str(known[key]))
        if wanted and (isinstance(value, bool) or not isinstance(value, wanted)):
            raise FormatError(
                f"the {what} {key!r} is {value!r}, not a {known[key]}",
                remedy="Write small numbers with a point: 2.0e-4",
            )


def _parse(text: str) -> Mapping[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FormatError("the text is not YAML") from error
    if not isinstance(data, dict):
        raise FormatError("an instrument is a mapping", remedy="Fields: title, effects")
    return data


def instrument_names() -> tuple[str, ...]:
    """Names of the instruments that come with opir."""
    folder = files("opir.simulate.instrument").joinpath("data/instruments")
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir()))


@lru_cache(maxsize=16)
def get_instrument(name: str) -> Instrument:
    """The instrument of that name.

    Raises:
        UnknownNameError: If there is none; the nearest names are listed.
    """
    if name not in instrument_names():
        raise UnknownNameError("instrument", name, instrument_names())
    folder = files("opir.simulate.instrument").joinpath("data/instruments")
    return Instrument.from_mapping(name, _parse(folder.joinpath(f"{name}.yaml").read_text("utf-8")))


def _check_time(time: ArrayLike) -> Array:
    axis = np.ascontiguousarray(time, dtype=np.float64)
    check_values(axis, "time")
    if axis.ndim != 1 or axis.size == 0 or not (np.diff(axis) > 0).all():
        raise AxisError("time is not one strictly rising axis", remedy="Sort it, without repeats")
    return axis
