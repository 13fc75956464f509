"""A school with a short ledger and one real receipt of it, sealed and given out; made once for many tests."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oval_aup import documents, evidence, printing, verification
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.school import School
from oval_aup.reports import ledger_acts
from oval_aup.verification import inspection
from oval_aup.verifier.rules import RECORD_NAME

SCHOOL = School("The Oval School", "0121 496 0000", "office@oval.example.org", "https://oval.example.org")
NOW = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
"""When everything happens but the sealing, which goes by the machine's own clock."""

NADIA = Actor(role="guardian", pseudonym="a" * 32, assurance="link-and-birth-date", channel="link", browser="A phone")
SIGNED = (3, 4, 5, 6)
"""The entries that the receipt is about; the first two register the keys."""

LIMIT = 10 * 1024 * 1024


@dataclass
class PaperTrail:
    """``receipt`` was given out; ``unlisted`` is sealed alike, and the ledger knows nothing of its hash."""

    database: Database
    ring: evidence.Keyring
    press: printing.RenderPool
    plain: bytes
    record: bytes
    receipt: bytes
    unlisted: bytes

    def judge(self, content: bytes, database: Database | None = None) -> verification.Finding:
        """What is said of a file today, in this database or another; taken apart here and not in its own process."""
        taken = json.loads(json.dumps(inspection.take_apart(content)))
        seen = verification.Seen(hashlib.sha256(content).hexdigest(), len(content), **taken)
        with (database or self.database).reading() as db:
            return verification.judge(db, seen)

    def examine(self, content: bytes) -> verification.Finding:
        """The same as people get it, with a process that takes the file apart."""
        with self.database.reading() as db:
            return verification.judge(db, verification.inspect_file(content, limit=LIMIT))

    def seal(self, pdf: bytes) -> bytes:
        with self.database.reading() as db:
            return evidence.SealPress(self.ring, school_name=SCHOOL.name).sealer(db).seal(pdf)

    def printed(self, record: bytes, words: str = "You agreed to 17 rules.") -> bytes:
        html = f'<html lang="en"><head><title>Receipt</title></head><body><h1>Receipt</h1><p>{words}</p></body></html>'
        embedded = (printing.EmbeddedFile(RECORD_NAME, "The entries", record),) if record else ()
        return self.press.print(printing.PrintJob(html, NOW, embedded))

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Database]:
        """The database as somebody who puts back an older copy, or works on one, has it."""
        self.database.dispose()
        path = folder / "copy.db"
        shutil.copy(self.database.url.database or "", path)
        copied = Database(f"sqlite:///{path}")
        yield copied
        copied.dispose()


def sign(database: Database, number: int) -> None:
    """One more act."""
    with database.writing() as db:
        evidence.append(
            db,
            "signed",
            subject=f"{number:032d}",
            act={"number": number},
            details={"typed_name": f"Person {number}"},
            idempotency_key=f"key {number}",
            actor=NADIA,
        )


def lay(database: Database, folder: Path, press: printing.RenderPool) -> PaperTrail:
    """Fill an empty database and give out one receipt, as the worker does."""
    clock.travel_to(NOW)
    ring = evidence.Keyring(folder / "keys", b"a password of the school")
    with database.writing() as db:
        ring.prepare(db, school_name=SCHOOL.name, actor=SYSTEM)
    for number in SIGNED:
        sign(database, number)
    with database.writing() as db:
        documents.request_document(db, kind="receipt", subject="a" * 32, params={}, dedupe_key="receipt")
    claim = documents.claim_document(database)
    assert claim is not None
    with database.reading() as db:
        head = evidence.signed_head(db, ring)
        record = ledger_acts.evidence_file(
            db, evidence.bare_entries(db, SIGNED), document=claim, school=SCHOOL, head=head
        )
    trail = PaperTrail(database, ring, press, b"", record, b"", b"")
    trail.plain = trail.printed(record)
    trail.receipt, trail.unlisted = trail.seal(trail.plain), trail.seal(trail.plain)
    with database.writing() as db:
        documents.store_document(db, claim, trail.receipt, record=record)
    sign(database, 8)
    return trail


def as_intruder(database: Database, *statements: str) -> None:
    """Somebody with the file, who drops the triggers first."""
    database.dispose()
    connection = sqlite3.connect(database.url.database or "")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
