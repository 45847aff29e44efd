"""Operando sets of others, arrays and a table of conditions, by one mapping file.

The mapping is documented in docs/import.md.
"""

from opir.run.importing.build import import_items as import_items
from opir.run.importing.mapping import ImportMapping as ImportMapping
from opir.run.importing.mapping import read_mapping as read_mapping
