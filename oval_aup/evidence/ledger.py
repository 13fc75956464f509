"""Writes each act once into the chain of entries, and reads entries back; nothing here edits or removes one."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.canonical import canonical
from oval_aup.core.db import fetch, rows_as, table_of
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.evidence.models import LedgerDetails, LedgerEntry
from oval_aup.verifier import rules

GENESIS = "0" * 64
"""What the first entry names as its predecessor."""

BODY_VERSION = 1

ONCE = "once"
"""Where a body keeps the hash of its idempotency key; the oldest entries of a school may have none."""

LAST_NUMBER = 2**31 - 1
"""The highest number that an entry can have in every database; what names a higher one names nothing."""

KINDS = frozenset(
    {
        "published",
        "requested",
        "reminded",
        "bounced",
        "reached",
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
        "take_down_given",
        "witnessed",
        "identified",
        "recorded_on_behalf",
        "corrected",
        "opened",
        "imported",
        "exported",
        "erased",
        "restored",
        "demonstration",
        "probed",
        "held",
        "joined",
        "left",
        "link_changed",
        "details_changed",
        "responsibility_declared",
        "access_changed",
        "closed",
        "list_discarded",
        "records_joined",
        "key_rotated",
        "head_issued",
    }
)
"""Every kind of act there is; a new one needs a line here and words for people where records are shown."""

LIST_KINDS = frozenset({"joined", "left", "link_changed", "details_changed"})
"""What the school's lists or the office said of people; nobody answered, agreed or was asked anything in these."""

DEVICE_CHANNELS = frozenset({"link", "login", "class"})
"""Channels on which the actor's own device speaks; elsewhere a recorder's device would pass for the signer's."""

CLOCK_SLACK_BACK = dt.timedelta(minutes=5)
CLOCK_SLACK_AHEAD = dt.timedelta(days=366)

_WAIT_FOR_TURN = sa.text(f"SELECT pg_advisory_xact_lock({0x4F56414C})")
"""Makes appends queue up on PostgreSQL; any number would do that nobody else uses."""

