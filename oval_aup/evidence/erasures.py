"""Erases details, and keeps the list of erasures outside the database, so that no backup can bring them back.

A line says which entries of the ledger lost their details, under which legal basis and for which pseudonym, and nothing
more: whoever reads the file learns nobody's name. Lines are only ever added.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import table_of
from oval_aup.evidence import ledger
from oval_aup.evidence.models import LedgerDetails, LedgerEntry

ERASURES = "erasures.jsonl"
"""The file's name, in the instance folder and beside the backups."""

_entry = table_of(LedgerEntry)
_details = table_of(LedgerDetails)


@dataclass(frozen=True, slots=True)
class NotedErasure:
    """One erasure as it stands outside the database; ``entry_hash`` is the ``erased`` entry's, ``at`` its time."""

    at: str
    basis: str
    subject: str
    seqs: tuple[int, ...]
    idempotency_key: str
    entry_hash: str

    @property
    def line(self) -> str:
        """As it is kept: one JSON object."""
        facts = {
            "at": self.at,
            "basis": self.basis,
            "subject": self.subject,
            "seqs": list(self.seqs),
            "idempotency_key": self.idempotency_key,
            "entry_hash": self.entry_hash,
        }
        return json.dumps(facts, ensure_ascii=False)


def erase_details(
    db: Session,
    seqs: Iterable[int],
    *,
    basis: str,
    subject: str,
    removed: Mapping[str, int] | None = None,
    approved_by: str = "",
    idempotency_key: str,
    actor: Actor,
) -> ledger.EntryRow:
    """Delete the personal details and salts of entries for ever and record that under the legal ``basis``.

    ``removed`` counts by kind what went with them outside the ledger; ``approved_by`` is the pseudonym of the second
    person who agreed, where one had to. The ``erased`` entry is written first: a guard in
    the database lets details go only once an entry says why.
    """
    chosen = sorted(set(seqs))
    act: dict[str, Any] = {"basis": basis, "entries": len(chosen)}
    if removed:
        act["removed"] = dict(removed)
    if approved_by:
        act["approved_by"] = approved_by
    erased = ledger.append(
        db,
        "erased",
        subject=subject,
        act=act,
        refs=[ledger.Ref(seq, "details erased") for seq in chosen],
        idempotency_key=idempotency_key,
        actor=actor,
    )
    db.execute(sa.delete(_details).where(_details.c.seq.in_(chosen)))
    return erased


def note_missing_erasures(db: Session, folder: Path) -> int:
    """Note every erasure of the ledger that the file lacks, and return how many those were."""
    rows = db.execute(
        sa.select(_entry.c.idempotency_key, _entry.c.seq).where(_entry.c.kind == "erased").order_by(_entry.c.seq)
    ).all()
    known = {noted.idempotency_key for noted in noted_erasures(folder)}
    missing = {row.seq: row.idempotency_key for row in rows if row.idempotency_key not in known}
    found = ledger.entries(db, missing)
    return keep_erasures(folder, [_noted(found[seq], key) for seq, key in missing.items()])


def noted_erasures(folder: Path) -> tuple[NotedErasure, ...]:
    """Every erasure that the file in this folder knows; a line that was cut off by a crash is left out."""
    try:
        text = (folder / ERASURES).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(noted for noted in map(_read, text.splitlines()) if noted is not None)


def keep_erasures(folder: Path, erasures: Iterable[NotedErasure]) -> int:
    """Add those that the file in this folder does not know yet, in one write; returns how many."""
    known = {noted.idempotency_key for noted in noted_erasures(folder)}
    new = {noted.idempotency_key: noted for noted in erasures if noted.idempotency_key not in known}
    if not new:
        return 0
    descriptor = os.open(folder / ERASURES, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        lines = "".join(f"{noted.line}\n" for noted in new.values())
        os.write(descriptor, (("\n" if torn else "") + lines).encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _settle(folder)
    return len(new)


def unapplied_erasures(db: Session, erasures: Iterable[NotedErasure]) -> tuple[NotedErasure, ...]:
    """Those that this ledger does not know: the database is older than they are."""
    noted = {one.idempotency_key: one for one in erasures}
    if not noted:
        return ()
    kept = frozenset(db.scalars(sa.select(_entry.c.idempotency_key).where(_entry.c.kind == "erased")))
    return tuple(one for key, one in noted.items() if key not in kept)


def erase_again(db: Session, noted: NotedErasure, *, actor: Actor) -> ledger.EntryRow:
    """Apply a noted erasure to a ledger that has gone back to before it.

    Entries that were lost by going back are left out, also where another entry has taken the number since: an erasure
    never reaches what was written after it.
    """
    reached = [seq for seq, row in ledger.entries(db, noted.seqs).items() if clock.iso(row.at) <= noted.at]
    return erase_details(
        db,
        reached,
        basis=noted.basis,
        subject=noted.subject,
        idempotency_key=noted.idempotency_key,
        actor=actor,
    )


def _noted(erased: ledger.EntryRow, idempotency_key: str) -> NotedErasure:
    body = erased.body
    return NotedErasure(
        at=body["at"],
        basis=body["act"]["basis"],
        subject=body["subject"]["pseudonym"],
        seqs=tuple(ref["seq"] for ref in body["refs"]),
        idempotency_key=idempotency_key,
        entry_hash=erased.entry_hash,
    )


def _read(line: str) -> NotedErasure | None:
    try:
        facts: dict[str, Any] = json.loads(line)
        seqs = tuple(int(seq) for seq in facts["seqs"])
        texts = [facts[name] for name in ("at", "basis", "subject", "idempotency_key", "entry_hash")]
    except (ValueError, KeyError, TypeError):
        return None
    if not all(isinstance(text, str) for text in texts):
        return None
    at, basis, subject, key, entry_hash = texts
    return NotedErasure(at, basis, subject, seqs, key, entry_hash)


def _settle(folder: Path) -> None:
    """Make a new file's name as durable as its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
