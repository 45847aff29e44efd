"""How much of the sample the light meets: the effective path, per wavenumber."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ValueRangeError
from opir.spectra.molar import check_axis

__all__ = ["Geometry", "critical_angle", "effective_thickness", "penetration_depth"]

Array = NDArray[np.float64]

_STEP = 1e-4
_CM = 1e-2


class Geometry:
    """A geometry: absorbance = path(wavenumber) times absorption coefficient."""

    def path(self, wavenumber: ArrayLike) -> Array:
        """Effective path [wavenumber], m.

        Args:
            wavenumber: Axis, cm-1, positive.
        """
        raise NotImplementedError

    def sensitivity(self, wavenumber: ArrayLike) -> Array:
        """D ln(path) / d(sample index) [wavenumber]; what anomalous dispersion acts through."""
        raise NotImplementedError


def positive_axis(wavenumber: ArrayLike) -> Array:
    """A checked axis of positive wavenumbers.

    Raises:
        ValueRangeError: If one is zero or negative.
    """
    axis = check_axis(wavenumber)
    if axis.min() <= 0:
        raise ValueRangeError(
            f"wavenumber {axis.min():g} cm-1 has no wavelength",
            remedy="Use an axis of positive wavenumbers",
        )
    return axis


def critical_angle(element_index: float, sample_index: float) -> float:
    """Smallest angle of total reflection, arcsin(n2 / n1) [rad].

    Raises:
        ValueRangeError: If the element is not the denser medium.
    """
    if not sample_index < element_index:
        raise ValueRangeError(
            f"an element of index {element_index:g} does not reflect totally against a sample of "
            f"index {sample_index:g}",
            remedy="Use an element of higher index (ZnSe 2.4, TAS 2.85, Si 3.4, Ge 4.0)",
        )
    return float(np.arcsin(sample_index / element_index))


def check_angle(angle: ArrayLike, element_index: float, sample_index: float) -> None:
    """Refuse angles without total reflection.

    Raises:
        ValueRangeError: If an angle is not between the critical one and 90 degrees.
    """
    least = critical_angle(element_index, sample_index)
    lowest, highest = float(np.min(angle)), float(np.max(angle))
    if not lowest > least:
        raise ValueRangeError(
            f"an angle of {np.degrees(lowest):.1f} deg is not above the critical angle of "
            f"{np.degrees(least):.1f} deg: no total reflection",
            remedy="Use a larger angle, or an element of higher index",
        )
    if not highest < np.pi / 2:
        raise ValueRangeError(
            f"an angle of {np.degrees(highest):.1f} deg meets no wall",
            remedy="Angles are to the surface normal, in radian, below 90 degrees",
        )


def penetration_depth(
    wavenumber: ArrayLike, element_index: float, sample_index: float, angle: float
) -> Array:
    """Depth where the field has fallen to 1/e, d_p = lambda / (2 pi sqrt(n1^2 sin^2 - n2^2)) [m].

    Harrick, Internal Reflection Spectroscopy (1967). Wavenumber in cm-1, angle to the normal in
    rad.

    Raises:
        ValueRangeError: If there is no total reflection.
    """
    check_angle(angle, element_index, sample_index)
    wavelength = _CM / positive_axis(wavenumber)
    root = np.sqrt((element_index * np.sin(angle)) ** 2 - sample_index**2)
    return np.asarray(wavelength / (2 * np.pi * root), dtype=np.float64)


def effective_thickness(element_index: float, sample_index: ArrayLike, angle: ArrayLike) -> Array:
    """Effective thickness of one reflection in wavelengths (in air), unpolarised light.

    Weak absorber, sample thick against the depth (Harrick 1967); with s = sin(angle),
    n = n2 / n1, r = sqrt(s^2 - n^2):

        perpendicular  d / lambda = n cos / (n1 pi (1 - n^2) r)
        parallel       d / lambda = n cos (2 s^2 - n^2) / (n1 pi (1 - n^2) ((1 + n^2) s^2 - n^2) r)

    and their mean. Arguments broadcast; they are taken to be above the critical angle.
    """
    n = np.asarray(sample_index, dtype=np.float64) / element_index
    theta = np.asarray(angle, dtype=np.float64)
    square = np.sin(theta) ** 2
    across = n * np.cos(theta) / (np.pi * element_index * (1 - n**2) * np.sqrt(square - n**2))
    ratio = (2 * square - n**2) / ((1 + n**2) * square - n**2)
    return np.asarray(across * (1 + ratio) / 2, dtype=np.float64)


def log_slope(element_index: float, sample_index: float, angle: Array, weight: Array) -> float:
    """D ln(sum of weighted effective thicknesses) / d(sample index), by central difference."""
    room = element_index * float(np.sin(angle.min())) - sample_index
    step = min(_STEP, room / 4)
    above = weight @ effective_thickness(element_index, sample_index + step, angle)
    below = weight @ effective_thickness(element_index, sample_index - step, angle)
    return float(np.log(above / below) / (2 * step))
