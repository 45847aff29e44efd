"""Line shapes of unit area, each with its derivatives; :data:`LINE_SHAPES` holds them by name."""

from opir.spectra.shapes.base import LINE_SHAPES, LineShape
from opir.spectra.shapes.gauss import FWHM_PER_SIGMA, Gauss
from opir.spectra.shapes.lorentz import Lorentz
from opir.spectra.shapes.pearson import PearsonVII
from opir.spectra.shapes.pseudo_voigt import PseudoVoigt
from opir.spectra.shapes.voigt import Voigt

__all__ = [
    "FWHM_PER_SIGMA",
    "Gauss",
    "LINE_SHAPES",
    "LineShape",
    "Lorentz",
    "PearsonVII",
    "PseudoVoigt",
    "Voigt",
]
