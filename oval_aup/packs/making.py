"""Brings a pack further: claims it, gathers its documents, settles what goes in, notes that it is whole or given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import documents, evidence
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database, table_of
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _, ngettext
from oval_aup.jobs import PACKS, LeasedQueue
from oval_aup.packs.models import Pack, PackFile, PackMember
from oval_aup.packs.orders import REPORT, PackRow, pack
from oval_aup.verifier import rules
from oval_aup.verifier.bundle import checker

LOOKS_AGAIN_AFTER = dt.timedelta(seconds=1)
"""How long a pack waits for documents before it counts them again, which keeps others from writing meanwhile."""
WANTED_AT_ONCE = 500
SMALL = 100
"""Documents of a pack that goes before larger ones: a class with its parents and the report."""

_pack = table_of(Pack)
_member = table_of(PackMember)
_file = table_of(PackFile)
_document = documents.document_view
_queue = LeasedQueue(
    _pack,
    held={"queued": "collecting", "collecting": "collecting", "writing": "writing"},
    resting={},
    stale_after=dt.timedelta(minutes=3),
    max_attempts=5,
    # small ones go first, and those that wait for documents take turns, so that none holds up another
    passes=((_pack.c.total <= SMALL, _pack.c.lease_no), (_pack.c.total > SMALL, _pack.c.lease_no)),
    crashed=lambda: _("The worker stopped each time while making this pack."),
    bell=PACKS,
)


def claim_pack(database: Database) -> PackRow | None:
    """Take the next pack that can go on, or None; the claim is kept alive with ``heartbeat``."""
    if not _queue.anything_due(database):
        return None
    with database.writing() as db:
        claimed = _queue.claim(db)
        return None if claimed is None else pack(db, claimed)


def heartbeat(db: Session, claim: PackRow, done: int) -> bool:
    """Say that the claim is alive and how far it has come; False when it was lost or the pack cancelled."""
    return _queue.renew(db, claim, done=done)


def defer_pack(db: Session, claim: PackRow, *, done: int, error: str = "", again: bool = False) -> None:
    """Put a pack back that has to wait, with the reason where there is one; ``again`` if it may go on at once."""
    rest = dt.timedelta() if again else LOOKS_AGAIN_AFTER
    _queue.defer(db, claim, error, until=clock.now(), rest=rest, done=done)


def collect(db: Session, claim: PackRow) -> tuple[int, bool]:
    """Settle the documents that are there and want those that are not; how many are settled, and were some wanted.

    Raises Conflict, in a sentence, when documents it needs could not be made.
    """
    evidence.lock_ledger(db)  # a record must not be replaced in the moment in which it is settled on
    _replace_lost(db, claim)
    for (number,), found in _fresh(db, claim):
        db.execute(sa.update(_member).where(_of(claim), _member.c.number == number).values(document_id=found))
        documents.pin_document(db, found, holder=claim.public_id)
    wanted = 0
    priority = documents.FOR_A_PACK if claim.total > SMALL else documents.FOR_A_SMALL_PACK
    for row in db.execute(_LACKING, {"pack_id": claim.id, "priority": priority}).all():
        wanted += 1
        documents.request_document(
            db,
            kind=row.kind,
            subject=row.subject,
            params=dict(row.params),
            dedupe_key=row.dedupe_key,
            priority=priority,
            requested_by_id=claim.requested_by_id if row.number == REPORT else None,
        )
    _refuse_failed(db, claim)
    return _settled(db, claim), wanted > 0


_LACKING = (
    sa.select(_member)
    .where(
        _member.c.pack_id == sa.bindparam("pack_id"),
        _member.c.document_id.is_(None),
        ~sa.select(_document.c.id)
        .where(_document.c.dedupe_key == _member.c.dedupe_key, _document.c.priority <= sa.bindparam("priority"))
        .exists(),
    )
    .order_by(_member.c.number)
    .limit(WANTED_AT_ONCE)
)
"""Members whose document is neither settled nor asked for as urgently as a pack asks."""


def _fresh(db: Session, claim: PackRow) -> Iterator[tuple[tuple[int], int]]:
    """The newest ready document as fresh as each open member needs it."""
    same = sa.and_(
        _document.c.subject == _member.c.subject,
        _document.c.kind == _member.c.kind,
        _document.c.status == "ready",
        _document.c.through >= _member.c.through,
        sa.or_(_member.c.number != REPORT, _document.c.dedupe_key == _member.c.dedupe_key),
    )
    chosen = (
        sa.select(_member.c.number, sa.func.max(_document.c.id))
        .join(_document, same)
        .where(_of(claim), _member.c.document_id.is_(None))
        .group_by(_member.c.number)
    )
    return (((number,), found) for number, found in db.execute(chosen).all())


def _replace_lost(db: Session, claim: PackRow) -> None:
    """Give members a document of their own whose bytes are gone, such as after an erasure."""
    gone = sa.select(_document.c.id).where(
        _document.c.dedupe_key == _member.c.dedupe_key, _document.c.status.in_(("superseded", "erased"))
    )
    own = sa.literal(f"pack:{claim.public_id}:").concat(sa.cast(_member.c.number, sa.String))
    lost = sa.and_(_of(claim), _member.c.document_id.is_(None), gone.exists())
    db.execute(sa.update(_member).where(lost).values(dedupe_key=own))


def _refuse_failed(db: Session, claim: PackRow) -> None:
    failed = (
        sa.select(sa.func.count(), sa.func.max(_document.c.error))
        .select_from(_member.join(_document, _document.c.dedupe_key == _member.c.dedupe_key))
        .where(_of(claim), _member.c.document_id.is_(None), _document.c.status == "failed")
    )
    number, reason = db.execute(failed).one()
    if number:
        raise Conflict(
            ngettext(
                "One document could not be made: %(why)s",
                "%(num)s documents could not be made: %(why)s",
                number,
                why=reason,
            )
        )


def enter_contents(db: Session, claim: PackRow, hashes: Mapping[str, str]) -> None:
    """Enter in the ledger what goes in, before the head is signed that the pack carries, so that nobody who has the
    pack can take a file out, exchange two, or edit a table. The checker's hash stands there by itself too: a pack of
    an older version has another checker, and that one is still known for what it is.
    """
    act = {"pack": claim.public_id, "kind": "pack_contents", "contents_sha256": rules.contents_hash(dict(hashes))}
    evidence.append(
        db,
        "exported",
        subject="school",
        act=act | {"checker_sha256": hashes[checker().name]},
        idempotency_key=f"contents:{claim.public_id}:{claim.lease_no}",
        actor=SYSTEM,
    )


def settle_pack(db: Session, claim: PackRow, *, head: Mapping[str, Any], files: Mapping[str, bytes]) -> PackRow:
    """Fix everything that goes in: from now on the same file is written, however often it has to be begun again."""
    db.execute(sa.delete(_file).where(_file.c.pack_id == claim.id))
    rows = [{"pack_id": claim.id, "name": name, "content": content} for name, content in sorted(files.items())]
    db.execute(sa.insert(_file), rows)
    values = {"status": "writing", "head": dict(head), "frozen_at": clock.now(), "done": 0, "error": ""}
    if not _queue.renew(db, claim, **values):
        raise Conflict(_("This pack is made by another worker now, or was cancelled."))
    return pack(db, claim.public_id)


def finish_pack(db: Session, claim: PackRow, *, sha256: str, size: int, files: int) -> PackRow:
    """Note that the file is whole, and enter its hash and size in the ledger; raises Conflict when it was lost."""
    if not _queue.finish(db, claim, "ready", sha256=sha256, size=size, ready_at=clock.now()):
        raise Conflict(_("This pack is made by another worker now, or was cancelled."))
    evidence.append(
        db,
        "exported",
        subject="school",
        act={"pack": claim.public_id, "kind": "pack", "sha256": sha256, "size": size, "files": files},
        idempotency_key=f"exported:{claim.public_id}",
        actor=SYSTEM,
    )
    db.execute(sa.delete(_file).where(_file.c.pack_id == claim.id))
    documents.release_documents(db, holder=claim.public_id)
    return pack(db, claim.public_id)


def fail_pack(db: Session, claim: PackRow, error: str) -> None:
    """Give a pack up, with the reason, until somebody has it resumed."""
    _queue.fail(db, claim, error)


def _of(row: PackRow) -> sa.ColumnElement[bool]:
    return _member.c.pack_id == row.id


def _settled(db: Session, row: PackRow) -> int:
    settled = sa.select(sa.func.count()).select_from(_member).where(_of(row), _member.c.document_id.is_not(None))
    return db.scalar(settled) or 0
