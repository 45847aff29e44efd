"""Processing of spectra and runs: plain functions, recorded in the history, undone in reverse.

``run = difference(cut(run, 950, 1500))``, or the same from a list with :func:`process`.
"""

from opir.run.processing.base import PROCESSING as PROCESSING
from opir.run.processing.base import Processing as Processing
from opir.run.processing.base import register as register
from opir.run.processing.base import undo as undo
from opir.run.processing.baseline import baseline as baseline
from opir.run.processing.baseline import baseline_methods as baseline_methods
from opir.run.processing.cut import cut as cut
from opir.run.processing.derivative import derivative as derivative
from opir.run.processing.despike import despike as despike
from opir.run.processing.difference import difference as difference
from opir.run.processing.mask import BANDS as BANDS
from opir.run.processing.mask import mask as mask
from opir.run.processing.normalise import normalise as normalise
from opir.run.processing.pipeline import Pipeline as Pipeline
from opir.run.processing.pipeline import process as process
from opir.run.processing.reference_offset import reference_offset as reference_offset
from opir.run.processing.resample import resample as resample
from opir.run.processing.smooth import smooth as smooth
from opir.run.processing.to_absorbance import to_absorbance as to_absorbance
