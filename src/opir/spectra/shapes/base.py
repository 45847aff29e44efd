"""What a line shape is: one function of the distance to the band centre, with unit area."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import OptionError
from opir.registry import Registry

__all__ = ["LINE_SHAPES", "LineShape"]

Array = NDArray[np.float64]


class LineShape:
    """A symmetric line shape V of unit area.

    The width is always the full width at half maximum (FWHM) of the whole shape, and
    ``lorentzian`` is the Lorentz FWHM as a share of it: 0 is Gauss, 1 is Lorentz. Shapes
    without that freedom ignore it.

    Attributes:
        name: The name it is registered under.
    """

    name: ClassVar[str]

    def derivatives(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike, order: int
    ) -> Array:
        """V and its derivatives with respect to wavenumber.

        Args:
            offset: Wavenumber minus band centre [cm-1], any shape.
            width: FWHM [cm-1], broadcast against ``offset``.
            lorentzian: Share of Lorentz, 0 to 1, broadcast against ``offset``.
            order: Highest derivative.

        Returns:
            Array [order + 1, ...]; entry n in cm^(n+1), since V itself is per cm-1.
        """
        raise NotImplementedError

    def profile(self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike) -> Array:
        """V alone [cm]; arguments as in :meth:`derivatives`."""
        found: Array = self.derivatives(offset, width, lorentzian, 0)[0]
        return found

    def dispersion(self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike) -> Array:
        """The dispersive partner, (1/pi) P-integral of V(x') / (x' - x) dx' [cm].

        Positive on the low-wavenumber side of the band, as the refractive index is raised there.

        Raises:
            OptionError: If the shape has no closed form for it.
        """
        raise OptionError(
            f"the line shape {self.name!r} has no closed form of its dispersion",
            remedy="Use 'pseudo-voigt' or 'voigt', or leave anomalous dispersion out",
        )

    def lorentz_weight(self, lorentzian: ArrayLike) -> Array | None:
        """The share of Lorentz, where the shape is a sum of Gauss and Lorentz of its width."""
        return None


LINE_SHAPES: Registry[LineShape] = Registry("line shape")
"""Every line shape by name."""
