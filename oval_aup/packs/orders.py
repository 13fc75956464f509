"""Knows every evidence pack: what goes into it, how far it has come, and the outcome of it.

A pack's people are settled when it is ordered. Once every record is there, everything else that goes in is settled in
one step: the records, the small files and the signed head. From then on writing it again gives the same bytes, however
often the worker dies on the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import documents, evidence
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import columns_of, new_public_id, row_as, rows_as, rows_changed, table_of
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.jobs import PACKS, ring
from oval_aup.packs.models import Pack, PackFile, PackMember

REPORT = 0
"""The number of the report among the members."""

PACKS_FOLDER = "packs"
"""Where finished packs lie below the instance folder."""

OPEN = ("queued", "collecting", "writing")
RESUMABLE = ("cancelled", "failed")
GONE = ("deleted", "erased")
_pack = table_of(Pack)
_member = table_of(PackMember)
_file = table_of(PackFile)
_document = documents.document_view


@dataclass(frozen=True, slots=True)
class PackRow:
    """One ordered pack; ``done`` of ``total`` counts documents while collecting and files while writing."""

    id: int
    public_id: str
    scope: dict[str, Any]
    status: str
    done: int
    total: int
    attempts: int
    lease_no: int
    error: str
    ordered_at: dt.datetime
    requested_by_id: int | None
    ordered_size: int
    head: dict[str, Any]
    frozen_at: dt.datetime | None
    ready_at: dt.datetime | None
    sha256: str
    size: int
    deleted_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still being made."""
        return self.status in OPEN

    @property
    def percent(self) -> int:
        """How far the present step has come, rounded down."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def file_name(self) -> str:
        """What the file is called where somebody saves it; names nobody."""
        return f"evidence-pack-{self.ordered_at:%Y-%m-%d}-{self.public_id[:8]}.zip"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that a pack needs; ``through`` is the ledger entry it must at least reach."""

    kind: str
    subject: str
    params: dict[str, Any]
    dedupe_key: str
    through: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One document of a pack; ``document_id`` is its public id, and ``sha256`` its hash, once it is settled."""

    number: int
    kind: str
    subject: str
    document_id: str
    sha256: str


def record_name(number: int) -> str:
    """What a record's files are called in a pack, without an ending."""
    return f"{number:05d}"


def order_pack(
    db: Session, *, scope: Mapping[str, Any], report: Wanted, records: Sequence[Wanted], actor: Actor
) -> PackRow:
    """Order a pack of these records, numbered from 1 in this order, and one report.

    While the same pack is being made already that one is returned: a second press orders nothing.
    """
    for row in packs(db):
        if row.is_open and row.scope == dict(scope):
            return row
    values = {
        "public_id": new_public_id(),
        "scope": dict(scope),
        "status": "queued",
        "done": 0,
        "total": len(records) + 1,
        "attempts": 0,
        "lease_no": 0,
        "next_attempt_at": clock.now(),
        "error": "",
        "ordered_at": clock.now(),
        "requested_by_id": actor.person_id,
        "ordered_size": evidence.head(db).size,
        "head": {},
        "sha256": "",
        "size": 0,
    }
    pack_id = db.execute(sa.insert(_pack).values(**values).returning(_pack.c.id)).scalar_one()
    numbered = [(REPORT, report), *enumerate(records, start=1)]
    members = [
        {
            "pack_id": pack_id,
            "number": number,
            "kind": one.kind,
            "subject": one.subject,
            "params": one.params,
            "dedupe_key": one.dedupe_key,
            "through": one.through,
        }
        for number, one in numbered
    ]
    db.execute(sa.insert(_member), members)
    ring(db, PACKS)
    return pack(db, str(values["public_id"]))


def pack(db: Session, public_id: str) -> PackRow:
    """One pack by its public id; raises NotFound."""
    row = row_as(PackRow, db.execute(sa.select(*_COLUMNS).where(_pack.c.public_id == public_id)))
    if row is None:
        raise NotFound(_("There is no such pack."))
    return row


