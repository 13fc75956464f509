"""What every builder of a document gives, the page and what it rests on, and which builder makes which kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from oval_aup import documents, evidence
from oval_aup.core.school import School


@dataclass(frozen=True, slots=True)
class BuiltDocument:
    """A document ready to print."""

    html: str
    entries: tuple[evidence.BareEntry, ...] | None = None
    """The ledger entries that it shows and carries as ``record.json``; None for one that carries none."""
    data: bytes = b""
    """The same for a computer, where the document carries such a file."""


class Builder(Protocol):
    """Makes one kind of document from what the rooms know in this unit of work."""

    def __call__(
        self, db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
    ) -> BuiltDocument:
        """Raises NotFound where what it is about is no longer there."""


BUILDERS: dict[str, Builder] = {}
"""By a key of ``documents.KINDS``."""


def builds(kind: str) -> Callable[[Builder], Builder]:
    """Say of a function that it builds this kind of document."""

    def register(builder: Builder) -> Builder:
        BUILDERS[kind] = builder
        return builder

    return register
