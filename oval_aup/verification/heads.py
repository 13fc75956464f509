"""Compares what others hold of the ledger, a kept head above all, with the ledger of today."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.core.i18n import _, ngettext
from oval_aup.core.templating import day
from oval_aup.verification.sandbox import inspect_file
from oval_aup.verifier import rules


@dataclass(frozen=True, slots=True)
class HeadFinding:
    """The outcome of a kept head: ``verdict`` is ``stands``, ``ledger_changed`` or ``not_ours``."""

    verdict: str
    size: int
    entry_hash: str
    reason: str
    owned_up: bool = False
    """Whether a whole ledger says itself that a backup was gone back to, and so why it lacks what the head names."""


class ChainReader:
    """Knows how far the ledger is an unbroken chain: what files and heads are compared with.

    All of it is read at most once in ``AGAIN_AFTER`` seconds, however many ask, and what came since each time.
    """

    AGAIN_AFTER = 60.0

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._found: evidence.LedgerVerdict | None = None
        self._read_at = 0.0

    def read(self, db: Session) -> evidence.LedgerVerdict:
        """The finding as of now."""
        with self._turn:
            if time.monotonic() - self._read_at > self.AGAIN_AFTER:
                self._found, self._read_at = None, time.monotonic()
            if self._found is None or self._found.ok:
                self._found = evidence.verify(db, details=False, after=self._found)
            return self._found


def check_heads(
    db: Session, text: str, *, most: int | None = None, chain: evidence.LedgerVerdict | None = None
) -> tuple[HeadFinding, ...]:
    """Whether each head found in a text, or the first ``most`` of them, is ours and still part of today's history."""
    chain = chain or ChainReader().read(db)
    keys, found = evidence.register(db, upto=chain.size), []
    for head in rules.heads_in(text)[:most]:
        fault = ledger_fault(db, head, chain)
        if not chain.ok and not any(row.key_id == head["key"] for row in keys):
            verdict, reason = "ledger_changed", chain.reason  # the entry of its key may be what was changed
        elif not head_is_ours(head, keys):
            verdict, reason = "not_ours", _strange_head(head, keys, agrees=not fault)
        elif fault:
            verdict, reason = "ledger_changed", fault
        else:
            verdict = "stands"
            reason = ngettext(
                "Today’s ledger still begins with the same %(size)s entry.",
                "Today’s ledger still begins with the same %(size)s entries.",
                head["size"],
                size=f"{head['size']:,}",
            )
        owned_up = verdict == "ledger_changed" and chain.ok and bool(_lost(db, head["size"], chain))
        found.append(HeadFinding(verdict, head["size"], head["entry_hash"], reason, owned_up))
    return tuple(found)


def missing_head(text: str) -> str:
    """Why no head is found in a text that should hold one: it is not there at all, or which part of it falls short."""
    _before, *behind = rules.HEAD_MARK.split(text, maxsplit=1)
    if not behind:
        return _("There is no line in this that begins with OVAL-HEAD.")
    parts = behind[0].split()[1 : len(PARTS_OF_HEAD) + 1]
    if len(parts) == len(PARTS_OF_HEAD):
        for number, (part, length) in enumerate(zip(parts, PARTS_OF_HEAD, strict=True), start=2):
            if length and len(part) != length:
                return ngettext(
                    "There is no complete line in this: part %(part)s after OVAL-HEAD has %(found)s character, and "
                    "%(length)s are printed. A letter is missing, or one too many.",
                    "There is no complete line in this: part %(part)s after OVAL-HEAD has %(found)s characters, and "
                    "%(length)s are printed. A letter is missing, or one too many.",
                    len(part),
                    part=number,
                    found=len(part),
                    length=length,
                )
    return _(
        "There is no complete line in this. After OVAL-HEAD come six parts: 1, a number, 64 characters, a time, 64 "
        "characters, and 88 characters of which the last two are ==."
    )


PARTS_OF_HEAD = (0, 64, 0, 64, 88)
"""How many characters the second and later parts of a head have; none where it varies."""


def turning_point(heads: Iterable[HeadFinding]) -> str:
    """Where today's history leaves the one that kept heads name, as narrow as they allow; empty when it does not.

    Not told of what the ledger owns up to: it names the place itself, and went on with the same numbers since.
    """
    left = min((head.size for head in heads if head.verdict == "ledger_changed" and not head.owned_up), default=0)
    if not left:
        return ""
    held = max((head.size for head in heads if head.verdict == "stands" and head.size < left), default=0)
    return _(
        "Kept heads agree with today’s history up to entry %(held)s and no longer at entry %(left)s.",
        held=f"{held:,}",
        left=f"{left:,}",
    )


