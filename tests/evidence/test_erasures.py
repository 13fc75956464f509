"""Erasures are listed outside the database, survive crashes, and are applied again to a ledger that went back."""

from __future__ import annotations

import json
from pathlib import Path

from oval_aup import evidence
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database

BASIS = "retention period over"


def write(database: Database, numbers: range) -> None:
    with database.writing() as db:
        for number in numbers:
            evidence.append(
                db,
                "opened",
                subject="p1",
                act={"number": number},
                details={"name": f"Aisha {number}"},
                idempotency_key=f"o{number}",
                actor=SYSTEM,
            )


def erase(database: Database, seqs: list[int], key: str) -> evidence.EntryRow:
    with database.writing() as db:
        return evidence.erase_details(db, seqs, basis=BASIS, subject="p1", idempotency_key=key, actor=SYSTEM)


def note(database: Database, instance: Path) -> int:
    with database.reading() as db:
        return evidence.note_missing_erasures(db, instance)


def test_an_erasure_is_noted_once_and_names_nobody(database: Database, instance: Path) -> None:
    write(database, range(3))
    erased = erase(database, [1, 3], "erase:1")
    for added in (1, 0):
        assert note(database, instance) == added
    text = (instance / evidence.ERASURES).read_text(encoding="utf-8")
    assert json.loads(text) == {
        "at": erased.body["at"],
        "basis": BASIS,
        "subject": "p1",
        "seqs": [1, 3],
        "idempotency_key": "erase:1",
        "entry_hash": erased.entry_hash,
    }
    assert "Aisha" not in text
    assert [noted.idempotency_key for noted in evidence.noted_erasures(instance)] == ["erase:1"]
    assert (instance / evidence.ERASURES).stat().st_mode & 0o077 == 0


def test_an_erasure_that_a_crash_kept_from_the_list_is_added(database: Database, instance: Path) -> None:
    write(database, range(3))
    erase(database, [1], "erase:1")
    note(database, instance)
    with (instance / evidence.ERASURES).open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-1')
    erase(database, [2], "erase:2")
    with database.reading() as db:
        assert [evidence.note_missing_erasures(db, instance) for _time in range(2)] == [1, 0]
    assert [noted.idempotency_key for noted in evidence.noted_erasures(instance)] == ["erase:1", "erase:2"]


def test_a_ledger_that_went_back_is_erased_again_and_nothing_newer_is_touched(
    database: Database, instance: Path
) -> None:
    write(database, range(2))
    noted = evidence.NotedErasure("2999-01-01T00:00:00.000000Z", BASIS, "p1", (1, 9), "erase:1", "0" * 64)
    older = evidence.NotedErasure("2001-01-01T00:00:00.000000Z", BASIS, "p1", (2,), "erase:2", "0" * 64)
    with database.reading() as db:
        assert evidence.unapplied_erasures(db, [noted, older]) == (noted, older)
    with database.writing() as db:
        first = evidence.erase_again(db, noted, actor=SYSTEM)
        second = evidence.erase_again(db, older, actor=SYSTEM)
    with database.reading() as db:
        assert evidence.unapplied_erasures(db, [noted, older]) == ()
        assert evidence.details(db, [1, 2]).keys() == {2}
        assert evidence.verify(db).ok
    assert [ref["seq"] for ref in first.body["refs"]] == [1]
    assert second.body["refs"] == []
