"""Baselines, by pybaselines."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import xarray as xr

from opir.errors import OptionError, UnknownNameError, require
from opir.run.history import Step
from opir.run.processing.base import Data, register, with_values

__all__ = ["baseline", "baseline_methods"]

_OTHERS = frozenset(
    {"adaptive_minmax", "collab_pls", "custom_bc", "interp_pts", "optimize_extended_range"}
)
"""Methods of pybaselines that take more than one spectrum or other methods."""


def baseline_methods() -> tuple[str, ...]:
    """Names of the methods, sorted: ``airpls``, ``arpls``, ``asls``, ``modpoly``, ..."""
    fitter = require("pybaselines", extra="all").Baseline
    return tuple(
        name
        for name, method in sorted(inspect.getmembers(fitter, inspect.isfunction))
        if not name.startswith("_")
        and name not in _OTHERS
        and next(iter(list(inspect.signature(method).parameters)[1:]), "") == "data"
    )


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    before = dataset[signal].values.astype(np.float64) + kept["baseline"].values
    return with_values(dataset, signal, before)


@register("baseline", undo=_undo)
def baseline(data: Data, method: str = "asls", **parameters: Any) -> Data:
    """Subtract a baseline from each spectrum.

    The baseline stays beside the data, as the variable ``undo_<step>_baseline``.

    Args:
        data: Spectrum or run.
        method: A method of pybaselines that fits one spectrum, see :func:`baseline_methods`:
            ``asls`` (Eilers and Boelens 2005), ``arpls`` (doi 10.1039/C4AN01061B), ``poly``,
            ``modpoly``, ``snip``, ``rubberband``, ... Whittaker methods such as the first two
            take the points as evenly spaced.
        **parameters: Of that method (``lam=1e6``, ``poly_order=2``), JSON values.

    Raises:
        UnknownNameError: If the method is unknown; the nearest are listed.
        OptionError: If it has no such parameter, or refuses its value.

    Warns:
        UserWarning: If the fit of some spectra did not come to rest.
    """
    module = require("pybaselines", extra="all")
    known = baseline_methods()
    if method not in known:
        raise UnknownNameError("baseline method", method, known)
    axis = data.wavenumber
    order = np.argsort(axis)
    fitter = module.Baseline(x_data=axis[order], check_finite=True)
    fit = getattr(fitter, method)
    allowed = [p for p in inspect.signature(fit).parameters if p not in ("data", "kwargs")]
    for key in parameters:
        if key not in allowed:
            raise OptionError(
                f"the baseline method {method!r} has no parameter {key!r}",
                remedy=f"It has {', '.join(allowed)}",
            )
    values = data.values.astype(np.float64)
    rows = np.atleast_2d(values)
    found = np.empty_like(rows)
    unsettled = 0
    for number, row in enumerate(rows):
        try:
            curve, details = fit(row[order], **parameters)
        except (ValueError, TypeError, np.linalg.LinAlgError) as error:
            raise OptionError(
                f"the baseline method {method!r} failed: {error}",
                place=f"spectrum {number}",
                remedy="Check its parameters",
            ) from error
        if not np.isfinite(curve).all():
            raise OptionError(
                f"the baseline method {method!r} gave values that are not finite",
                place=f"spectrum {number}",
                remedy="Try other parameters or another method",
            )
        found[number, order] = curve
        history = np.ravel(details.get("tol_history", []))
        limit = parameters.get("tol", _default(fit, "tol"))
        unsettled += bool(history.size and limit is not None and history[-1] > limit)
    if unsettled:
        warnings.warn(
            f"{unsettled} of {len(rows)} baselines ({method}) did not come to rest; "
            "raise max_iter or tol",
            stacklevel=2,
        )
    curve = found.reshape(values.shape)
    step = Step("baseline", {"method": method, **parameters}, undoable=True)
    kept = xr.DataArray(curve, dims=data.DIMS, attrs={"long_name": f"Baseline ({method})"})
    return data.with_step(
        step, with_values(data.dataset, data.signal, values - curve), {"baseline": kept}
    )


def _default(function: Any, name: str) -> Any:
    parameter = inspect.signature(function).parameters.get(name)
    return None if parameter is None else parameter.default