def text_with_heads(content: bytes, *, limit: int) -> str:
    """A text in which the heads of a file can be found: the file itself, or the head of the record inside it."""
    if not content.startswith((b"%PDF-", b"{")):
        return rules.text_of(content[:limit])
    head = (inspect_file(content, limit=limit).record or {}).get("head")
    return rules.head_text(head) if head else ""


def head_is_ours(head: dict[str, Any], keys: Sequence[evidence.KeyRow]) -> bool:
    """Whether a registered key signed it, whenever: the time in it is the signer's own word, and clocks go wrong."""
    try:
        return rules.check_head(head, {row.key_id: row.public for row in keys if row.use == "head"}) is True
    except rules.Broken:
        return False


def _strange_head(head: dict[str, Any], keys: Sequence[evidence.KeyRow], *, agrees: bool) -> str:
    """Why a head is not one of ours; a slip of the pen is far more common than a forgery, and looks the same."""
    if agrees and head["size"]:
        return _(
            "Its key or signature does not fit, so it was mistyped or does not come from this school. The entry that "
            "it names, number %(size)s, is in today’s ledger just so. In the last part of the line capital and small "
            "letters count, and so do O and 0.",
            size=f"{head['size']:,}",
        )
    if any(row.key_id == head["key"] for row in keys):
        return _(
            "Its signature does not fit: a part of it was mistyped or changed. In the last part of the line capital "
            "and small letters count, and so do O and 0."
        )
    return _(
        "It names a key that this school’s register does not hold: it was mistyped, comes from elsewhere, or the "
        "register was changed. Compare the key with the one on other people’s receipts."
    )


def ledger_fault(db: Session, head: dict[str, Any], chain: evidence.LedgerVerdict) -> str:
    """Empty when the ledger still has the entry that a head of ours names; else what has become of it."""
    size = head["size"]
    if size == 0:
        return ""
    if size > chain.size and not chain.ok:
        return chain.reason
    if size > chain.size:
        fault = ngettext(
            "The school once had %(size)s entry in its ledger, and has fewer now: the end was cut off, or an older "
            "copy was put back.",
            "The school once had %(size)s entries in its ledger, and has fewer now: the end was cut off, or an older "
            "copy was put back.",
            size,
            size=f"{size:,}",
        )
    elif evidence.hashes(db, [size]).get(size) == head["entry_hash"]:
        return ""
    elif _lost(db, size, chain):
        fault = _("The school’s ledger has lost the entry %(size)s that the school signed.", size=f"{size:,}")
    else:
        fault = _(
            "Entry %(size)s of the school’s ledger is not the one it signed: history was written anew at that entry or "
            "before it.",
            size=f"{size:,}",
        )
    return f"{fault} {_lost(db, size, chain)}".rstrip()


def _lost(db: Session, size: int, chain: evidence.LedgerVerdict) -> str:
    """What the ledger says of the backup gone back to that took an entry of this number with it; empty for none."""
    return next((back.sentence for back in _goings_back(db, chain.size) if back.kept < size <= back.known), "")


def gone_back_after(db: Session, at: dt.datetime | None, chain: evidence.LedgerVerdict) -> str:
    """What the ledger says of a backup put in its place after this moment; empty where it says nothing."""
    for back in _goings_back(db, chain.size):
        if at is not None and back.kept_at <= at <= back.at:
            return back.sentence
    return ""


def gaps(db: Session, *, since: dt.datetime, at: dt.datetime) -> tuple[str, ...]:
    """What the ledger says of acts of ``since`` and later that it lost, for whoever tells what stood ``at`` a moment.

    A backup gone back to later is told as well: what it took with it had stood at the moment.
    """
    return tuple(
        back.sentence for back in _goings_back(db) if back.kept < back.known and back.kept_at <= at and since <= back.at
    )


@dataclass(frozen=True, slots=True)
class _GoingBack:
    """A ``restored`` entry: from ``known`` entries the school went back ``at`` a moment to the ``kept`` first ones."""

    seq: int
    at: dt.datetime
    kept: int
    kept_at: dt.datetime
    known: int

    @property
    def sentence(self) -> str:
        return _(
            "The ledger says itself, in entry %(seq)s, that on %(day)s the school went back to a backup which ended at "
            "entry %(kept)s. Whatever was entered between the two is missing from it since.",
            seq=f"{self.seq:,}",
            day=day(self.at),
            kept=f"{self.kept:,}",
        )


def _goings_back(db: Session, upto: int = evidence.LAST_NUMBER) -> list[_GoingBack]:
    found = []
    for entry in evidence.entries_of_kind(db, "restored", upto=upto):
        kept, known = (entry.body["act"].get(name) for name in ("backup_size", "known_size"))
        last = evidence.entries(db, [kept]).get(kept) if isinstance(kept, int) else None
        if isinstance(kept, int) and isinstance(known, int) and last is not None:
            found.append(_GoingBack(entry.seq, entry.at, kept, last.at, known))
    return found
