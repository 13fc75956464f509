"""Takes the bytes of documents out for good; the row stays and says so, and so does its entry in the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import table_of
from oval_aup.documents.models import Document, DocumentContent

GONE = "erased"
"""The state of a document whose bytes were taken out."""

_document = table_of(Document)
_content = table_of(DocumentContent)


def documents_showing(db: Session, subjects: Iterable[str], seqs: Collection[int] | None = None) -> tuple[str, ...]:
    """Public ids of documents about these subjects; with ``seqs`` only those made of any of these ledger entries.

    Of the latter a document that does not say which entries it is made of (a record, a statement) is one as well.
    """
    columns = (_document.c.public_id, _document.c.params)
    about = sa.and_(_document.c.subject.in_(tuple(subjects)), _document.c.status != GONE)
    rows = db.execute(sa.select(*columns).where(about).order_by(_document.c.id))
    return tuple(
        row.public_id
        for row in rows
        if seqs is None or "entries" not in row.params or not set(seqs).isdisjoint(row.params["entries"])
    )


def documents_of_kinds(db: Session, kinds: Iterable[str], *, asked_before: dt.datetime) -> tuple[str, ...]:
    """Public ids of documents of these kinds that were asked for before this moment and are still there."""
    old = sa.and_(
        _document.c.kind.in_(tuple(kinds)), _document.c.requested_at < asked_before, _document.c.status != GONE
    )
    return tuple(db.scalars(sa.select(_document.c.public_id).where(old).order_by(_document.c.id)))


def erase_documents(db: Session, public_ids: Sequence[str], *, why: str) -> None:
    """Delete the bytes of these documents and say ``why`` in their rows; one being made is dropped when it is done."""
    for start in range(0, len(public_ids), 500):
        part = list(public_ids[start : start + 500])
        chosen = _document.c.public_id.in_(part)
        ids = sa.select(_document.c.id).where(chosen)
        db.execute(sa.delete(_content).where(_content.c.document_id.in_(ids)))
        gone: dict[str, Any] = {"status": GONE, "error": why, "claimed_at": None}
        db.execute(sa.update(_document).where(chosen).values(**gone))
