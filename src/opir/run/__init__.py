"""Runs and spectra: the objects, the readers, the processing, the store."""

from opir.run.electrochemistry import Electrochemistry as Electrochemistry
from opir.run.run import Run as Run
from opir.run.spectrum import Spectrum as Spectrum
from opir.run.table import Table as Table
