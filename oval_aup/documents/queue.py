"""Keeps the queue of wanted PDFs: each is claimed by one worker at a time, retried, and entered in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database, insert_once, new_public_id, read_view, rows_changed, table_of
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.documents.kinds import KINDS
from oval_aup.documents.models import Document, DocumentContent, DocumentPin
from oval_aup.jobs import DOCUMENTS, LeasedQueue, ring
from oval_aup.verifier import rules

NOW, FOR_A_SMALL_PACK, FOR_A_PACK, IN_ADVANCE = range(4)
"""Priorities: a person waits for it; a pack of a class or so waits for it; a pack of more people does; nobody does."""

BACK_OFF = tuple(dt.timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 3600, 3600, 3600))
"""How long to wait after the first, second … failed attempt; after one more the document has failed."""

MAX_ATTEMPTS = len(BACK_OFF) + 1
NO_KEY_FOR = dt.timedelta(minutes=5)
"""How long a document waits that found no key to seal with."""

_document = table_of(Document)
_content = table_of(DocumentContent)
_pin = table_of(DocumentPin)
_queue = LeasedQueue(
    _document,
    held={"pending": "rendering", "rendering": "rendering"},
    resting={"rendering": "pending"},
    stale_after=dt.timedelta(minutes=5),
    max_attempts=MAX_ATTEMPTS,
    passes=(
        # somebody waits for the newest, while a backlog is waited for by nobody in particular
        (_document.c.priority == NOW, _document.c.id.desc()),
        (_document.c.priority == FOR_A_SMALL_PACK, _document.c.next_attempt_at),
        (_document.c.priority == FOR_A_PACK, _document.c.next_attempt_at),
    ),
    crashed=lambda: _("The worker stopped each time while making this document."),
    back_off=BACK_OFF,
    bell=DOCUMENTS,
)
_in_advance = replace(_queue, passes=((_document.c.priority == IN_ADVANCE, _document.c.id.desc()),))
document_view = read_view(
    Document,
    *("id", "public_id", "kind", "subject", "dedupe_key", "status", "priority", "through", "sha256", "error"),
)
"""What other rooms may join to their own rows."""

_BY_KEY = sa.select(_document).where(_document.c.dedupe_key == sa.bindparam("dedupe_key"))
_ADD = insert_once(_document, "dedupe_key")
_ADD_PIN = insert_once(_pin, "document_id, holder")
_BY_PUBLIC_ID = sa.select(_document).where(_document.c.public_id == sa.bindparam("public_id"))


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One wanted or finished PDF.

    ``status`` is ``pending``, ``rendering``, ``ready``, ``failed``, ``superseded`` or ``erased``.
    """

    public_id: str
    kind: str
    subject: str
    params: dict[str, Any]
    status: str
    attempts: int
    lease_no: int
    error: str
    requested_at: dt.datetime
    requested_by_id: int | None
    ready_at: dt.datetime | None
    sha256: str
    size: int
    through: int = 0

    @property
    def is_ready(self) -> bool:
        """True when there are bytes to give out."""
        return self.status == "ready"


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """How the queue stands; ``oldest_at`` is when the longest-waiting document was asked for."""

    pending: int
    rendering: int
    failed: int
    ready: int
    oldest_at: dt.datetime | None

    @property
    def waiting(self) -> int:
        """How many are still to be made."""
        return self.pending + self.rendering


