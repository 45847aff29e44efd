"""What the names of columns say about spectra in text: kind of ordinate, units, times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.quantities import convert
from opir.run.readers.cycler import split_header

__all__ = ["Labels", "is_time", "is_wavenumber", "read_labels"]

_TIME = re.compile(
    r"((acquisition|test|total|elapsed|step)[ _]*)?(time|zeit|temps|elapsed|t)(?![a-z])",
    re.IGNORECASE,
)
_WAVENUMBER = re.compile(
    r"wave[ _-]?num|wellenzahl|nombre d'onde|raman[ _]?shift|cm\s*(\^|\*\*)?\(?[-⁻–]\s*[1¹]|1/cm"
    r"|\bnu\b|\bwn\b",
    re.IGNORECASE,
)
_WAVELENGTH = re.compile(
    r"wave[ _-]?length|lambda|wellenl|[/(\[]\s*(nm|[uµμ]m|micron\w*)\s*[)\]]?$", re.IGNORECASE
)
_SIGNALS = (
    ("absorbance", re.compile(r"absorban|extinktion|\babs\b|\ba\.?u\.?$|^a$", re.IGNORECASE)),
    ("transmittance", re.compile(r"transmi|%\s*t\b|\bt\s*%", re.IGNORECASE)),
    ("reflectance", re.compile(r"reflect|%\s*r\b", re.IGNORECASE)),
    ("kubelka_munk", re.compile(r"kubelka|\bk-?m\b", re.IGNORECASE)),
    ("raman_intensity", re.compile(r"raman[ _]int|counts|\bcps\b", re.IGNORECASE)),
    ("single_channel", re.compile(r"single[ _-]?(channel|beam)", re.IGNORECASE)),
    ("intensity", re.compile(r"intens", re.IGNORECASE)),
)


def is_time(name: str) -> bool:
    """Whether a column name means a time: ``time/s``, ``Time (min)``, ``t / h``."""
    return _TIME.match(name.strip()) is not None and not _WAVENUMBER.search(name)


def is_wavenumber(name: str) -> bool:
    """Whether a column name means a wavenumber or wavelength."""
    return bool(_WAVENUMBER.search(name) or _WAVELENGTH.search(name))


def names_signal(name: str) -> bool:
    """Whether a column name means an ordinate of spectra: ``Absorbance``, ``%T``, ``counts``."""
    return any(pattern.search(name) for _, pattern in _SIGNALS)


@dataclass(frozen=True)
class Labels:
    """What the header says.

    Attributes:
        signal: What the ordinate is.
        unit: Its unit, or None for the one inside.
        axis: Unit of the spectral axis: ``cm-1``, or ``nm`` or ``um`` of a wavelength.
        long: Columns of time, wavenumber and value, where the header names a long table.
        time: Name of the time column.
        assumed: Whether the kind of ordinate is not said in the file.
        notes: What was assumed.
    """

    signal: str
    unit: str | None
    axis: str
    long: tuple[int, int, int] | None
    time: str
    assumed: bool
    notes: tuple[str, ...]

    def wavenumbers(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The spectral axis [cm-1]; a wavelength that the header names is converted."""
        if self.axis == "cm-1":
            return values
        if (values <= 0).any():
            raise FormatError(
                f"the wavelength axis holds {values.min():g}", remedy="Wavelengths are above 0"
            )
        return (1e7 if self.axis == "nm" else 1e4) / values

    def times(
        self, values: NDArray[np.float64], notes: list[str], name: str = ""
    ) -> NDArray[np.float64]:
        """Times [s] from a column whose header may state the unit; adds to ``notes``."""
        unit = split_header(name or self.time)[1]
        if not unit:
            notes.append("The times state no unit; taken as seconds.")
        return convert(values, "time", unit or "s")


def read_labels(header: Sequence[str], comments: Sequence[str], path: Path) -> Labels:
    """What the names of columns and the lines above them say.

    Args:
        header: The names of the columns, as far as there are any.
        comments: Lines above the numbers.
        path: The file.
    """
    names = [name for name in header if name]
    words = [*names, *comments[:50]] if len(names) < 50 else list(comments[:50])
    notes = []
    signal, unit, assumed = "", None, False
    for word in [*reversed(names[-3:]), *words]:
        signal = next((s for s, pattern in _SIGNALS if pattern.search(word)), "")
        if signal:
            percent = "%" in word or "percent" in word.lower()
            unit = "%" if percent and signal in ("transmittance", "reflectance") else None
            break
    if signal == "intensity" and any("raman" in word.lower() for word in words):
        signal = "raman_intensity"
    if not signal:
        signal, assumed = "absorbance", True
        notes.append("The file does not say what its values are; taken as absorbance.")
    long = None
    if len(header) == 3:
        times = [i for i, name in enumerate(header) if is_time(name)]
        axes = [i for i, name in enumerate(header) if is_wavenumber(name)]
        if len(times) == 1 and len(axes) == 1:
            long = (times[0], axes[0], 3 - times[0] - axes[0])
    axis = "cm-1"
    for name in names:
        found = _WAVELENGTH.search(name)
        if found and not _WAVENUMBER.search(name):
            length = split_header(name)[1].replace("µ", "u").replace("μ", "u").lower()
            if length not in ("nm", "um", "micron", "microns"):
                raise FormatError(
                    f"the column {name!r} does not say whether it is in nm or um",
                    remedy="Write 'wavelength/nm', or convert it to wavenumbers",
                )
            axis = "nm" if length == "nm" else "um"
    time = header[long[0]] if long else next((n for n in names if is_time(n)), "")
    return Labels(signal, unit, axis, long, time, assumed, tuple(notes))
