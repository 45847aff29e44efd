"""The OpIRSpec store: many runs in one zarr v3 hierarchy (specification: docs/format.md)."""

from opir.run.store.splits import Split as Split
from opir.run.store.store import Store as Store
from opir.run.store.transfer import check_mergeable as check_mergeable
from opir.run.store.transfer import export_run as export_run
from opir.run.store.transfer import merge as merge
from opir.run.store.transfer import split_store as split_store
from opir.run.store.validate import Fault as Fault
from opir.run.store.validate import validate as validate
from opir.run.store.writer import Item as Item
from opir.run.store.writer import Writer as Writer
