"""A thousand lawful histories raise no alarm, whatever happened in them; and what a guard forbids, a check notices."""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3
from pathlib import Path

import pytest

from oval_aup import evidence, verification
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.canonical import canonical
from oval_aup.core.db import Database, Session
from oval_aup.core.errors import Conflict
from oval_aup.evidence.ledger_verification import LedgerVerdict
from oval_aup.verifier import rules

START = dt.datetime(2026, 9, 1, 8, 0, tzinfo=dt.UTC)
HISTORIES, IN_ONE_TRANSACTION = 1000, 50
SENTENCES = ("Nadia Khan", "Łukasz Ó Sé", "نادیہ خان", "e\u0301", "\U0001f600", "a\u2028b", '"\\/', "")


class _Undo(Exception):
    """Rolls a history back, so that the next one begins with an empty ledger."""


class History:
    """One school's years, made up by a seeded die."""

    def __init__(self, db: Session, ring: evidence.Keyring, seed: int) -> None:
        self.db, self.ring, self.die = db, ring, random.Random(seed)
        self.now = START
        self.heads: list[evidence.SignedHead] = []
        self.detailed: list[int] = []
        self.acts = 0

    def run(self) -> None:
        clock.travel_to(self.now)
        self.ring.prepare(self.db, school_name="The Oval School", actor=SYSTEM)
        for _step in range(self.die.randint(1, 12)):
            self.now += dt.timedelta(seconds=self.die.choice((0, 1, 60, 86_400, 4_000_000, -30)))
            clock.travel_to(self.now)
            self.die.choice((self.sign, self.sign, self.sign, self.erase, self.rotate, self.keep, self.repeat))()
        self.keep()

    def sign(self) -> None:
        self.acts += 1
        details = {"typed_name": self.die.choice(SENTENCES), "n": self.acts} if self.die.random() < 0.7 else None
        actor = self.die.choice((SYSTEM, Actor(role="guardian", pseudonym="a" * 32, channel="link", browser="A phone")))
        entry = evidence.append(
            self.db,
            self.die.choice(sorted(evidence.KINDS - {"key_rotated", "erased"})),
            subject=f"{self.die.randint(1, 5):032d}",
            act={"text": self.die.choice(SENTENCES), "number": self.die.randint(-(2**53) + 1, 2**53 - 1)},
            details=details,
            refs=[evidence.Ref(self.die.randint(1, 2), "what it is about")] if self.die.random() < 0.3 else (),
            idempotency_key=f"act {self.acts}",
            actor=actor,
        )
        if details or actor.channel == "link":
            self.detailed.append(entry.seq)

    def repeat(self) -> None:
        """The same act sent twice: known, or refused, and never written twice."""
        if self.acts:
            size = evidence.head(self.db).size
            with pytest.raises(Conflict):
                key = f"act {self.acts}"
                evidence.append(self.db, "declined", subject="nobody", act={}, idempotency_key=key, actor=SYSTEM)
            assert evidence.head(self.db).size == size

    def erase(self) -> None:
        chosen = self.die.sample(self.detailed, min(len(self.detailed), self.die.randint(0, 3)))
        self.detailed = [seq for seq in self.detailed if seq not in chosen]
        if chosen:
            key = f"erased {evidence.head(self.db).size}"
            evidence.erase_details(
                self.db, chosen, basis="request", subject="school", idempotency_key=key, actor=SYSTEM
            )

    def rotate(self) -> None:
        self.ring.rotate(self.db, "head", school_name="The Oval School", actor=SYSTEM)

    def keep(self) -> None:
        self.heads.append(evidence.signed_head(self.db, self.ring))

    def verdict(self) -> LedgerVerdict:
        kept = [evidence.Head(head.size, head.entry_hash) for head in self.heads]
        return evidence.verify(self.db, known_heads=kept)


class QuickRing(evidence.Keyring):
    """Keeps its keys in memory: a thousand schools need not write a thousand encrypted files."""

    def _keep(self, use: str, key_id: str, private: object) -> None:
        if use == "head":
            self._heads[key_id] = private  # type: ignore[assignment]


