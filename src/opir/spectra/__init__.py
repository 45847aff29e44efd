"""From amounts of populations to absorbance: bands, line shapes, their sum, and the optics."""

from opir.spectra.bands import BandTable as BandTable
from opir.spectra.bands import area_from_relative as area_from_relative
from opir.spectra.dispersion import distortion as distortion
from opir.spectra.dispersion import molar_dispersion as molar_dispersion
from opir.spectra.molar import MolarSpectra as MolarSpectra
from opir.spectra.molar import molar_spectra as molar_spectra
from opir.spectra.synthesis import absorbance as absorbance
from opir.spectra.synthesis import absorption_streams as absorption_streams
