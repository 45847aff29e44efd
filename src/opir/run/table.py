"""A plain table of numbers: what a lab determined beside the spectra (HPLC, titration, masses)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, UnknownNameError, ValueRangeError
from opir.run.described import Described, build_attributes

__all__ = ["Table"]


class Table(Described):
    """Named columns of numbers, an :class:`xarray.Dataset` underneath (dim ``row``).

    Column names and numbers are as in the file; units are those that the names state, if any,
    and are not converted. Missing values are NaN.

    Raises:
        AxisError: If a column has another dimension, or there is none.
        ValueRangeError: If a value is infinite.
    """

    KIND = "table"

    def __init__(self, dataset: xr.Dataset) -> None:
        if not dataset.data_vars:
            raise AxisError("the table has no columns")
        for name, column in dataset.variables.items():
            if column.dims != ("row",):
                raise AxisError(f"the column {name!r} has dimensions {column.dims}, not ('row',)")
            if np.isinf(np.asarray(column.values, dtype=np.float64)).any():
                raise ValueRangeError(f"the column {name!r} holds infinite values")
        self.dataset = dataset
        dataset.attrs["opir_type"] = self.KIND
        dataset.attrs["opir_version"] = "1"

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, ArrayLike],
        *,
        name: str = "",
        origin: str = "measured",
        metadata: Mapping[str, Any] | None = None,
        source: str = "",
        licence: str = "",
    ) -> Table:
        """A table from columns of equal length, ``[row]`` each, NaN where missing."""
        arrays = {key: np.asarray(values, dtype=np.float64) for key, values in columns.items()}
        lengths = sorted({array.size for array in arrays.values()})
        if len(lengths) > 1 or any(array.ndim != 1 for array in arrays.values()):
            raise AxisError(f"the columns have the lengths {lengths}; one length is needed")
        dataset = xr.Dataset({key: ("row", array) for key, array in arrays.items()})
        dataset.attrs = build_attributes(
            name=name, origin=origin, start=None, metadata=metadata, source=source, licence=licence
        )
        return cls(dataset)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(map(str, self.dataset.data_vars))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.dataset.sizes["row"])

    def column(self, name: str) -> NDArray[np.float64]:
        """A column, ``[row]``, NaN where missing.

        Raises:
            UnknownNameError: If there is none of that name; the nearest are listed.
        """
        if name not in self.dataset.data_vars:
            raise UnknownNameError("column", name, self.names)
        return np.asarray(self.dataset[name].values, dtype=np.float64)

    def __repr__(self) -> str:
        return f"<opir.Table: {self.rows} rows, {', '.join(self.names)}>"
