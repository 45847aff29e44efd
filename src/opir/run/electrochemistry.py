"""What a cycler recorded: voltage, current and the rest over time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.quantities import QUANTITIES, check_values, convert
from opir.run.axes import check_axis
from opir.run.described import Described, build_attributes, parse_time

__all__ = ["WALL_CLOCK", "Electrochemistry"]

WALL_CLOCK = "wall clock"
"""Value of the attribute ``clock`` of a record whose rows were stamped by a clock on the wall,
without an offset from UTC: its times jump where that clock is set for daylight saving time."""


class Electrochemistry(Described):
    """A cycler's record, an :class:`xarray.Dataset` underneath (dim ``time``).

    Variables on ``time`` [s from the start of the record]: any of ``voltage`` [V], ``current``
    [A, positive on charge], ``capacity`` [A h], ``temperature`` [K], ``cycle``, ``half_cycle``,
    and others. Times may repeat (two rows at a step's edge) but never run backwards. Missing
    values are NaN.

    Raises:
        AxisError: If times run backwards or are not finite, or a column has another length.
        ValueRangeError: If a value is infinite or out of bounds (voltage outside -1 to 6 V).
        OptionError: If there is neither voltage nor current.
    """

    KIND = "electrochemistry"

    def __init__(self, dataset: xr.Dataset) -> None:
        dataset = dataset.copy(deep=False)
        if "time" not in dataset.coords:
            raise AxisError("the dataset has no coordinate 'time'")
        check_axis(dataset["time"].values, "time", increasing=True, repeats=True)
        if "voltage" not in dataset and "current" not in dataset:
            raise OptionError("an electrochemistry record needs a voltage or a current column")
        for name in map(str, dataset.variables):
            variable = dataset[name]
            if variable.dims != ("time",):
                raise AxisError(f"{name} has dimensions {variable.dims}; ('time',) is needed")
            if name in QUANTITIES:
                if name != "time":
                    check_values(variable.values, name, allow_missing=True)
                variable.attrs.update(QUANTITIES[name].attributes)
        self.dataset = dataset
        if self.start_text:
            parse_time(self.start_text)
        dataset.attrs["opir_type"] = self.KIND
        dataset.attrs["opir_version"] = "1"

    @classmethod
    def from_columns(
        cls,
        time: ArrayLike,
        columns: Mapping[str, ArrayLike],
        *,
        units: Mapping[str, str] | None = None,
        start: datetime | str | None = None,
        name: str = "",
        origin: str = "measured",
        metadata: Mapping[str, Any] | None = None,
        source: str = "",
        licence: str = "",
    ) -> Electrochemistry:
        """A record from columns.

        Args:
            time: Shape ``[row]``.
            columns: Name -> values, shape ``[row]``, NaN where missing.
            units: Name -> unit of the file, for ``time`` and columns; converted. Default: inside.
            start: When the record began; ISO 8601 or datetime.
            name, origin, metadata, source, licence: As in :class:`opir.Spectrum`.
        """
        units = dict(units or {})
        times = convert(time, "time", units.get("time", "s"))
        data = {}
        for key, values in columns.items():
            array = np.asarray(values, dtype=np.float64)
            if key in QUANTITIES and key in units:
                array = convert(array, key, units[key])
            if array.shape != times.shape:
                raise AxisError(f"{key} has {array.size} values for {times.size} times")
            data[key] = ("time", array)
        dataset = xr.Dataset(data, coords={"time": times})
        dataset.attrs = build_attributes(
            name=name,
            origin=origin,
            start=start,
            metadata=metadata,
            source=source,
            licence=licence,
        )
        return cls(dataset)

    @property
    def time(self) -> NDArray[np.float64]:
        """Times [s] from the start of the record, shape ``[row]``; may repeat."""
        return np.asarray(self.dataset["time"].values, dtype=np.float64)

    def column(self, name: str) -> NDArray[np.float64] | None:
        """A column (NaN where missing), or None where the record has none of it."""
        if name not in self.dataset:
            return None
        return np.asarray(self.dataset[name].values, dtype=np.float64)

    def __repr__(self) -> str:
        columns = ", ".join(map(str, self.dataset.data_vars))
        return f"<opir.Electrochemistry: {self.time.size} rows, {columns}>"
