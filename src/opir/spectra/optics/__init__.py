"""Optical geometries: transmission, ATR, evanescent-wave fibre."""

from opir.spectra.optics.atr import ATR as ATR
from opir.spectra.optics.base import Geometry as Geometry
from opir.spectra.optics.base import critical_angle as critical_angle
from opir.spectra.optics.base import effective_thickness as effective_thickness
from opir.spectra.optics.base import penetration_depth as penetration_depth
from opir.spectra.optics.fibre import EvanescentFibre as EvanescentFibre
from opir.spectra.optics.from_system import geometry_from_optics as geometry_from_optics
from opir.spectra.optics.transmission import Transmission as Transmission
