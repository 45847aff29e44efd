"""The OpIRSpec store: many runs in one zarr v3 hierarchy (specification: docs/format.md)."""

from opir.run.store.splits import Split as Split
from opir.run.store.store import Store as Store
from opir.run.store.writer import Item as Item
from opir.run.store.writer import Writer as Writer