@pytest.mark.parametrize("part", range(HISTORIES // IN_ONE_TRANSACTION))
def test_a_lawful_history_raises_no_alarm(database: Database, tmp_path: Path, part: int) -> None:
    for seed in range(part * IN_ONE_TRANSACTION, (part + 1) * IN_ONE_TRANSACTION):
        try:
            with database.writing() as db:
                history = History(db, QuickRing(tmp_path, b""), seed)
                history.run()
                assert history.verdict().ok, (seed, history.verdict())
                kept = {head.text for head in history.heads}  # two of the same microsecond are one
                found = verification.check_heads(db, "\n".join(kept), most=100)
                assert [one.verdict for one in found] == ["stands"] * len(kept), seed
                raise _Undo
        except _Undo:
            continue


def test_a_history_goes_on_after_an_older_copy_was_put_back_and_says_so(database: Database, tmp_path: Path) -> None:
    """Restoring loses what came after the copy: heads of before stand, younger ones name the loss."""
    clock.travel_to(START)
    ring = QuickRing(tmp_path, b"")
    with database.writing() as db:
        ring.prepare(db, school_name="The Oval School", actor=SYSTEM)
        before = evidence.signed_head(db, ring)
    copy = tmp_path / "copy.db"
    with sqlite3.connect(database.url.database or "") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    with database.writing() as db:
        evidence.append(db, "signed", subject="1" * 32, act={}, idempotency_key="lost", actor=SYSTEM)
        lost = evidence.signed_head(db, ring)
    restored = Database(f"sqlite:///{copy}")
    with restored.writing() as db:
        evidence.append(db, "restored", subject="school", act={"size": 2}, idempotency_key="restored", actor=SYSTEM)
        after = evidence.signed_head(db, ring)
        assert evidence.verify(db, known_heads=[evidence.Head(before.size, before.entry_hash)]).ok
        found = verification.check_heads(db, "\n".join((before.text, lost.text, after.text)))
    restored.dispose()
    assert [one.verdict for one in found] == ["stands", "ledger_changed", "stands"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET kind = 'x' WHERE seq = 1",
        "DELETE FROM ledger_entry WHERE seq = 1",
        "REPLACE INTO ledger_entry SELECT seq, prev, entry_hash, x'00', 'k', kind, subject FROM ledger_entry",
        "INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE seq = 1",
        "UPDATE OR REPLACE ledger_entry SET seq = 2 WHERE seq = 1",
        "UPDATE ledger_entry SET body = o.body FROM ledger_entry AS o WHERE ledger_entry.seq = 1 AND o.seq = 2",
        "DELETE FROM ledger_details WHERE seq = 3",
        "UPDATE ledger_details SET details = x'7b7d' WHERE seq = 3",
        "REPLACE INTO ledger_details SELECT seq, salt, x'7b7d' FROM ledger_details",
        "INSERT INTO ledger_entry SELECT 9, prev, entry_hash, body, 'k', kind, subject FROM ledger_entry WHERE seq = 1",
    ],
)
def test_the_guards_refuse_whoever_leaves_them_in_place(database: Database, tmp_path: Path, statement: str) -> None:
    _five(database, tmp_path)
    connection = sqlite3.connect(database.url.database or "")
    connection.execute("PRAGMA recursive_triggers = on")  # as every connection of this product has it
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()


def test_what_is_slipped_past_the_guards_by_rewriting_the_schema_is_noticed(database: Database, tmp_path: Path) -> None:
    _five(database, tmp_path)
    connection = sqlite3.connect(database.url.database or "")
    connection.execute("PRAGMA writable_schema = on")
    connection.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    connection.commit()
    connection.close()
    connection = sqlite3.connect(database.url.database or "")
    body = connection.execute("SELECT body FROM ledger_entry WHERE seq = 3").fetchone()[0]
    facts = json.loads(body)
    facts["act"] = {"number": 99}
    new = canonical(facts)
    changed = "UPDATE ledger_entry SET body = ?, entry_hash = ? WHERE seq = 3"
    connection.execute(changed, (new, rules.entry_hash(new)))
    connection.commit()
    connection.close()
    with database.reading() as db:
        found = evidence.verify(db)
    assert (found.bad_seq, found.fault) == (3, "edited")


def _five(database: Database, folder: Path) -> None:
    clock.travel_to(START)
    with database.writing() as db:
        QuickRing(folder, b"").prepare(db, school_name="The Oval School", actor=SYSTEM)
        for number in (3, 4, 5):
            key = f"key {number}"
            evidence.append(
                db, "signed", subject="1" * 32, act={}, details={"n": number}, idempotency_key=key, actor=SYSTEM
            )
    database.dispose()
