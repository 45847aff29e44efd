"""Pictures of runs and spectra. Matplotlib is loaded when the first one is drawn."""

from opir.plots.style import save as save
