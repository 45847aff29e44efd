"""Optical geometries: transmission, ATR, evanescent-wave fibre."""

from opir.simulate.spectra.optics.atr import ATR as ATR
from opir.simulate.spectra.optics.base import Geometry as Geometry
from opir.simulate.spectra.optics.base import critical_angle as critical_angle
from opir.simulate.spectra.optics.base import effective_thickness as effective_thickness
from opir.simulate.spectra.optics.base import penetration_depth as penetration_depth
from opir.simulate.spectra.optics.fibre import EvanescentFibre as EvanescentFibre
from opir.simulate.spectra.optics.from_system import geometry_from_optics as geometry_from_optics
from opir.simulate.spectra.optics.transmission import Transmission as Transmission
