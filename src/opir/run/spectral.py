"""What a :class:`Spectrum` and a :class:`Run` share: a checked xarray dataset with a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, OptionError, UnitError
from opir.quantities import check_values, normalise_unit, quantity
from opir.run.axes import check_axis
from opir.run.described import ORIGINS, Described, parse_time
from opir.run.history import Step, format_history, parse_history, undo_variables

__all__ = ["SIGNALS", "SpectralData", "check_signal"]

SIGNALS = (
    "absorbance",
    "transmittance",
    "reflectance",
    "kubelka_munk",
    "single_channel",
    "raman_intensity",
    "intensity",
)
"""What the ordinate of a spectrum may be."""


class SpectralData(Described):
    """Base of spectrum and run. The dataset is checked when the object is made.

    Attributes:
        dataset: The :class:`xarray.Dataset` underneath; all of xarray works on it. Changes made
            to it in place are not checked again: make a new object from a changed dataset.
    """

    DIMS: ClassVar[tuple[str, ...]] = ("wavenumber",)
    KIND: ClassVar[str] = "spectrum"

    def __init__(self, dataset: xr.Dataset) -> None:
        if not isinstance(dataset, xr.Dataset):
            raise OptionError(
                f"a {self.KIND} is made from an xarray.Dataset, not {type(dataset).__name__}",
                remedy=f"Use {type(self).__name__}.from_arrays for plain arrays",
            )
        dataset = dataset.copy(deep=False)
        dataset.attrs = dict(dataset.attrs)
        signals = [name for name in SIGNALS if name in dataset.data_vars]
        if len(signals) != 1:
            raise OptionError(
                f"a {self.KIND} holds exactly one of {', '.join(SIGNALS)}; "
                f"this dataset holds {', '.join(signals) or 'none of them'}"
            )
        self._signal = signals[0]
        self.dataset = dataset
        for dim in self.DIMS:
            if dim not in dataset.coords:
                raise AxisError(f"the dataset has no coordinate {dim!r}")
        self._check_axes()
        values = dataset[self._signal]
        if set(values.dims) != set(self.DIMS):
            raise AxisError(
                f"{self._signal} has dimensions {tuple(map(str, values.dims))}; "
                f"{self.DIMS} are needed"
            )
        if values.dims != self.DIMS:
            self.dataset[self._signal] = values = values.transpose(*self.DIMS)
        if not np.issubdtype(values.dtype, np.floating):
            check_values(values.values, self._signal, label=self._signal)
            self.dataset[self._signal] = values = values.astype(np.float64)
        for name in map(str, self.dataset.variables):
            self._check_unit(name)
        check_values(values.values, self._signal, label=self._signal)
        origin = str(dataset.attrs.setdefault("origin", "unknown"))
        if origin not in ORIGINS:
            raise OptionError(
                f"origin {origin!r} is unknown", remedy=f"Use one of {', '.join(ORIGINS)}"
            )
        if self.start_text:
            parse_time(self.start_text)
        parse_history(str(dataset.attrs.get("history", "")))
        dataset.attrs.setdefault("Conventions", "CF-1.11")
        dataset.attrs["opir_type"] = self.KIND
        dataset.attrs["opir_version"] = "1"

    def _check_axes(self) -> None:
        check_axis(self.dataset["wavenumber"].values, "wavenumber")

    def _check_unit(self, name: str) -> None:
        from opir.quantities import QUANTITIES

        if name not in QUANTITIES:
            return
        item = QUANTITIES[name]
        variable = self.dataset[name]
        unit = str(variable.attrs.get("units", item.unit))
        if normalise_unit(unit) != normalise_unit(item.unit):
            raise UnitError(
                f"{name} is in {unit!r}; {item.unit!r} is needed",
                remedy=f"Convert it first: opir.quantities.convert(values, {name!r}, {unit!r})",
            )
        variable.attrs.update(
            {k: v for k, v in item.attributes.items() if k == "units" or k not in variable.attrs}
        )

    # -- what it holds ------------------------------------------------------------------------

    @property
    def signal(self) -> str:
        """Name of the ordinate, one of :data:`SIGNALS`."""
        return self._signal

    @property
    def values(self) -> NDArray[np.floating[Any]]:
        """The ordinate, axes as in ``DIMS`` (a run: ``[time, wavenumber]``)."""
        return np.asarray(self.dataset[self._signal].values)

    @property
    def wavenumber(self) -> NDArray[np.float64]:
        """The wavenumber axis [cm-1], in its own direction."""
        return np.asarray(self.dataset["wavenumber"].values, dtype=np.float64)

    @property
    def history(self) -> tuple[Step, ...]:
        """The processing steps so far, oldest first."""
        return parse_history(str(self.dataset.attrs.get("history", "")))

    # -- making another from it ---------------------------------------------------------------

    def with_step(
        self, step: Step, dataset: xr.Dataset, undo: Mapping[str, xr.DataArray] | None = None
    ) -> Self:
        """The object after a processing step.

        Args:
            step: The record of the step.
            dataset: The dataset with its new values, coordinates and attributes.
            undo: Variables that undoing needs, by short name. Needed where ``step.undoable``.

        Where the step cannot be undone, what earlier steps kept for undoing is dropped.
        """
        number = len(self.history)
        dataset = dataset.copy(deep=False)
        if step.undoable:
            for name, values in (undo or {}).items():
                dataset[f"undo_{number}_{name}"] = values
        else:
            dataset = dataset.drop_vars(list(undo_variables(dataset)))
        dataset.attrs = dict(dataset.attrs)
        dataset.attrs["history"] = format_history((*self.history, step))
        return type(self)(dataset)

    def replace(self, **attributes: str) -> Self:
        """The same data with other attributes (``title``, ``origin``, ``source``, ...)."""
        return type(self)(self.dataset.assign_attrs(attributes))

    def __repr__(self) -> str:
        shape = " x ".join(f"{self.dataset.sizes[d]} {d}" for d in self.DIMS)
        low, high = float(self.wavenumber.min()), float(self.wavenumber.max())
        title = f" {self.name!r}" if self.name else ""
        return (
            f"<opir.{type(self).__name__}{title}: {self.origin} {self.signal}, {shape}, "
            f"{low:.1f}-{high:.1f} cm-1, {len(self.history)} step(s)>"
        )


def check_signal(signal: str) -> str:
    """The signal's name, if it is one of :data:`SIGNALS`.

    Raises:
        OptionError: If it is not.
    """
    if signal not in SIGNALS:
        raise OptionError(
            f"signal {signal!r} is unknown", remedy=f"Use one of {', '.join(SIGNALS)}"
        )
    quantity(signal)
    return signal
