"""ABCC: a flow over two streams, of learned non-negative components or of the chemistry library.

Here the learned mode; the library mode is in :mod:`opir.models.abcc.library_mode`.

The name and the idea (Chemical Flow, two aligned streams, chemical constraints) are those of
arXiv:2602.18551, of which only the abstract could be read; the formulas here are our own.
"""

from opir.models.abcc.config import AbccConfig as AbccConfig
from opir.models.abcc.flow import ChemicalFlow as ChemicalFlow
from opir.models.abcc.model import Abcc as Abcc
