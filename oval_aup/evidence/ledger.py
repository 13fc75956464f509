"""Writes each act once into the chain of entries, and reads entries back; nothing here edits or removes one."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.canonical import canonical
from oval_aup.core.errors import Conflict
from oval_aup.evidence.models import LedgerDetails, LedgerEntry

GENESIS = "0" * 64
"""What the first entry names as its predecessor."""

BODY_VERSION = 1

KINDS = frozenset(
    {
        "published",
        "requested",
        "reminded",
        "bounced",
        "started",
        "signed",
        "declined",
        "withdrawn",
        "cancelled",
        "consent_recorded",
        "consent_withdrawn",
        "consent_invalidated",
        "blocked",
        "unblocked",
        "taken_down",
        "witnessed",
        "identified",
        "recorded_on_behalf",
        "corrected",
        "opened",
        "imported",
        "exported",
        "erased",
        "restored",
        "held",
        "key_rotated",
        "head_issued",
    }
)
"""Every kind of act there is; a new one needs a line here and words for people where records are shown."""

DEVICE_CHANNELS = frozenset({"link", "login", "class"})
"""Channels on which the actor's own device speaks; elsewhere a recorder's device would pass for the signer's."""

CLOCK_SLACK_BACK = dt.timedelta(minutes=5)
CLOCK_SLACK_AHEAD = dt.timedelta(days=366)

_LEDGER_LOCK = 0x4F56414C  # the advisory lock that makes appends queue up on PostgreSQL

_entry = cast(sa.Table, LedgerEntry.__table__)
_details = cast(sa.Table, LedgerDetails.__table__)
_BY_KEY = sa.select(_entry.c.seq, _entry.c.entry_hash, _entry.c.body).where(
    _entry.c.idempotency_key == sa.bindparam("idempotency_key")
)
_LAST = sa.select(_entry.c.seq, _entry.c.entry_hash, _entry.c.body).order_by(_entry.c.seq.desc()).limit(1)
_ADD_ENTRY = sa.insert(_entry)
_ADD_DETAILS = sa.insert(_details)


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """The exact wording an act was about."""

    agreement: str
    version: int
    text_sha256: str
    language: str
    reading_level: str


@dataclass(frozen=True, slots=True)
class Ref:
    """An earlier entry and why it is mentioned."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as it is kept; ``body`` is the parsed form of the bytes that were hashed."""

    seq: int
    entry_hash: str
    kind: str
    at: dt.datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BareEntry:
    """What anybody needs to check one entry without this system."""

    seq: int
    entry_hash: str
    body: bytes
    salt: bytes | None
    details: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """How long the ledger is and the hash of its last entry: enough to notice any later rewriting of the past."""

    size: int
    entry_hash: str


def append(
    db: Session,
    kind: str,
    *,
    subject: str,
    act: dict[str, Any],
    document: DocumentRef | None = None,
    details: dict[str, Any] | None = None,
    refs: Sequence[Ref] = (),
    idempotency_key: str,
    actor: Actor,
) -> EntryRow:
    """Append one entry in the caller's write transaction and return it.

    A known ``idempotency_key`` returns the entry made the first time, or raises Conflict if that one has another kind
    or subject. ``act`` must hold no direct identifier: names, addresses and remarks belong in ``details``, which can be
    erased. Device facts of the actor are added to the details when the actor's own device made the act.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of ledger entry")
    if db.get_bind().dialect.name == "postgresql":
        db.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LEDGER_LOCK})"))
    known = find(db, idempotency_key)
    if known is not None:
        if known.kind != kind or known.body["subject"]["pseudonym"] != subject:
            raise Conflict("This was already recorded as something else.")
        return known
    seq, prev, at, suspect = _successor(db)
    personal = _with_device(details, actor)
    salt = secrets.token_bytes(32)
    details_bytes = canonical(personal) if personal else b""
    facts: dict[str, Any] = {
        "v": BODY_VERSION,
        "seq": seq,
        "prev": prev,
        "at": clock.iso(at),
        "kind": kind,
        "actor": {"pseudonym": actor.pseudonym, "role": actor.role},
        "subject": {"pseudonym": subject},
        "document": _document(document),
        "act": act,
        "assurance": actor.assurance,
        "channel": actor.channel,
        "refs": [{"seq": ref.seq, "reason": ref.reason} for ref in refs],
        "details_commitment": commitment(salt, details_bytes) if personal else "",
    }
    if suspect:
        facts["clock_suspect"] = True
    body = canonical(facts)
    digest = entry_hash(body)
    db.execute(
        _ADD_ENTRY,
        {
            "seq": seq,
            "prev": prev,
            "entry_hash": digest,
            "body": body,
            "idempotency_key": idempotency_key,
            "kind": kind,
            "subject": subject,
        },
    )
    if personal:
        db.execute(_ADD_DETAILS, {"seq": seq, "salt": salt, "details": details_bytes})
    return _row(seq, digest, body)


def erase_details(
    db: Session, seqs: Iterable[int], *, basis: str, subject: str, idempotency_key: str, actor: Actor
) -> EntryRow:
    """Delete the personal details and salts of entries for ever and record that under the legal ``basis``.

    The ``erased`` entry is written first: a guard in the database lets details go only once an entry says why.
    """
    chosen = sorted(set(seqs))
    erased = append(
        db,
        "erased",
        subject=subject,
        act={"basis": basis, "entries": len(chosen)},
        refs=[Ref(seq, "details erased") for seq in chosen],
        idempotency_key=idempotency_key,
        actor=actor,
    )
    db.execute(sa.delete(_details).where(_details.c.seq.in_(chosen)))
    return erased


def find(db: Session, idempotency_key: str) -> EntryRow | None:
    """The entry made under this key, if there is one."""
    row = db.execute(_BY_KEY, {"idempotency_key": idempotency_key}).first()
    return None if row is None else _row(row.seq, row.entry_hash, row.body)


def entries_about(db: Session, pseudonym: str) -> tuple[EntryRow, ...]:
    """Everything recorded about one subject, oldest first."""
    return _rows(db, _entry.c.subject == pseudonym)


def entries_by(db: Session, pseudonym: str) -> tuple[EntryRow, ...]:
    """What one person did, oldest first, whomever it was about; reads the whole ledger, so for one record only."""
    mark = b'"actor":' + canonical({"pseudonym": pseudonym})[:-1]
    candidates = sa.func.instr(_entry.c.body, mark) > 0
    if db.get_bind().dialect.name == "postgresql":
        candidates = sa.func.position(sa.literal(mark).op("IN")(_entry.c.body)) > 0
    return tuple(row for row in _rows(db, candidates) if row.body["actor"]["pseudonym"] == pseudonym)


def entries(db: Session, seqs: Iterable[int]) -> dict[int, EntryRow]:
    """The entries with these numbers; one that does not exist is simply not in the answer."""
    found: dict[int, EntryRow] = {}
    for part in _parts(seqs):
        found.update((row.seq, row) for row in _rows(db, _entry.c.seq.in_(part)))
    return found


def details(db: Session, seqs: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The personal details of these entries; one that has none, or none any more, is not in the answer."""
    found: dict[int, dict[str, Any]] = {}
    for part in _parts(seqs):
        rows = db.execute(sa.select(_details.c.seq, _details.c.details).where(_details.c.seq.in_(part)))
        found.update((row.seq, json.loads(row.details)) for row in rows)
    return found