_entry = table_of(LedgerEntry)
_details = table_of(LedgerDetails)
_BY_KEY = sa.select(_entry.c.seq, _entry.c.entry_hash, _entry.c.body).where(
    _entry.c.idempotency_key == sa.bindparam("idempotency_key")
)
_KEYED = sa.select(_entry.c.idempotency_key, _entry.c.seq, _entry.c.entry_hash, _entry.c.body)
# Two lookups put together: an OR of both is a reading of the whole ledger wherever the planner thinks it is short.
_KNOWN_AND_LAST = _KEYED.where(_entry.c.idempotency_key.in_(sa.bindparam("keys", expanding=True))).union_all(
    _KEYED.where(_entry.c.seq == sa.select(sa.func.max(_entry.c.seq)).scalar_subquery())
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
class NewEntry:
    """An act that is to be entered; ``append`` says what belongs where."""

    kind: str
    subject: str
    act: dict[str, Any]
    idempotency_key: str
    document: DocumentRef | None = None
    details: dict[str, Any] | None = None
    refs: Sequence[Ref] = ()


class ActorNamed(TypedDict):
    """Who made an entry: a pseudonym, empty for the system, and what they were then."""

    pseudonym: str
    role: str


class SubjectNamed(TypedDict):
    """Whom an entry is about."""

    pseudonym: str


class DocumentNamed(TypedDict, total=False):
    """The wording an act was about, as ``DocumentRef`` has it; empty where there is none."""

    agreement: str
    version: int
    text_sha256: str
    language: str
    reading_level: str


class RefNamed(TypedDict):
    """An earlier entry and why it is mentioned."""

    seq: int
    reason: str


class EntryBody(TypedDict):
    """What is hashed of an entry."""

    v: int
    seq: int
    prev: str
    at: str
    kind: str
    actor: ActorNamed
    subject: SubjectNamed
    document: DocumentNamed
    act: dict[str, Any]
    """By kind: what was done, without anything personal."""
    assurance: str
    channel: str
    refs: list[RefNamed]
    details_commitment: str
    once: NotRequired[str]
    """The hash of the key under which it was made."""
    clock_suspect: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as it is kept; ``body`` is the parsed form of the bytes that were hashed."""

    seq: int
    entry_hash: str
    kind: str
    at: dt.datetime
    body: EntryBody
    is_new: bool = field(default=False, compare=False)
    """True in the answer of the very call that made it, so that whatever stands beside it is written once."""


@dataclass(frozen=True, slots=True)
class BareEntry:
    """What anybody needs to check one entry without this system."""

    seq: int
    entry_hash: str
    body: bytes
    salt: bytes | None
    details: bytes | None

    @property
    def row(self) -> EntryRow:
        """What the entry says."""
        return _row(self.seq, self.entry_hash, self.body)

    @property
    def personal(self) -> dict[str, Any] | None:
        """Its personal details, as ``details`` gives them; None where it has none, or none any more."""
        return None if self.details is None else dict(json.loads(self.details))


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
    new = NewEntry(kind, subject, act, idempotency_key, document=document, details=details, refs=refs)
    return append_all(db, [new], actor=actor)[0]


def append_all(db: Session, acts: Sequence[NewEntry], *, actor: Actor) -> tuple[EntryRow, ...]:
    """``append`` for several acts, in this order and in no more statements than for one."""
    if unknown := {each.kind for each in acts} - KINDS:
        raise ValueError(f"{sorted(unknown)} are no kinds of ledger entries")
    lock_ledger(db)
    found, before = _known_and_last(db, [each.idempotency_key for each in acts])
    rows: list[EntryRow] = []
    entries: list[dict[str, Any]] = []
    personal: list[dict[str, Any]] = []
    for each in acts:
        known = found.get(each.idempotency_key)
        if known is None:
            entry, secret = _compose(each, before, actor)
            entries.append(entry)
            personal += [secret] if secret else []
            known = _row(entry["seq"], entry["entry_hash"], entry["body"])
            found[each.idempotency_key], known = known, replace(known, is_new=True)
            before = known.seq, known.entry_hash, known.at
        elif known.kind != each.kind or known.body["subject"]["pseudonym"] != each.subject:
            raise Conflict(_("This was already recorded as something else."))
        rows.append(known)
    if entries:
        db.execute(_ADD_ENTRY, entries)
    if personal:
        db.execute(_ADD_DETAILS, personal)
    return tuple(rows)


def lock_ledger(db: Session) -> None:
    """Keep everybody else from appending until this transaction ends; SQLite's write transaction does so anyway."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(_WAIT_FOR_TURN)


def _compose(
    new: NewEntry, before: tuple[int, str, dt.datetime | None], actor: Actor
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The rows of one entry and of its personal details, if it has any; ``before`` is the entry it follows."""
    last_seq, prev, last_at = before
    seq, at = last_seq + 1, clock.now()
    personal = _with_device(new.details, actor)
    salt = secrets.token_bytes(32)
    details_bytes = canonical(personal) if personal else b""
    facts: dict[str, Any] = {
        "v": BODY_VERSION,
        "seq": seq,
        "prev": prev,
        "at": clock.iso(at),
        "kind": new.kind,
        "actor": {"pseudonym": actor.pseudonym, "role": actor.role},
        "subject": {"pseudonym": new.subject},
        "document": _document(new.document),
        "act": new.act,
        "assurance": actor.assurance,
        "channel": actor.channel,
        "refs": [{"seq": ref.seq, "reason": ref.reason} for ref in new.refs],
        "details_commitment": commitment(salt, details_bytes) if personal else "",
        ONCE: once_hash(new.idempotency_key),
    }
    if last_at is not None and (at < last_at - CLOCK_SLACK_BACK or at > last_at + CLOCK_SLACK_AHEAD):
        facts["clock_suspect"] = True
    body = canonical(facts)
    entry = {
        "seq": seq,
        "prev": prev,
        "entry_hash": entry_hash(body),
        "body": body,
        "idempotency_key": new.idempotency_key,
        "kind": new.kind,
        "subject": new.subject,
    }
    return entry, {"seq": seq, "salt": salt, "details": details_bytes} if personal else None


def find(db: Session, idempotency_key: str) -> EntryRow | None:
    """The entry made under this key, if there is one."""
    row = db.execute(_BY_KEY, {"idempotency_key": idempotency_key}).first()
    return None if row is None else _row(row.seq, row.entry_hash, row.body)


def entries_about(db: Session, pseudonym: str) -> tuple[EntryRow, ...]:
    """Everything recorded about one subject, oldest first."""
    return _rows(db, _entry.c.subject == pseudonym)


def exported(db: Session, name: str, digest: str, *, upto: int) -> EntryRow | None:
    """The first of the ``exported`` entries up to ``upto`` whose act gives this hash under ``name``."""
    mark = canonical({name: digest})[1:-1]
    for row in _rows(db, sa.and_(_entry.c.kind == "exported", _entry.c.seq <= upto, _holds(db, mark))):
        if row.body["act"].get(name) == digest:
            return row
    return None


def entries_of_kind(db: Session, kind: str, *, upto: int = LAST_NUMBER) -> tuple[EntryRow, ...]:
    """Every entry of one kind, oldest first."""
    return _rows(db, sa.and_(_entry.c.kind == kind, _entry.c.seq <= upto))


def entries(db: Session, seqs: Iterable[int]) -> dict[int, EntryRow]:
    """The entries with these numbers; one that does not exist is simply not in the answer."""
    found: dict[int, EntryRow] = {}
    for part in _parts(seqs):
        found.update((row.seq, row) for row in _rows(db, _entry.c.seq.in_(part)))
    return found


def hashes(db: Session, seqs: Iterable[int]) -> dict[int, str]:
    """The hashes that name the entries with these numbers; one that does not exist is not in the answer."""
    found: dict[int, str] = {}
    for part in _parts(seqs):
        chosen = sa.select(_entry.c.seq, _entry.c.entry_hash).where(_entry.c.seq.in_(part))
        found.update((row.seq, row.entry_hash) for row in db.execute(chosen))
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
        found.extend(rows_as(BareEntry, db.execute(joined.where(_entry.c.seq.in_(part)))))
    return tuple(found)


def head(db: Session) -> Head:
    """The present length of the ledger and its last hash."""
    row = db.execute(_LAST).first()
    return Head(0, GENESIS) if row is None else Head(row.seq, row.entry_hash)


def entry_hash(body: bytes) -> str:
    """``rules.entry_hash`` of a cell, whatever type it has now."""
    return rules.entry_hash(stored_bytes(body))


def commitment(salt: bytes, details_bytes: bytes) -> str:
    """``rules.commitment`` of two cells, whatever types they have now."""
    return rules.commitment(stored_bytes(salt), stored_bytes(details_bytes))


def once_hash(idempotency_key: str) -> str:
    """``rules.once_hash`` of a cell, whatever type it has now."""
    return rules.once_hash(stored_bytes(idempotency_key))


def stored_bytes(cell: Any) -> bytes:
    """A cell's bytes whatever type it has now: SQLite lets an edit turn bytes into text or a number."""
    return bytes(cell) if isinstance(cell, bytes | bytearray | memoryview) else str(cell).encode("utf-8", "replace")


def _known_and_last(
    db: Session, keys: Collection[str]
) -> tuple[dict[str, EntryRow], tuple[int, str, dt.datetime | None]]:
    """The entries made under these keys, and number, hash and time of the last one: what the next has to follow."""
    read = {
        row.idempotency_key: _row(row.seq, row.entry_hash, row.body)
        for row in fetch(db, _KNOWN_AND_LAST, keys=list(keys))
    }
    known = {key: row for key, row in read.items() if key in keys}
    if not read:
        return known, (0, GENESIS, None)
    last = max(read.values(), key=lambda row: row.seq)
    return known, (last.seq, last.entry_hash, last.at)


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


def _holds(db: Session, mark: bytes) -> sa.ColumnElement[bool]:
    """That an entry's body holds these bytes somewhere."""
    if db.get_bind().dialect.name == "postgresql":
        return sa.func.position(sa.literal(mark).op("IN")(_entry.c.body)) > 0
    return sa.func.instr(_entry.c.body, mark) > 0


def _rows(db: Session, which: sa.ColumnElement[bool]) -> tuple[EntryRow, ...]:
    chosen = sa.select(_entry.c.seq, _entry.c.entry_hash, _entry.c.body).where(which).order_by(_entry.c.seq)
    return tuple(_row(row.seq, row.entry_hash, row.body) for row in db.execute(chosen))


def _parts(seqs: Iterable[int], size: int = 500) -> Iterable[list[int]]:
    wanted = sorted({seq for seq in seqs if 0 < seq <= LAST_NUMBER})
    return (wanted[start : start + size] for start in range(0, len(wanted), size))
