"""Line shapes of unit area, each with its derivatives; :data:`LINE_SHAPES` holds them by name."""

from opir.simulate.spectra.shapes.base import LINE_SHAPES, LineShape
from opir.simulate.spectra.shapes.gauss import FWHM_PER_SIGMA, Gauss
from opir.simulate.spectra.shapes.lorentz import Lorentz
from opir.simulate.spectra.shapes.pearson import PearsonVII
from opir.simulate.spectra.shapes.pseudo_voigt import PseudoVoigt
from opir.simulate.spectra.shapes.voigt import Voigt

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
