"""What every builder of a document gives: the page, and what it rests on, gathered once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltDocument:
    """A document ready to print."""

    html: str
    seqs: tuple[int, ...] | None = None
    """Numbers of the ledger entries that it shows and carries as ``record.json``; None for one that carries none."""
    data: bytes = b""
    """The same for a computer, where the document carries such a file."""