def packs(db: Session, limit: int | None = 50) -> tuple[PackRow, ...]:
    """The packs ordered last that are still kept, newest first."""
    kept = sa.select(*_COLUMNS).where(_pack.c.status.not_in(GONE)).order_by(_pack.c.id.desc()).limit(limit)
    return tuple(rows_as(PackRow, db.execute(kept)))


def pack_members(db: Session, row: PackRow, *, after: int = -1, limit: int | None = None) -> tuple[MemberRow, ...]:
    """The members numbered above ``after``, in order."""
    chosen = (
        sa.select(_member.c.number, _member.c.kind, _member.c.subject, _document.c.public_id, _document.c.sha256)
        .outerjoin(_document, _document.c.id == _member.c.document_id)
        .where(_of(row), _member.c.number > after)
        .order_by(_member.c.number)
        .limit(limit)
    )
    rows = db.execute(chosen)
    return tuple(
        MemberRow(number, kind, subject, key or "", digest or "") for number, kind, subject, key, digest in rows
    )


def pack_files(db: Session, row: PackRow) -> dict[str, bytes]:
    """The small files of a settled pack by name."""
    chosen = sa.select(_file.c.name, _file.c.content).where(_file.c.pack_id == row.id).order_by(_file.c.name)
    return {name: bytes(content) for name, content in db.execute(chosen)}


def cancel_pack(db: Session, public_id: str) -> PackRow:
    """Stop making a pack; whoever is writing it notices and lets go. One that is not being made is left as it is.

    What it still waited for leaves the queue at once, so that nothing else has to wait behind it.
    """
    open_one = sa.and_(_pack.c.public_id == public_id, _pack.c.status.in_(OPEN))
    db.execute(sa.update(_pack).where(open_one).values(status="cancelled", claimed_at=None))
    row = pack(db, public_id)
    if row.status == "cancelled":
        documents.drop_waiting(db, _keys(_member.c.pack_id == row.id), besides=_keys(_IN_OPEN_PACK))
    return row


def resume_pack(db: Session, public_id: str) -> PackRow:
    """Go on with a cancelled or failed pack where it stood; documents that could not be made are tried again."""
    row = pack(db, public_id)
    if row.status not in RESUMABLE:
        return row
    failed = (
        sa.select(_document.c.public_id)
        .join(_member, _member.c.dedupe_key == _document.c.dedupe_key)
        .where(_of(row), _member.c.document_id.is_(None), _document.c.status == "failed")
    )
    for document_id in db.scalars(failed).all():
        documents.retry_document(db, document_id)
    gone = sa.select(_document.c.id).where(_document.c.id == _member.c.document_id, _document.c.status != "ready")
    lost = sa.update(_member).where(_of(row), gone.exists()).values(document_id=None)
    broken = rows_changed(db.execute(lost)) > 0
    again = {
        "status": "queued",
        "error": "",
        "attempts": 0,
        "done": 0,
        "claimed_at": None,
        "next_attempt_at": clock.now(),
    }
    again |= {"frozen_at": None} if broken else {"status": "writing"} if row.frozen_at else {}
    db.execute(sa.update(_pack).where(_pack.c.id == row.id).values(**again))
    ring(db, PACKS)
    return pack(db, public_id)


def delete_pack(db: Session, public_id: str) -> PackRow:
    """Forget a pack that is not being made; its ``exported`` entry stays. Raises Conflict while it is being made."""
    row = pack(db, public_id)
    if row.is_open:
        raise Conflict(_("Cancel this pack before you delete it."))
    return row if row.status in GONE else _delete(db, row, "deleted")


def erase_pack(db: Session, public_id: str) -> PackRow:
    """Delete a pack, also one that is being made, because of what was erased; ``erased_packs`` goes on showing it.

    One that somebody had cancelled is deleted without further ado.
    """
    row = pack(db, public_id)
    if row.status in GONE:
        return row
    return _delete(db, cancel_pack(db, public_id), "deleted" if row.status == "cancelled" else "erased")


