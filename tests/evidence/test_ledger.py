"""The ledger: what an entry holds, and that one act makes one entry."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
import time

import pytest
import sqlalchemy as sa

from oval_aup import evidence
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database, analyze_tables
from oval_aup.core.errors import Conflict
from oval_aup.evidence import ledger

NADIA = Actor(
    role="guardian",
    pseudonym="a" * 32,
    assurance="link-and-birth-date",
    channel="link",
    sent_to="nadia@example.org",
    browser="A phone",
)
RULES = evidence.DocumentRef("parents", 1, "f" * 64, "en", "full")


def sign(database: Database, key: str, subject: str = "a" * 32, kind: str = "signed") -> evidence.EntryRow:
    with database.writing() as db:
        return evidence.append(
            db,
            kind,
            subject=subject,
            act={"outcome": "signed", "school_year": 2026},
            document=RULES,
            details={"typed_name": "Nadia Khan"},
            idempotency_key=key,
            actor=NADIA,
        )


def test_the_first_entry_follows_sixty_four_zeros_and_the_next_follows_it(database: Database) -> None:
    first, second = sign(database, "one"), sign(database, "two")
    assert (first.seq, first.body["prev"]) == (1, "0" * 64)
    assert (second.seq, second.body["prev"]) == (2, first.entry_hash)
    with database.reading() as db:
        assert evidence.head(db) == evidence.Head(2, second.entry_hash)


def test_an_entry_names_nobody_but_its_details_do(database: Database) -> None:
    entry = sign(database, "one")
    written = json.dumps(entry.body)
    assert "Nadia" not in written
    assert "example.org" not in written
    assert "phone" not in written
    with database.reading() as db:
        assert evidence.details(db, [entry.seq]) == {
            1: {"typed_name": "Nadia Khan", "came_by": {"sent_to": "nadia@example.org", "browser": "A phone"}}
        }


def test_what_the_office_records_leaves_the_signers_device_empty(database: Database) -> None:
    office = Actor(role="admin", pseudonym="e" * 32, channel="office", browser="Office computer", assurance="telephone")
    with database.writing() as db:
        entry = evidence.append(
            db, "signed", subject="a" * 32, act={}, details={"note": "rang"}, idempotency_key="k", actor=office
        )
        assert evidence.details(db, [entry.seq]) == {entry.seq: {"note": "rang"}}


def test_an_entry_commits_to_the_key_under_which_it_was_made_and_does_not_tell_it(database: Database) -> None:
    entry = sign(database, "sitting:1")
    assert entry.body["once"] == hashlib.sha256(b"\x06sitting:1").hexdigest()
    assert "sitting:1" not in json.dumps(entry.body)


def test_the_same_key_gives_the_same_entry(database: Database) -> None:
    assert sign(database, "one") == sign(database, "one")
    with database.reading() as db:
        assert evidence.head(db).size == 1


def test_the_same_key_for_another_subject_is_refused(database: Database) -> None:
    sign(database, "one")
    with pytest.raises(Conflict):
        sign(database, "one", subject="b" * 32)
    with pytest.raises(Conflict):
        sign(database, "one", kind="declined")


def test_an_unknown_kind_of_act_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="no kind"):
        sign(database, "one", kind="sealed with a kiss")


def test_twenty_parallel_appends_with_one_key_make_one_entry(database: Database) -> None:
    found: list[evidence.EntryRow] = []
    threads = [threading.Thread(target=lambda: found.append(sign(database, "one"))) for _n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert {entry.entry_hash for entry in found} == {found[0].entry_hash}
    with database.reading() as db:
        assert evidence.head(db).size == 1
        assert evidence.verify(db).ok


def test_parallel_appends_with_different_keys_never_fork_the_chain(database: Database) -> None:
    threads = [threading.Thread(target=sign, args=(database, f"key {n}")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        assert evidence.verify(db) == evidence.LedgerVerdict(True, 20, evidence.head(db).entry_hash)


def test_a_rolled_back_act_leaves_no_entry(database: Database) -> None:
    def signs_and_falls_over() -> None:
        with database.writing() as db:
            evidence.append(db, "signed", subject="a" * 32, act={}, idempotency_key="k", actor=SYSTEM)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        signs_and_falls_over()
    with database.reading() as db:
        assert evidence.head(db) == evidence.Head(0, evidence.GENESIS)


def test_one_persons_acts_are_found_by_subject_and_by_actor(database: Database) -> None:
    sign(database, "own")
    sign(database, "for a child", subject="c" * 32)
    with database.writing() as db:
        evidence.append(db, "opened", subject="c" * 32, act={}, idempotency_key="k", actor=SYSTEM)
        assert [entry.seq for entry in evidence.entries_about(db, "a" * 32)] == [1]
        assert [entry.seq for entry in evidence.entries_by(db, "a" * 32)] == [1, 2]
        assert [entry.seq for entry in evidence.entries_about(db, "c" * 32)] == [2, 3]
        assert sorted(evidence.entries(db, [1, 3, 99])) == [1, 3]


def test_a_clock_that_jumps_back_is_noted_and_the_order_holds(database: Database) -> None:
    clock.travel_to(dt.datetime(2026, 10, 25, 12, 0, tzinfo=dt.UTC))
    sign(database, "before")
    clock.travel_to(dt.datetime(2026, 10, 24, 12, 0, tzinfo=dt.UTC))
    entry = sign(database, "after")
    assert entry.seq == 2
    assert entry.body["clock_suspect"] is True
    with database.reading() as db:
        assert evidence.verify(db).ok


def test_a_text_in_another_normal_form_is_written_once_and_for_all_in_nfc(database: Database) -> None:
    with database.writing() as db:
        entry = evidence.append(
            db, "imported", subject="school", act={"note": "Zoe\u0308"}, idempotency_key="k", actor=SYSTEM
        )
    assert entry.body["act"]["note"] == "Zoë"


def test_an_append_costs_less_than_two_milliseconds_of_processor_time(database: Database) -> None:
    with database.writing() as db:
        begun = time.process_time()
        for number in range(200):
            evidence.append(
                db, "requested", subject="a" * 32, act={"school_year": 2026}, idempotency_key=f"r{number}", actor=NADIA
            )
        each = (time.process_time() - begun) / 200
    assert each < 0.002


def test_history_cannot_be_edited_through_the_database(database: Database) -> None:
    sign(database, "one")
    for statement in ("UPDATE ledger_entry SET kind = 'x'", "DELETE FROM ledger_entry"):
        with pytest.raises(sa.exc.DBAPIError), database.writing() as db:
            db.execute(sa.text(statement))


def test_an_entry_never_costs_a_reading_of_the_whole_ledger(database: Database) -> None:
    with database.writing() as db:
        evidence.append(db, "opened", subject="school", act={}, idempotency_key="first", actor=SYSTEM)
        analyze_tables(db)  # the planner now takes the ledger for a short one, and goes on doing so while it grows
        statement = ledger._KNOWN_AND_LAST.params(keys=["second"])
        words = str(statement.compile(db.connection(), compile_kwargs={"literal_binds": True}))
        plan = [str(row.detail) for row in db.execute(sa.text(f"EXPLAIN QUERY PLAN {words}"))]
    assert any("SEARCH ledger_entry" in step for step in plan)
    assert [step for step in plan if "SCAN ledger_entry" in step] == []
