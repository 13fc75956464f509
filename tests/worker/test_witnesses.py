"""The daily reading of the ledger, the head that goes to witnesses, and what happens when history was changed."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from oval_aup import evidence
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.monitoring import ledger_audit
from oval_aup.verifier import bundle, rules
from tests.worker.conftest import Installation

MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def watched(installation: Installation) -> Installation:
    installation.environment["OVAL_WITNESSES"] = "head@example.org, clerk@example.org"
    clock.travel_to(MONDAY)
    return installation


def mails(installation: Installation, subject: str) -> list[tuple[str, str]]:
    found = []
    for path in sorted((installation.instance / "mail").glob("*.eml")):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = letter.get_body(("plain",))
        assert body is not None
        if subject in letter["subject"]:
            found.append((str(letter["to"]), body.get_content()))
    return found


def heads_issued(database: Database) -> int:
    with database.reading() as db:
        return len(evidence.entries_of_kind(db, "head_issued"))


def test_every_witness_is_sent_the_signed_head_once_a_school_day(watched: Installation) -> None:
    watched.work_once()
    watched.work_once()
    sent = mails(watched, "Please keep")
    assert sorted(to for to, _body in sent) == ["clerk@example.org", "head@example.org"]
    (head,) = rules.heads_in(sent[0][1])
    with watched.database.reading() as db:
        assert rules.check_head(head, {row.key_id: row.public for row in evidence.register(db)}) is True
        assert evidence.verify(db, known_heads=[evidence.Head(head["size"], head["entry_hash"])]).ok
    assert "verify.py" in sent[0][1]
    assert f"\n{bundle.checker().sha256}\n" in sent[0][1]
    assert heads_issued(watched.database) == 1
    clock.travel_to(MONDAY + dt.timedelta(days=1))
    watched.work_once()
    assert heads_issued(watched.database) == 2


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC), id="Sunday"),
        pytest.param(dt.datetime(2026, 12, 29, 12, 0, tzinfo=dt.UTC), id="Christmas holidays"),
        pytest.param(dt.datetime(2026, 11, 23, 3, 0, tzinfo=dt.UTC), id="at night"),
    ],
)
def test_witnesses_are_left_in_peace_outside_school_days(watched: Installation, moment: dt.datetime) -> None:
    clock.travel_to(moment)
    watched.work_once()
    assert mails(watched, "Please keep") == []
    assert (watched.instance / "ledger-check.txt").exists()


def test_a_changed_ledger_is_never_signed_and_everybody_hears_of_it(watched: Installation) -> None:
    watched.work_once()
    with watched.database.writing() as db:
        db.execute(sa.text("DROP TRIGGER ledger_entry_no_update"))
        seq = db.scalar(sa.text("SELECT min(seq) FROM ledger_entry WHERE kind = 'signed'"))
        db.execute(sa.text(f"UPDATE ledger_entry SET body = replace(body, 'signed', 'sigmed') WHERE seq = {seq}"))
    clock.travel_to(MONDAY + dt.timedelta(days=1))
    watched.work_once()
    watched.work_once()
    alarm = mails(watched, "not in order")
    assert sorted(to for to, _body in alarm) == ["clerk@example.org", "head@example.org", "office@oval.example.org"]
    assert f"Entry {seq} was edited" in alarm[0][1]
    assert heads_issued(watched.database) == 1


def test_a_guard_that_somebody_dropped_is_named_to_everybody(watched: Installation) -> None:
    watched.work_once()
    with watched.database.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER signature_no_update"))
    clock.travel_to(MONDAY + dt.timedelta(days=1))
    watched.work_once()
    alarms = mails(watched, "not in order")
    assert {to for to, _body in alarms} >= {"clerk@example.org", "head@example.org"}
    assert all("signature_no_update" in body for _to, body in alarms)
    assert "lacks 1 guard that" in (watched.instance / evidence.CHECK_NOTE).read_text("utf-8")


def test_going_back_to_yesterdays_database_is_noticed_by_itself(watched: Installation, tmp_path: Path) -> None:
    file = Path(str(watched.database.url.database))
    yesterday = tmp_path / "yesterday.db"
    with sqlite3.connect(file) as live, sqlite3.connect(yesterday) as copy:
        live.backup(copy)
    with watched.database.writing() as db:
        evidence.append(db, "opened", subject="school", act={}, idempotency_key="more", actor=SYSTEM)
    watched.work_once()
    watched.database.dispose()
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    shutil.copy(yesterday, file)
    clock.travel_to(MONDAY + dt.timedelta(days=1))
    watched.work_once()
    (office,) = [body for to, body in mails(watched, "not in order") if to == "office@oval.example.org"]
    assert "missing" in office or "not the one that a kept head names" in office
    with watched.database.reading() as db:
        assert not ledger_audit.check(db, watched.instance).ok
