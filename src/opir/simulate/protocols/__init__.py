"""Named protocols for any system, short texts and measured files as protocols."""

from opir.simulate.protocols.limits import CellLimits as CellLimits
from opir.simulate.protocols.limits import check_window as check_window
from opir.simulate.protocols.named import named_protocol as named_protocol
from opir.simulate.protocols.named import protocol_names as protocol_names
from opir.simulate.protocols.named import protocol_title as protocol_title
from opir.simulate.protocols.resolve import protocol_text as protocol_text
from opir.simulate.protocols.resolve import resolve_protocol as resolve_protocol
