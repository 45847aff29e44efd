"""From amounts of populations to absorbance: bands, line shapes, their sum, and the optics."""

from opir.simulate.spectra.bands import BandTable as BandTable
from opir.simulate.spectra.bands import area_from_relative as area_from_relative
from opir.simulate.spectra.dispersion import distortion as distortion
from opir.simulate.spectra.dispersion import molar_dispersion as molar_dispersion
from opir.simulate.spectra.molar import MolarSpectra as MolarSpectra
from opir.simulate.spectra.molar import molar_spectra as molar_spectra
from opir.simulate.spectra.synthesis import absorbance as absorbance
from opir.simulate.spectra.synthesis import absorption_streams as absorption_streams
