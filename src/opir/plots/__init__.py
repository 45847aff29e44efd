"""Pictures of runs and spectra. Matplotlib is loaded when the first one is drawn."""

from opir.plots.base import PLOTS as PLOTS
from opir.plots.difference import difference as difference
from opir.plots.electrochemistry import electrochemistry as electrochemistry
from opir.plots.heatmap import heatmap as heatmap
from opir.plots.spectrum import spectrum as spectrum
from opir.plots.style import save as save
from opir.plots.waterfall import waterfall as waterfall