def _delete(db: Session, row: PackRow, status: str) -> PackRow:
    db.execute(sa.delete(_member).where(_of(row)))
    db.execute(sa.delete(_file).where(_file.c.pack_id == row.id))
    gone = {"status": status, "deleted_at": clock.now(), "error": ""}
    db.execute(sa.update(_pack).where(_pack.c.id == row.id).values(**gone))
    documents.release_documents(db, holder=row.public_id)
    return pack(db, row.public_id)


def erased_packs(db: Session, *, since: dt.datetime) -> tuple[PackRow, ...]:
    """What an erasure deleted since then and is not there again, newest first; one of the same scope is enough."""
    chosen = sa.select(*_COLUMNS).where(_pack.c.status == "erased", _pack.c.deleted_at >= since)
    found: list[PackRow] = []
    again = [row.scope for row in packs(db, limit=None)]
    for row in rows_as(PackRow, db.execute(chosen.order_by(_pack.c.id.desc()))):
        if row.scope not in again:
            again.append(row.scope)
            found.append(row)
    return tuple(found)


def untold_packs(db: Session) -> tuple[PackRow, ...]:
    """Packs that an erasure deleted and whose orderer is still to be told, oldest first."""
    chosen = sa.select(*_COLUMNS).where(_pack.c.status == "erased", _pack.c.told_at.is_(None))
    return tuple(rows_as(PackRow, db.execute(chosen.order_by(_pack.c.id))))


def note_told(db: Session, public_id: str) -> None:
    """Remember that whoever ordered an erased pack was told, or that there is nobody to tell."""
    db.execute(sa.update(_pack).where(_pack.c.public_id == public_id).values(told_at=clock.now()))


def hand_out_pack(db: Session, public_id: str, *, idempotency_key: str, actor: Actor) -> PackRow:
    """Enter in the ledger that somebody takes a finished pack away; raises NotFound when it is not ready."""
    row = pack(db, public_id)
    if row.status in GONE:
        raise NotFound(_("This pack was deleted. Order it again if you need it."))
    if row.status != "ready":
        raise NotFound(_("This pack is not ready yet."))
    evidence.append(
        db,
        "exported",
        subject="school",
        act={"pack": row.public_id, "kind": "pack", "sha256": row.sha256, "size": row.size, "handed_out": True},
        idempotency_key=idempotency_key,
        actor=actor,
    )
    return row


def packs_settled_before(db: Session, moment: dt.datetime) -> tuple[PackRow, ...]:
    """Packs that were ready before then, and those ordered before then that were cancelled or given up."""
    ready = sa.and_(_pack.c.status == "ready", _pack.c.ready_at < moment)
    stopped = sa.and_(_pack.c.status.in_(RESUMABLE), _pack.c.ordered_at < moment)
    old = sa.select(*_COLUMNS).where(sa.or_(ready, stopped))
    return tuple(rows_as(PackRow, db.execute(old)))


def failed_packs(db: Session) -> tuple[PackRow, ...]:
    """Packs that were given up, newest first."""
    chosen = sa.select(*_COLUMNS).where(_pack.c.status == "failed").order_by(_pack.c.id.desc())
    return tuple(rows_as(PackRow, db.execute(chosen)))


_IN_OPEN_PACK = sa.select(_pack.c.id).where(_pack.c.id == _member.c.pack_id, _pack.c.status.in_(OPEN)).exists()


def _keys(which: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    """The keys of documents that members still lack."""
    return sa.select(_member.c.dedupe_key).where(which, _member.c.document_id.is_(None))


_COLUMNS = columns_of(PackRow, _pack)


def _of(row: PackRow) -> sa.ColumnElement[bool]:
    return _member.c.pack_id == row.id
