"""Reads the whole ledger back and says whether it is what was written, and if not, where and how it differs."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import table_of
from oval_aup.core.i18n import _, ngettext
from oval_aup.evidence import ledger
from oval_aup.evidence.models import LedgerDetails, LedgerEntry

BATCH = 500

_entry = table_of(LedgerEntry)
_details = table_of(LedgerDetails)


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """What a full reading found.

    ``fault`` is empty, or the first fault's kind: ``edited``, ``missing``, ``inserted``, ``reordered``,
    ``details_changed``, ``details_missing``, ``details_inserted``, ``not_erased``, ``unreadable``, or ``unguarded``
    where only triggers are gone; ``bad_seq`` is the entry it concerns and ``reason`` says it in plain words. ``size``
    and ``head_hash`` are those of the last entry that is still in order.
    """

    ok: bool
    size: int
    head_hash: str
    bad_seq: int | None = None
    fault: str = ""
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The finding in one line for a person."""
        if not self.ok:
            return _("The ledger is NOT in order. %(reason)s", reason=self.reason)
        return ngettext(
            "The ledger is in order: %(size)s entry, with fingerprint %(hash)s.",
            "The ledger is in order: %(size)s entries, the last with fingerprint %(hash)s.",
            self.size,
            size=f"{self.size:,}",
            hash=self.head_hash,
        )


@dataclass(slots=True)
class _Place:
    """How far the reading has come in good order."""

    size: int = 0
    entry_hash: str = ledger.GENESIS
    before: str = ""
    """The hash of the entry before the last."""


class _Fault(Exception):
    def __init__(self, seq: int, fault: str, reason: str) -> None:
        super().__init__(reason)
        self.seq = seq
        self.fault = fault


def verify(
    db: Session, *, known_heads: Iterable[ledger.Head] = (), details: bool = True, after: LedgerVerdict | None = None
) -> LedgerVerdict:
    """Re-hash every entry in order, in flat memory, and stop at the first fault.

    ``known_heads`` are heads kept elsewhere (on receipts, in mail): each must still be part of this chain. Without one,
    entries cut off at the very end, or a chain recomputed from some point on, cannot be noticed. Whatever somebody
    wrote into the tables is a fault with a name and never stops the check: it would be a way to silence it.
    Without ``details`` the chain alone is read, which is what a file from outside can be compared with; and with
    ``after`` only what came since that finding.
    """
    place = _Place(after.size, after.head_hash) if after else _Place()
    try:
        erased = _erased(db) if details else frozenset()
        heads: dict[int, set[str]] = {}
        for known in known_heads:
            if known.size:
                heads.setdefault(known.size, set()).add(known.entry_hash)
        chosen = _WHOLE if details else _CHAIN
        chosen = chosen.where(_entry.c.seq > after.size) if after else chosen
        for row in db.execute(chosen.execution_options(yield_per=BATCH)):
            facts = _check(db, row, place)
            if details:
                _check_details(row, facts["details_commitment"], row.seq in erased)
            if heads.pop(row.seq, set()) - {row.entry_hash}:
                raise _Fault(row.seq, "edited", _("Entry %(seq)s is not the one a kept head names.", seq=row.seq))
            place.before, place.entry_hash, place.size = place.entry_hash, row.entry_hash, row.seq
        _check_end(db, place, heads)
    except _Fault as fault:
        return LedgerVerdict(False, place.size, place.entry_hash, fault.seq, fault.fault, str(fault))
    except sa.exc.DBAPIError as error:
        if is_passing(error):
            raise
        first = place.size + 1
        reason = _("An entry from %(seq)s on cannot be read: the database was changed or damaged.", seq=first)
        return LedgerVerdict(False, place.size, place.entry_hash, first, "unreadable", reason)
    return LedgerVerdict(True, place.size, place.entry_hash)


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """Whether the database was only busy or away, which says nothing about what is in it."""
    return error.connection_invalidated or any(word in str(error.orig) for word in ("locked", "busy", "connect"))


_CHAIN = sa.select(
    _entry.c.seq,
    _entry.c.prev,
    _entry.c.entry_hash,
    _entry.c.body,
    _entry.c.kind,
    _entry.c.subject,
    _entry.c.idempotency_key,
).order_by(_entry.c.seq)
_WHOLE = _CHAIN.add_columns(_details.c.salt, _details.c.details).outerjoin(_details, _details.c.seq == _entry.c.seq)


def _check(db: Session, row: Any, place: _Place) -> dict[str, Any]:
    """Check that an entry is whole and follows the one before; what it says."""
    if row.seq != place.size + 1:
        raise _gap(db, row, place)
    facts = _facts(row.body)
    if ledger.entry_hash(row.body) != row.entry_hash or facts is None:
        raise _edited_or_swapped(db, row)
    if facts["seq"] != row.seq or facts["prev"] != place.entry_hash:
        raise _out_of_place(db, row, facts, place)
    copies = (row.prev, row.kind, row.subject)
    if copies != (facts["prev"], facts["kind"], facts["subject"]["pseudonym"]):
        raise _Fault(
            row.seq,
            "edited",
            _("Entry %(seq)s was edited: what it is filed under is not what it says.", seq=row.seq),
        )
    if ledger.ONCE in facts and facts[ledger.ONCE] != ledger.once_hash(row.idempotency_key):
        raise _Fault(
            row.seq,
            "edited",
            _("Entry %(seq)s was edited: its key is another now, so its act could be entered again.", seq=row.seq),
        )
    return facts


