"""Finds what a person did, whomever it was about, without reading the whole ledger.

Entries are filed by their subject alone. A follower reads each new entry once, some time after it was written, and
files it under whoever else it names; whatever it has not read yet is looked through when somebody asks. So an answer
is always whole, appending costs nothing more, and the index can be made anew from the ledger at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import Database, table_of
from oval_aup.evidence import ledger
from oval_aup.evidence.models import LedgerEntry, LedgerTrace
from oval_aup.jobs import watermarks

FOLLOWER = "traces"
STEP = 2000
"""Entries read in one transaction."""

CHUNK = 500

_entry = table_of(LedgerEntry)
_trace = table_of(LedgerTrace)


def entries_by(db: Session, pseudonym: str) -> tuple[ledger.EntryRow, ...]:
    """What one person did, or others on their behalf, oldest first, about anybody but themselves and about them."""
    own = (entry for entry in ledger.entries_about(db, pseudonym) if pseudonym in _names(entry.body))
    filed = db.scalars(sa.select(_trace.c.seq).where(_trace.c.pseudonym == pseudonym)).all()
    found = {entry.seq: entry for entry in own} | ledger.entries(db, filed)
    found |= {entry.seq: entry for entry in _unread(db, pseudonym)}
    return tuple(found[seq] for seq in sorted(found))


def newest_seqs(db: Session, pseudonyms: Iterable[str], *, besides: frozenset[str] = frozenset()) -> dict[str, int]:
    """The newest entry by or about each person that a record shows; those of whom there is none are left out.

    ``besides`` names kinds of entries that are not looked at.
    """
    passed = besides | {"exported"}
    wanted = sorted(set(pseudonyms) - {""})
    found: dict[str, int] = {}
    for part in _parts(wanted):
        about = sa.select(_entry.c.subject, sa.func.max(_entry.c.seq)).where(
            _entry.c.subject.in_(part), _entry.c.kind.not_in(passed)
        )
        by = sa.select(_trace.c.pseudonym, sa.func.max(_trace.c.seq)).where(_trace.c.pseudonym.in_(part))
        if besides:
            by = by.join(_entry, _entry.c.seq == _trace.c.seq).where(_entry.c.kind.not_in(besides))
        for name, seq in (*db.execute(about.group_by(_entry.c.subject)), *db.execute(by.group_by(_trace.c.pseudonym))):
            found[name] = max(seq, found.get(name, 0))
    asked = set(wanted)
    for row in _after(db, followed(db)):
        for name in _names(json.loads(row.body)) & asked if row.kind not in passed else ():
            found[name] = max(row.seq, found.get(name, 0))
    return found


def named_between(db: Session, first: int, last: int) -> frozenset[str]:
    """Everybody whom the entries from ``first`` to ``last`` are about, or were made by or for.

    What only the lists said of somebody is not looked at.
    """
    passed = ledger.LIST_KINDS | {"exported"}
    about = sa.select(_entry.c.subject).where(_entry.c.seq.between(first, last), _entry.c.kind.not_in(passed))
    by = sa.select(_trace.c.pseudonym).join(_entry, _entry.c.seq == _trace.c.seq)
    by = by.where(_trace.c.seq.between(first, last), _entry.c.kind.not_in(ledger.LIST_KINDS))
    found = set(db.scalars(about.distinct())) | set(db.scalars(by.distinct()))
    for row in _after(db, max(followed(db), first - 1)):
        looked_at = row.seq <= last and row.kind not in ledger.LIST_KINDS
        found |= _names(json.loads(row.body)) if looked_at else set()
    return frozenset(found)


def followed(db: Session) -> int:
    """Up to which entry the ledger has been followed."""
    return watermarks.followed(db, FOLLOWER)


def index_new_entries(database: Database) -> int:
    """Read the next entries and file them; the number read. Several workers may do so: each entry is filed once."""
    with database.reading() as db:  # looking first keeps an idle worker off the write lock
        if followed(db) >= ledger.head(db).size:
            return 0
    with database.writing() as db:
        return _follow(db)


def _follow(db: Session) -> int:
    start = followed(db)
    rows = db.execute(_LINES.where(_entry.c.seq > start).order_by(_entry.c.seq).limit(STEP)).all()
    if not rows:
        return 0
    if not watermarks.follow(db, FOLLOWER, start=start, end=rows[-1].seq):
        return 0
    traces: list[dict[str, Any]] = []
    for row in rows:
        facts = json.loads(row.body)
        others = _names(facts) - {row.subject}
        traces += [{"pseudonym": name, "seq": row.seq} for name in sorted(others)]
    if traces:
        db.execute(sa.insert(_trace), traces)
    return len(rows)


_LINES = sa.select(_entry.c.seq, _entry.c.kind, _entry.c.subject, _entry.c.body)


def _after(db: Session, seq: int) -> Iterable[Any]:
    return db.execute(_LINES.where(_entry.c.seq > seq).order_by(_entry.c.seq).execution_options(yield_per=CHUNK))


def _unread(db: Session, pseudonym: str) -> list[ledger.EntryRow]:
    """What the follower has not come to yet; entries that hold the pseudonym anywhere are looked at closely."""
    sought = pseudonym.encode("ascii")
    holds: sa.ColumnElement[bool] = sa.func.instr(_entry.c.body, sought) > 0
    if db.get_bind().dialect.name == "postgresql":
        holds = sa.func.position(sa.literal(sought).op("IN")(_entry.c.body)) > 0
    seqs = db.scalars(sa.select(_entry.c.seq).where(_entry.c.seq > followed(db), holds)).all()
    return [entry for entry in ledger.entries(db, seqs).values() if pseudonym in _names(entry.body)]


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + CHUNK] for start in range(0, len(names), CHUNK))


def _names(body: ledger.EntryBody) -> set[str]:
    """Who acted in an entry, and on whose behalf."""
    act = body["act"]
    named = (body["actor"]["pseudonym"], act.get("guardian"), act.get("on_behalf_by"))
    return {name for name in named if isinstance(name, str) and name}