def request_document(
    db: Session,
    *,
    kind: str,
    subject: str,
    params: dict[str, Any],
    dedupe_key: str,
    priority: int = NOW,
    requested_by_id: int | None = None,
) -> DocumentRow:
    """Ask for a PDF; a known ``dedupe_key`` returns the document asked for first, moved forward if it is urgent now.

    ``params`` by kind: receipt ``{person_id, school_year, entries: [seq, …], language}`` with the ledger entries of the
    session it confirms; record and both of subject_access ``{person_id}``; as_at ``{person_id, at}`` with an instant as
    the ledger writes it; class_report ``{class_id, school_year}``; school_report
    and figures_report ``{school_year}``; destruction_certificate ``{erasures: [public id, …]}``. Raises Conflict when
    the key belongs to a document of another kind or subject.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of document")
    now = clock.now()
    row = {
        "public_id": new_public_id(),
        "kind": kind,
        "subject": subject,
        "params": params,
        "dedupe_key": dedupe_key,
        "status": "pending",
        "priority": priority,
        "through": 0,
        "handed_out_at": None,
        "attempts": 0,
        "lease_no": 0,
        "error": "",
        "next_attempt_at": now,
        "requested_at": now,
        "requested_by_id": requested_by_id,
        "sha256": "",
        "size": 0,
        "claimed_at": None,
        "ready_at": None,
    }
    ring(db, DOCUMENTS)
    if rows_changed(db.execute(_ADD, row)) == 1:
        return _row(SimpleNamespace(**row))
    known = _by_key(db, dedupe_key)
    if known is None or known.kind != kind or known.subject != subject:
        raise Conflict(_("Another document was already asked for under this name."))
    sooner = sa.and_(_document.c.dedupe_key == dedupe_key, _document.c.priority > priority)
    db.execute(sa.update(_document).where(sooner).values(priority=priority))
    return known


def document(db: Session, public_id: str) -> DocumentRow:
    """One document by its public id."""
    row = db.execute(_BY_PUBLIC_ID, {"public_id": public_id}).first()
    if row is None:
        raise NotFound(_("There is no such document."))
    return _row(row)


def documents_about(db: Session, subject: str) -> tuple[DocumentRow, ...]:
    """Every document about a person, a class or ``school`` that was not replaced by a newer one, newest first."""
    kept = sa.and_(_document.c.subject == subject, _document.c.status != "superseded")
    chosen = sa.select(_document).where(kept).order_by(_document.c.id.desc())
    return tuple(_row(row) for row in db.execute(chosen))


def newest_documents(db: Session, limit: int = 50, *, kind: str = "") -> tuple[DocumentRow, ...]:
    """The documents asked for last, of one kind or of all but receipts: what was ordered by hand, newest first."""
    by_hand = sa.and_(_document.c.kind != "receipt", _document.c.priority == NOW)
    wanted = _document.c.kind == kind if kind else by_hand
    ordered = sa.select(_document).where(wanted).order_by(_document.c.id.desc())
    return tuple(_row(row) for row in db.execute(ordered.limit(limit)))


def failed_documents(db: Session) -> tuple[DocumentRow, ...]:
    """The documents that were given up, newest first, with the reason in ``error``."""
    chosen = sa.select(_document).where(_document.c.status == "failed").order_by(_document.c.id.desc())
    return tuple(_row(row) for row in db.execute(chosen))


def pending_documents(db: Session) -> DocumentCounts:
    """How many documents are waiting, being made, given up and ready."""
    counts: dict[str, int] = {
        row.status: row.number
        for row in db.execute(
            sa.select(_document.c.status, sa.func.count().label("number")).group_by(_document.c.status)
        )
    }
    oldest = db.scalar(
        sa.select(sa.func.min(_document.c.requested_at)).where(_document.c.status.in_(("pending", "rendering")))
    )
    return DocumentCounts(
        counts.get("pending", 0), counts.get("rendering", 0), counts.get("failed", 0), counts.get("ready", 0), oldest
    )


def document_bytes(db: Session, public_id: str) -> bytes:
    """The finished PDF, checked against the hash in its row.

    Raises NotFound when there is no such document or it is not ready, Conflict when the stored bytes have changed.
    """
    row = db.execute(
        sa.select(_document.c.sha256, _content.c.content)
        .join(_content, _content.c.document_id == _document.c.id)
        .where(_document.c.public_id == public_id, _document.c.status == "ready")
    ).first()
    if row is None:
        gone = document(db, public_id).status == "erased"
        raise NotFound(_("This document was destroyed.") if gone else _("This document is not ready yet."))
    if hashlib.sha256(row.content).hexdigest() != row.sha256:
        raise Conflict(_("This document’s file has changed since it was made and is not given out."))
    return bytes(row.content)


def claim_document(database: Database, *, in_advance: bool = False) -> DocumentRow | None:
    """Take the next document that is due, or None; ``in_advance`` takes only those that nobody waits for."""
    queue = _in_advance if in_advance else _queue
    if not queue.anything_due(database):
        return None
    with database.writing() as db:
        claimed = queue.claim(db)
        return None if claimed is None else document(db, claimed)


def make_in_advance(db: Session, *, besides: Collection[str]) -> None:
    """Let what is in the queue be made while nobody uses the system, but for some public ids that are waited for."""
    waiting = sa.and_(_document.c.status == "pending", _document.c.public_id.not_in(besides))
    db.execute(sa.update(_document).where(waiting).values(priority=IN_ADVANCE))


def wait_for(db: Session, public_id: str) -> None:
    """Let a document be made now that somebody waits for it."""
    in_advance = sa.and_(_document.c.public_id == public_id, _document.c.priority == IN_ADVANCE)
    sooner = sa.update(_document).where(in_advance, _document.c.status == "pending")
    if rows_changed(db.execute(sooner.values(priority=NOW, next_attempt_at=clock.now()))):
        ring(db, DOCUMENTS)


def store_document(
    db: Session, claim: DocumentRow, content: bytes, *, record: bytes = b"", through: int = 0
) -> DocumentRow:
    """Keep the finished PDF and enter its hash and size in the ledger, unless the claim was lost meanwhile.

    ``record`` is the record file inside it: its hash is entered too, so that one given out alone can leave nothing out.
    So is the hash of what the seal covers: a copy whose seal somebody has given another form is known by it for ever.
    ``through`` is the ledger's size when it was made. A newer record takes the place of those that were made of the
    same person by themselves and went nowhere: their bytes go, their rows and ledger entries stay.
    """
    if not content:
        raise ValueError("an empty file is not a document")
    digest = hashlib.sha256(content).hexdigest()
    facts = {"sha256": digest, "size": len(content), "through": through, "ready_at": clock.now(), "error": ""}
    if not _queue.finish(db, claim, "ready", **facts):
        return document(db, claim.public_id)
    row_id = db.scalar(sa.select(_document.c.id).where(_document.c.public_id == claim.public_id))
    db.execute(sa.insert(_content), {"document_id": row_id, "content": content})
    act = {"document": claim.public_id, "kind": claim.kind, "sha256": digest, "size": len(content)}
    if record:
        act["record_sha256"] = hashlib.sha256(record).hexdigest()
    covered = _covered(content)
    if covered:
        act["covered_sha256"] = covered
    evidence.append(
        db,
        "exported",
        subject=claim.subject,
        act=act,
        idempotency_key=f"exported:{claim.public_id}",
        actor=SYSTEM,
    )
    if claim.kind == "record":  # after the entry, which makes whoever pins records for a pack wait
        _supersede(db, claim.subject, row_id, through)
    return document(db, claim.public_id)


def _covered(content: bytes) -> str:
    """The hash of what the one seal covers; empty for what carries none."""
    try:
        return hashlib.sha256(rules.sealed_bytes(content)[0]).hexdigest()
    except rules.Broken:
        return ""


def note_handed_out(db: Session, public_id: str) -> None:
    """Remember that somebody has this document now, so that it is kept whatever follows it."""
    unnoted = sa.and_(_document.c.public_id == public_id, _document.c.handed_out_at.is_(None))
    db.execute(sa.update(_document).where(unnoted).values(handed_out_at=clock.now()))


def _supersede(db: Session, subject: str, row_id: int | None, through: int) -> None:
    older = sa.select(_document.c.id).where(
        _document.c.subject == subject,
        _document.c.kind == "record",
        _document.c.status == "ready",
        _document.c.id != row_id,
        _document.c.through <= through,
        _document.c.requested_by_id.is_(None),
        _document.c.handed_out_at.is_(None),
        ~_PINNED,
    )
    ids = db.scalars(older).all()
    if ids:
        db.execute(sa.delete(_content).where(_content.c.document_id.in_(ids)))
        db.execute(sa.update(_document).where(_document.c.id.in_(ids)).values(status="superseded"))


_PINNED = sa.select(_pin.c.document_id).where(_pin.c.document_id == _document.c.id).exists()


def pin_document(db: Session, document_id: int, *, holder: str) -> None:
    """Keep the bytes of a finished document, by its row id, for as long as ``holder`` (a public id) needs them."""
    db.execute(_ADD_PIN, {"document_id": document_id, "holder": holder})


def release_documents(db: Session, *, holder: str) -> int:
    """Let the bytes go of records that were made for packs alone and that nobody needs now; returns how many.

    What was handed out, or asked for by a person, stays. Of the others the row and the ``exported`` entry stay: they
    are still recognised by their hash, and made again when somebody wants them.
    """
    db.execute(sa.delete(_pin).where(_pin.c.holder == holder))
    ids = sa.select(_document.c.id).where(
        _document.c.kind == "record",
        _document.c.status == "ready",
        _document.c.priority > NOW,
        _document.c.requested_by_id.is_(None),
        _document.c.handed_out_at.is_(None),
        ~_PINNED,
    )
    found = db.scalars(ids).all()
    for start in range(0, len(found), 500):
        part = found[start : start + 500]
        db.execute(sa.delete(_content).where(_content.c.document_id.in_(part)))
        db.execute(sa.update(_document).where(_document.c.id.in_(part)).values(status="superseded"))
    return len(found)


def drop_waiting(db: Session, keys: sa.Select[tuple[str]], *, besides: sa.Select[tuple[str]]) -> None:
    """Take documents out of the queue that only a pack waited for: those of ``keys`` that are not ``besides``."""
    waiting = sa.and_(_document.c.status == "pending", _document.c.priority > NOW)
    chosen = sa.and_(waiting, _document.c.dedupe_key.in_(keys), _document.c.dedupe_key.not_in(besides))
    db.execute(sa.delete(_document).where(chosen))


def fail_document(db: Session, claim: DocumentRow, error: str) -> DocumentRow:
    """Note why an attempt failed; the document is tried again later, and given up after the last attempt."""
    _queue.fail(db, claim, error)
    return document(db, claim.public_id)


def defer_document(db: Session, claim: DocumentRow, error: str) -> DocumentRow:
    """Put a document back that cannot be made because there is no key, with the reason; it never counts as an attempt.

    A key can be away for a night or for the holidays, and every document waits for it alike: none is given up for that.
    """
    _queue.defer(db, claim, error, until=clock.now() + NO_KEY_FOR)
    return document(db, claim.public_id)


def retry_document(db: Session, public_id: str) -> DocumentRow:
    """Put a given-up document back in the queue with a fresh set of attempts."""
    _queue.retry(db, "pending", _document.c.public_id == public_id)
    return document(db, public_id)


def retry_documents(db: Session) -> int:
    """Put every given-up document back in the queue with a fresh set of attempts; returns how many there were."""
    return _queue.retry(db, "pending")


def _by_key(db: Session, dedupe_key: str) -> DocumentRow | None:
    row = db.execute(_BY_KEY, {"dedupe_key": dedupe_key}).first()
    return None if row is None else _row(row)


def _row(row: Any) -> DocumentRow:
    return DocumentRow(
        public_id=row.public_id,
        kind=row.kind,
        subject=row.subject,
        params=dict(row.params),
        status=row.status,
        attempts=row.attempts,
        lease_no=row.lease_no,
        error=row.error,
        requested_at=row.requested_at,
        requested_by_id=row.requested_by_id,
        ready_at=row.ready_at,
        sha256=row.sha256,
        size=row.size,
        through=row.through,
    )