def bare_entries(db: Session, seqs: Iterable[int]) -> tuple[BareEntry, ...]:
    """Entries with the exact bytes that were hashed, and their details and salts where those still exist."""
    found: list[BareEntry] = []
    columns = (_entry.c.seq, _entry.c.entry_hash, _entry.c.body, _details.c.salt, _details.c.details)
    joined = sa.select(*columns).outerjoin(_details, _details.c.seq == _entry.c.seq).order_by(_entry.c.seq)
    for part in _parts(seqs):
        found.extend(BareEntry(*row) for row in db.execute(joined.where(_entry.c.seq.in_(part))))
    return tuple(found)


def head(db: Session) -> Head:
    """The present length of the ledger and its last hash."""
    row = db.execute(_LAST).first()
    return Head(0, GENESIS) if row is None else Head(row.seq, row.entry_hash)


def entry_hash(body: bytes) -> str:
    """The hash that names an entry; the leading zero byte keeps it apart from every other kind of hash here."""
    return hashlib.sha256(b"\x00" + stored_bytes(body)).hexdigest()


def commitment(salt: bytes, details_bytes: bytes) -> str:
    """What an entry says of its details: proves them while the salt exists, and says nothing once it is gone."""
    return hashlib.sha256(b"\x02" + stored_bytes(salt) + stored_bytes(details_bytes)).hexdigest()


def stored_bytes(cell: Any) -> bytes:
    """A cell's bytes whatever type it has now: SQLite lets an edit turn bytes into text or a number."""
    return bytes(cell) if isinstance(cell, bytes | bytearray | memoryview) else str(cell).encode("utf-8", "replace")


def _successor(db: Session) -> tuple[int, str, dt.datetime, bool]:
    at = clock.now()
    last = db.execute(_LAST).first()
    if last is None:
        return 1, GENESIS, at, False
    before = dt.datetime.fromisoformat(json.loads(last.body)["at"])
    suspect = at < before - CLOCK_SLACK_BACK or at > before + CLOCK_SLACK_AHEAD
    return last.seq + 1, last.entry_hash, at, suspect


def _with_device(details: dict[str, Any] | None, actor: Actor) -> dict[str, Any]:
    personal = dict(details or {})
    if actor.channel in DEVICE_CHANNELS:
        device = {"sent_to": actor.sent_to, "browser": actor.browser}
        came_by = {name: fact for name, fact in device.items() if fact}
        if came_by:
            personal["came_by"] = came_by
    return personal


def _document(document: DocumentRef | None) -> dict[str, Any]:
    if document is None:
        return {}
    return {
        "agreement": document.agreement,
        "version": document.version,
        "text_sha256": document.text_sha256,
        "language": document.language,
        "reading_level": document.reading_level,
    }


def _row(seq: int, digest: str, body: bytes) -> EntryRow:
    facts = json.loads(body)
    return EntryRow(seq, digest, facts["kind"], dt.datetime.fromisoformat(facts["at"]), facts)


def _rows(db: Session, which: sa.ColumnElement[bool]) -> tuple[EntryRow, ...]:
    chosen = sa.select(_entry.c.seq, _entry.c.entry_hash, _entry.c.body).where(which).order_by(_entry.c.seq)
    return tuple(_row(row.seq, row.entry_hash, row.body) for row in db.execute(chosen))


def _parts(seqs: Iterable[int], size: int = 500) -> Iterable[list[int]]:
    wanted = sorted(set(seqs))
    return (wanted[start : start + size] for start in range(0, len(wanted), size))
