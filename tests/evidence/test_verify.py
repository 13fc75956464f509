"""Tampering with the database file: each kind is noticed, named, and placed at the first entry it touches."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from oval_aup import evidence
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.canonical import canonical
from oval_aup.core.db import Database
from oval_aup.evidence import ledger

NADIA = Actor(role="guardian", pseudonym="a" * 32, assurance="link-and-birth-date", channel="link", browser="A phone")


@pytest.fixture
def filled(database: Database) -> Database:
    """Ten entries, all with details."""
    with database.writing() as db:
        for number in range(1, 11):
            evidence.append(
                db,
                "signed",
                subject=f"{number:032d}",
                act={"number": number},
                details={"typed_name": f"Person {number}"},
                idempotency_key=f"key {number}",
                actor=NADIA,
            )
    return database


@contextmanager
def intruder(database: Database) -> Iterator[sqlite3.Connection]:
    """Somebody with the file and no respect: triggers dropped, foreign keys off, unique indexes gone."""
    database.dispose()
    path = Path(database.url.database or "")
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.executescript(
        "CREATE TABLE loose AS SELECT * FROM ledger_entry; DROP TABLE ledger_entry;"
        "ALTER TABLE loose RENAME TO ledger_entry;"
    )
    yield connection
    connection.commit()
    connection.close()


def verdict(database: Database, **options: list[evidence.Head]) -> tuple[int | None, str]:
    with database.reading() as db:
        found = evidence.verify(db, known_heads=options.get("known_heads", []))
    assert found.ok == (found.fault == "")
    assert found.ok or str(found.bad_seq) in found.reason
    return found.bad_seq, found.fault


def body_of(connection: sqlite3.Connection, seq: int) -> bytes:
    body: bytes = connection.execute("SELECT body FROM ledger_entry WHERE seq = ?", (seq,)).fetchone()[0]
    return body


def forged(connection: sqlite3.Connection, seq: int, prev: str) -> tuple[bytes, str]:
    facts = json.loads(body_of(connection, 3))
    facts |= {"seq": seq, "prev": prev, "act": {"number": 99}, "details_commitment": ""}
    body = canonical({**facts, "once": ledger.once_hash("forged")})
    return body, ledger.entry_hash(body)


def test_an_untouched_ledger_is_in_order(filled: Database) -> None:
    with filled.reading() as db:
        assert evidence.verify(db) == evidence.LedgerVerdict(True, 10, evidence.head(db).entry_hash)


def test_an_empty_ledger_is_in_order(database: Database) -> None:
    with database.reading() as db:
        assert evidence.verify(db) == evidence.LedgerVerdict(True, 0, evidence.GENESIS)


def test_an_edited_entry_is_named(filled: Database) -> None:
    with intruder(filled) as thief:
        changed = body_of(thief, 4).replace(b'"number":4', b'"number":5')
        thief.execute("UPDATE ledger_entry SET body = ? WHERE seq = 4", (changed,))
    assert verdict(filled) == (4, "edited")


def test_an_entry_replaced_with_a_matching_hash_is_named(filled: Database) -> None:
    with intruder(filled) as thief:
        changed = body_of(thief, 4).replace(b'"number":4', b'"number":5')
        thief.execute(
            "UPDATE ledger_entry SET body = ?, entry_hash = ? WHERE seq = 4", (changed, ledger.entry_hash(changed))
        )
    assert verdict(filled) == (4, "edited")


def test_bytes_that_are_not_even_text_are_called_edited_and_crash_nothing(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET body = x'00ff' WHERE seq = 2")
    assert verdict(filled) == (2, "edited")


@pytest.mark.parametrize("column", ["kind", "subject", "prev"])
def test_a_searchable_copy_that_differs_from_the_entry_is_noticed(filled: Database, column: str) -> None:
    with intruder(filled) as thief:
        thief.execute(f"UPDATE ledger_entry SET {column} = 'declined' WHERE seq = 6")
    assert verdict(filled) == (6, "edited")


def test_a_key_changed_so_that_an_act_could_be_entered_again_is_noticed(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET idempotency_key = 'key 6, as it were' WHERE seq = 6")
    assert verdict(filled) == (6, "edited")
    with filled.reading() as db:
        assert "its act could be entered again" in evidence.verify(db).reason


def test_keys_exchanged_between_two_entries_are_noticed(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute(
            "UPDATE ledger_entry SET idempotency_key = CASE seq WHEN 4 THEN 'key 7' ELSE 'key 4' END"
            " WHERE seq IN (4, 7)"
        )
    assert verdict(filled) == (4, "edited")


def test_entries_of_before_keys_were_committed_to_are_in_order_and_later_ones_follow_them(filled: Database) -> None:
    with intruder(filled) as history:
        prev = evidence.GENESIS
        for seq in range(1, 11):
            facts = {name: fact for name, fact in json.loads(body_of(history, seq)).items() if name != "once"}
            body = canonical({**facts, "prev": prev})
            values = (body, prev, prev := ledger.entry_hash(body), seq)
            history.execute("UPDATE ledger_entry SET body = ?, prev = ?, entry_hash = ? WHERE seq = ?", values)
    with filled.writing() as db:
        evidence.append(db, "opened", subject="school", act={}, idempotency_key="k", actor=SYSTEM)
    assert verdict(filled) == (None, "")
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET idempotency_key = 'another' WHERE seq = 11")
    assert verdict(filled) == (11, "edited")


def test_a_deleted_entry_is_missing(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_entry WHERE seq = 5")
    assert verdict(filled) == (5, "missing")


def test_a_deleted_first_entry_is_missing(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_entry WHERE seq = 1")
    assert verdict(filled) == (1, "missing")


def test_a_deleted_entry_is_missing_even_when_the_later_ones_move_up(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_entry WHERE seq = 5")
        thief.execute("UPDATE ledger_entry SET seq = seq - 1 WHERE seq > 5")
    assert verdict(filled) == (5, "missing")


def test_a_deleted_last_entry_is_given_away_by_its_details(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_entry WHERE seq = 10")
    assert verdict(filled) == (10, "missing")


def test_entries_cut_off_without_trace_are_noticed_by_a_kept_head(filled: Database) -> None:
    with filled.reading() as db:
        kept = evidence.head(db)
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_entry WHERE seq > 8")
        thief.execute("DELETE FROM ledger_details WHERE seq > 8")
    assert verdict(filled) == (None, "")
    assert verdict(filled, known_heads=[kept]) == (9, "missing")


def test_a_chain_recomputed_to_the_end_is_noticed_by_a_kept_head(filled: Database) -> None:
    with filled.reading() as db:
        kept = evidence.head(db)
    with intruder(filled) as thief:
        prev = json.loads(body_of(thief, 8))["prev"]
        for seq in range(8, 11):
            facts = json.loads(body_of(thief, seq))
            body = canonical({**facts, "prev": prev, "act": {"number": 0}})
            thief.execute(
                "UPDATE ledger_entry SET body = ?, prev = ?, entry_hash = ? WHERE seq = ?",
                (body, prev, ledger.entry_hash(body), seq),
            )
            prev = ledger.entry_hash(body)
    assert verdict(filled) == (None, "")
    assert verdict(filled, known_heads=[kept]) == (10, "edited")


def test_an_entry_put_in_between_is_named(filled: Database) -> None:
    with intruder(filled) as thief:
        before = thief.execute("SELECT entry_hash FROM ledger_entry WHERE seq = 4").fetchone()[0]
        thief.execute("UPDATE ledger_entry SET seq = seq + 1 WHERE seq > 4")
        thief.execute("UPDATE ledger_details SET seq = seq + 100 WHERE seq > 4")
        thief.execute("UPDATE ledger_details SET seq = seq - 99 WHERE seq > 100")
        body, digest = forged(thief, 5, before)
        thief.execute(
            "INSERT INTO ledger_entry SELECT 5, ?, ?, ?, 'forged', kind, subject FROM ledger_entry WHERE seq = 3",
            (before, digest, body),
        )
        subject = json.loads(body)["subject"]["pseudonym"]
        thief.execute("UPDATE ledger_entry SET subject = ? WHERE seq = 5", (subject,))
    assert verdict(filled) == (5, "inserted")


def test_an_entry_put_on_the_end_that_does_not_follow_is_named(filled: Database) -> None:
    with intruder(filled) as thief:
        body, digest = forged(thief, 11, "9" * 64)
        thief.execute(
            "INSERT INTO ledger_entry SELECT 11, ?, ?, ?, 'forged', kind, subject FROM ledger_entry WHERE seq = 3",
            ("9" * 64, digest, body),
        )
    assert verdict(filled) == (11, "inserted")


@pytest.mark.parametrize("seq", [11, 40])
def test_a_second_copy_is_called_an_insertion_and_not_a_deletion(filled: Database, seq: int) -> None:
    with intruder(filled) as thief:
        thief.execute(
            "INSERT INTO ledger_entry SELECT ?, prev, entry_hash, body, 'again', kind, subject FROM ledger_entry"
            " WHERE seq = 7",
            (seq,),
        )
    assert verdict(filled) == (seq, "inserted")


def test_a_second_copy_under_a_made_up_hash_is_an_insertion_too(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute(
            "INSERT INTO ledger_entry SELECT 11, 'x', 'y', body, 'again', kind, subject FROM ledger_entry WHERE seq = 7"
        )
    assert verdict(filled) == (11, "inserted")


def test_two_entries_with_exchanged_numbers_are_reordered(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET seq = CASE seq WHEN 4 THEN 7 ELSE 4 END WHERE seq IN (4, 7)")
    assert verdict(filled) == (4, "reordered")


def test_two_neighbours_with_exchanged_numbers_are_reordered(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET seq = CASE seq WHEN 4 THEN 5 ELSE 4 END WHERE seq IN (4, 5)")
    assert verdict(filled) == (4, "reordered")


def test_two_entries_with_exchanged_bodies_are_reordered(filled: Database) -> None:
    with intruder(filled) as thief:
        fourth, fifth = body_of(thief, 4), body_of(thief, 5)
        thief.execute("UPDATE ledger_entry SET body = ? WHERE seq = 4", (fifth,))
        thief.execute("UPDATE ledger_entry SET body = ? WHERE seq = 5", (fourth,))
    assert verdict(filled) == (4, "reordered")


def test_an_entry_overwritten_with_another_is_edited(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_entry SET body = ? WHERE seq = 6", (body_of(thief, 2),))
    assert verdict(filled) == (6, "edited")


def test_changed_details_are_noticed(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_details SET details = ? WHERE seq = 3", (b'{"typed_name":"Somebody else"}',))
    assert verdict(filled) == (3, "details_changed")


def test_details_copied_over_another_entrys_are_noticed(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute(
            "UPDATE ledger_details SET (salt, details) = (SELECT salt, details FROM ledger_details WHERE seq = 2)"
            " WHERE seq = 9"
        )
    assert verdict(filled) == (9, "details_changed")


def test_details_gone_without_an_erasure_are_an_alarm(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("DELETE FROM ledger_details WHERE seq = 9")
    assert verdict(filled) == (9, "details_missing")


def test_a_lawful_erasure_leaves_the_chain_in_order(filled: Database) -> None:
    with filled.writing() as db:
        evidence.erase_details(
            db, [2, 9], basis="request of the person", subject="2".zfill(32), idempotency_key="erase", actor=SYSTEM
        )
        assert evidence.details(db, [1, 2, 9]).keys() == {1}
    assert verdict(filled) == (None, "")


def test_erased_details_that_come_back_are_noticed(filled: Database) -> None:
    old = sqlite3.connect(filled.url.database or "").execute("SELECT * FROM ledger_details WHERE seq = 2").fetchone()
    with filled.writing() as db:
        evidence.erase_details(db, [2], basis="request", subject="2".zfill(32), idempotency_key="erase", actor=SYSTEM)
    with intruder(filled) as thief:
        thief.execute("INSERT INTO ledger_details VALUES (?, ?, ?)", old)
    assert verdict(filled) == (2, "not_erased")


def test_details_given_to_an_entry_that_never_had_any_are_noticed(filled: Database) -> None:
    with filled.writing() as db:
        evidence.append(db, "opened", subject="school", act={}, idempotency_key="k", actor=SYSTEM)
    with intruder(filled) as thief:
        thief.execute("INSERT INTO ledger_details VALUES (11, x'00', x'7b7d')")
    assert verdict(filled) == (11, "details_inserted")


def test_commitments_say_nothing_without_their_salt(filled: Database) -> None:
    with filled.reading() as db:
        promised = {entry.body["details_commitment"] for entry in evidence.entries(db, range(1, 11)).values()}
    guesses = {ledger.commitment(b"", canonical({"typed_name": f"Person {n}"})) for n in range(1, 11)}
    assert len(promised) == 10
    assert not promised & guesses


@pytest.mark.parametrize("cell", ["CAST(body AS TEXT) || ' '", "'text'", "7", "x''"])
def test_an_edit_that_changes_the_type_of_a_cell_is_named_and_does_not_stop_the_check(
    filled: Database, cell: str
) -> None:
    with intruder(filled) as thief:
        thief.execute(f"UPDATE ledger_entry SET body = {cell} WHERE seq = 3")
    assert verdict(filled) == (3, "edited")


def test_details_turned_into_text_are_noticed(filled: Database) -> None:
    with intruder(filled) as thief:
        thief.execute("UPDATE ledger_details SET salt = 'grit' WHERE seq = 3")
    assert verdict(filled) == (3, "details_changed")


def with_last(**facts: object) -> Callable[[sqlite3.Connection], object]:
    """The last entry under facts of another form, hashed anew; None takes one away."""

    def change(thief: sqlite3.Connection) -> None:
        said = {**json.loads(body_of(thief, 10)), **facts}
        body = json.dumps({name: fact for name, fact in said.items() if fact is not None}).encode("utf-8")
        values = (body, ledger.entry_hash(body), str(facts.get("kind", "signed")))
        thief.execute("UPDATE ledger_entry SET body = ?, entry_hash = ?, kind = ? WHERE seq = 10", values)

    return change


NESTED = b"[" * 200_000
STUMBLING_BLOCKS: dict[str, tuple[Callable[[sqlite3.Connection], object], str]] = {
    "an erasure that names nothing": (with_last(kind="erased", refs=None), "edited"),
    "an erasure that names words": (with_last(kind="erased", refs=[{"seq": "1"}]), "edited"),
    "an erasure of another form": (with_last(kind="erased", refs="abc"), "edited"),
    "a promise that is a number": (with_last(details_commitment=5), "edited"),
    "a promise in other letters": (with_last(details_commitment="é"), "edited"),
    "a number in words": (with_last(seq="10"), "edited"),
    "nests": (lambda thief: thief.execute("UPDATE ledger_entry SET body = ? WHERE seq = 5", (NESTED,)), "edited"),
    "nests in an erasure": (
        lambda thief: thief.execute("UPDATE ledger_entry SET body = ?, kind = 'erased' WHERE seq = 5", (NESTED,)),
        "edited",
    ),
    "no number": (lambda thief: thief.execute("UPDATE ledger_entry SET seq = NULL WHERE seq = 5"), "inserted"),
    "text that is none": (
        lambda thief: thief.execute("UPDATE ledger_entry SET kind = CAST(x'ff' AS TEXT) WHERE seq = 5"),
        "unreadable",
    ),
    "no table": (lambda thief: thief.execute("DROP TABLE ledger_details"), "unreadable"),
}


@pytest.mark.parametrize("kind", STUMBLING_BLOCKS)
def test_nothing_put_into_the_tables_makes_the_check_stumble(filled: Database, kind: str) -> None:
    put_in, fault = STUMBLING_BLOCKS[kind]
    with intruder(filled) as thief:
        put_in(thief)
    assert verdict(filled)[1] == fault


def test_a_database_that_is_only_busy_is_no_fault_of_the_ledger(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_db: object) -> frozenset[int]:
        raise sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(sys.modules["oval_aup.evidence.ledger_verification"], "_erased", busy)
    with filled.reading() as db, pytest.raises(sa.exc.OperationalError):
        evidence.verify(db)
