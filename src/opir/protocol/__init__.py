"""Cell protocols (placeholder while the part is written)."""

from __future__ import annotations


class Protocol:
    """A cell protocol."""

    def to_text(self) -> str:
        """As text."""
        return ""

    @classmethod
    def from_text(cls, text: str) -> Protocol:
        """From text."""
        return cls()