def _facts(body: bytes) -> dict[str, Any] | None:
    """What an entry says, or None when it is not even of the form that ``ledger`` writes."""
    try:
        facts = json.loads(body)
        words = (facts["subject"]["pseudonym"], facts["prev"], facts["kind"], facts["details_commitment"])
        numbers = (facts["seq"], *(ref["seq"] for ref in facts["refs"]))
        whole = isinstance(facts["act"], dict) and dt.datetime.fromisoformat(facts["at"]).tzinfo is not None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    whole = whole and all(isinstance(word, str) and word.isascii() for word in words)
    return facts if whole and all(type(number) is int for number in numbers) else None


def _gap(db: Session, row: Any, place: _Place) -> _Fault:
    """The numbers jump: entries were taken out, or this one was put in under a number of its own."""
    facts, expected = _facts(row.body), place.size + 1
    stray = facts is None or facts["seq"] != row.seq or _seq_of(db, facts["prev"]) is not None
    if stray or row.seq < expected:
        seq = row.seq if isinstance(row.seq, int) else expected
        return _Fault(seq, "inserted", _("Entry %(seq)s was put in from outside.", seq=seq))
    return _Fault(expected, "missing", _("Entry %(seq)s is missing.", seq=expected))


def _edited_or_swapped(db: Session, row: Any) -> _Fault:
    """The bytes do not hash to their name: they were edited, or they are another entry's bytes."""
    seq, own_hash = row.seq, ledger.entry_hash(row.body)
    other = db.execute(sa.select(_entry.c.seq, _entry.c.body).where(_entry.c.entry_hash == own_hash)).first()
    if other is None or other.seq == seq:
        return _Fault(seq, "edited", _("Entry %(seq)s was edited after it was written.", seq=seq))
    if ledger.entry_hash(other.body) != own_hash:
        return _Fault(seq, "reordered", _("Entries %(seq)s and %(other)s were exchanged.", seq=seq, other=other.seq))
    if _is_followed(db, row):
        return _Fault(seq, "edited", _("Entry %(seq)s was overwritten with entry %(other)s.", seq=seq, other=other.seq))
    return _second_copy(seq, other.seq)


def _out_of_place(db: Session, row: Any, facts: dict[str, Any], place: _Place) -> _Fault:
    """The entry is whole in itself but does not follow the one before it."""
    seq, own = row.seq, facts["seq"]
    if own == seq - 1 and facts["prev"] == place.before:
        return _Fault(
            seq - 1, "inserted", _("Entry %(seq)s was put in from outside; the chain leaves it out.", seq=seq - 1)
        )
    if own > seq and _seq_of(db, facts["prev"]) is None:
        return _Fault(seq, "missing", _("Entry %(seq)s was taken out and later ones moved up.", seq=seq))
    if own > seq:
        return _Fault(seq, "reordered", _("Entry %(own)s stands where entry %(seq)s belongs.", own=own, seq=seq))
    if own < seq and _seq_of(db, facts["prev"]) is not None:
        return _second_copy(seq, own)
    if own == seq and seq > 1 and _is_followed(db, row):
        return _Fault(
            seq - 1, "edited", _("Entry %(seq)s was replaced: the entry after it remembers another.", seq=seq - 1)
        )
    return _Fault(
        seq,
        "inserted",
        _("Entry %(seq)s does not follow the one before it: it was put in, or that one was replaced.", seq=seq),
    )


def _second_copy(seq: int, original: int) -> _Fault:
    return _Fault(
        seq, "inserted", _("Entry %(seq)s was put in: it is a second copy of entry %(own)s.", seq=seq, own=original)
    )


def _is_followed(db: Session, row: Any) -> bool:
    """Whether the next entry remembers this one's name, so that the name at least was there before."""
    after = db.scalar(sa.select(_entry.c.prev).where(_entry.c.seq == row.seq + 1))
    return bool(after == row.entry_hash)


def _check_details(row: Any, promised: str, erased: bool) -> None:
    seq = row.seq
    if row.salt is None:
        if promised and not erased:
            raise _Fault(
                seq, "details_missing", _("The personal details of entry %(seq)s are gone, and no erasure.", seq=seq)
            )
        return
    if not promised:
        raise _Fault(seq, "details_inserted", _("Entry %(seq)s never had details, but has some now.", seq=seq))
    if not hmac.compare_digest(ledger.commitment(row.salt, row.details), promised):
        raise _Fault(seq, "details_changed", _("The personal details of entry %(seq)s were changed.", seq=seq))
    if erased:
        raise _Fault(seq, "not_erased", _("The details of entry %(seq)s were erased and are back.", seq=seq))


def _check_end(db: Session, place: _Place, heads: dict[int, set[str]]) -> None:
    if heads:
        first = place.size + 1
        raise _Fault(first, "missing", _("Entries from %(seq)s on are missing: a kept head names them.", seq=first))
    orphan = db.scalar(sa.select(sa.func.min(_details.c.seq)).where(_details.c.seq > place.size))
    if orphan is not None:
        raise _Fault(orphan, "missing", _("Entry %(seq)s is missing, though its details are still here.", seq=orphan))


def _erased(db: Session) -> frozenset[int]:
    """Every entry whose details were lawfully erased; the entries that say so are checked like all others."""
    seqs: set[int] = set()
    for body in db.scalars(sa.select(_entry.c.body).where(_entry.c.kind == "erased").order_by(_entry.c.seq)):
        facts = _facts(body)
        if facts is not None and facts["kind"] == "erased":
            seqs.update(ref["seq"] for ref in facts["refs"] if ref["seq"] < facts["seq"])
    return frozenset(seqs)


def _seq_of(db: Session, entry_hash: str) -> int | None:
    if entry_hash == ledger.GENESIS:
        return 0
    return db.scalar(sa.select(_entry.c.seq).where(_entry.c.entry_hash == entry_hash))
