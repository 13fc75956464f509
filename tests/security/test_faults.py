"""When the machine fails: saved or not saved and said so, never half; and no start that cannot work."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from oval_aup import accounts, config, evidence, people, schema, signing
from oval_aup.application import create_app
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.server import supervisor
from oval_aup.web import unit_of_work
from tests.security import append_many
from tests.security.rows import changed, everything_in
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import YEAR, World

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def pragma(database: Database, words: str, undo: str) -> Iterator[None]:
    """Begin every transaction with a limit of SQLite's own, so that its own faults are what happens."""

    dialect: Any = database.engine.dialect
    begin = dialect.do_begin

    def limited(connection: Any) -> None:
        begin(connection)
        connection.driver_connection.execute(f"PRAGMA {words}")

    dialect.do_begin = limited
    try:
        yield
    finally:
        dialect.do_begin = begin
        database.dispose()
        with database.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA {undo}")


def read_only(database: Database) -> Any:
    """As after the file system was mounted again for reading alone."""
    return pragma(database, "query_only=ON", "query_only=OFF")


def sign(ann: Browser, fingerprint: str) -> int:
    form = {"csrf_token": ann.token, "typed_name": "Ann Khan", "fingerprint": fingerprint}
    return ann.client.post("/family/check", data=form).status_code


def test_a_database_that_cannot_be_written_takes_no_signature_and_says_so(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """F04: one sentence, nothing half saved, and the same click works once the disk does."""
    ann = Browser(app)
    walk.to_check(ann, world)
    fingerprint = ann.page.hidden("fingerprint")
    before = everything_in(world.database)
    app.testing = False
    with read_only(world.database):
        form = {"csrf_token": ann.token, "typed_name": "Ann Khan", "fingerprint": fingerprint}
        answer = ann.client.post("/family/check", data=form)
        assert answer.status_code == 500
        assert "it may not have been saved. Wait a moment, then send it again: that is safe" in answer.text
        assert "Thank you" not in answer.text
        assert "readonly" not in answer.text
    assert "readonly" in caplog.text
    assert "Khan" not in caplog.text, "P08: what was to be written is not in the log"
    assert changed(before, everything_in(world.database)) == set()
    assert sign(ann, fingerprint) == 303


def test_what_is_there_can_be_read_while_nothing_can_be_written(app: Flask, world: World) -> None:
    """F04: also minutes later, when the visit's sign of life would be written down."""
    ann = Browser(app)
    walk.to_check(ann, world)
    clock.travel_to(clock.now() + dt.timedelta(minutes=5))
    app.testing = False
    with read_only(world.database):
        for path in ("/family/check", "/family/rules", "/family", "/how-we-keep-this-safe", "/healthy"):
            assert ann.client.get(path, follow_redirects=True).status_code == 200, path


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Another program writes into the same file, and does not stop."""
    with world.database.engine.connect() as other, other.begin():
        yield


def test_a_locked_database_is_answered_in_time_and_gives_the_form_back(app: Flask, world: World) -> None:
    """F04: not five hundred and not for ever; the same form sent again is the signature."""
    assert unit_of_work.PATIENCE <= 5
    ann = Browser(app)
    walk.to_check(ann, world)
    form = {"csrf_token": ann.token, "typed_name": "Ann Khan", "fingerprint": ann.page.hidden("fingerprint")}
    with locked(world), mock.patch.object(unit_of_work, "PATIENCE", 0.2):
        answer = ann.client.post("/family/check", data=form)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 30
    again = Page(answer.text)
    assert again.heading == "The system is busy"
    kept = {element["name"]: element["value"] for element in again.all("input")}
    assert kept.keys() == form.keys()
    assert (kept["typed_name"], kept["fingerprint"]) == (form["typed_name"], form["fingerprint"])
    assert again.all("form")[0]["action"] == "/family/check"
    assert ann.client.post("/family/check", data=kept).status_code == 303


def test_others_read_without_waiting_while_the_database_is_locked(app: Flask, world: World) -> None:
    """F04: also when the visit's sign of life is due."""
    ann = Browser(app)
    walk.to_check(ann, world)
    clock.travel_to(clock.now() + dt.timedelta(minutes=5))
    with locked(world):
        for path in ("/family/check", "/family/rules", "/how-we-keep-this-safe", "/healthy"):
            began = time.monotonic()
            assert ann.client.get(path, follow_redirects=True).status_code == 200, path
            assert time.monotonic() - began < 2, path


def test_no_password_is_printed_into_the_page_that_gives_a_form_back(app: Flask, world: World) -> None:
    """F04: it is typed again."""
    browser = Browser(app)
    browser.get("/staff/log-in")
    form = {"email": "di@oval.example.org", "password": "a long secret", "csrf_token": browser.token}
    app.testing = False
    with locked(world), mock.patch.object(unit_of_work, "PATIENCE", 0.2):
        answer = browser.client.post("/staff/log-in", data=form)
    assert answer.status_code == 503
    assert "a long secret" not in answer.text
    assert "go back and send the form again" in answer.text


def test_a_wrong_try_that_cannot_be_counted_is_not_answered(app: Flask, world: World) -> None:
    """F04, A06: a broken disk is no way around the limit on guesses."""
    browser = Browser(app)
    browser.get("/staff/log-in")
    app.testing = False
    with read_only(world.database):
        form = {"email": "di@oval.example.org", "password": "a guess", "csrf_token": browser.token}
        assert browser.client.post("/staff/log-in", data=form).status_code == 500


def test_a_disk_that_fills_up_at_any_point_of_a_signature_leaves_all_of_it_or_nothing(app: Flask, world: World) -> None:
    """F03, F04: the database may grow by one page more each time, until it is enough."""
    ann = Browser(app)
    walk.to_check(ann, world)
    fingerprint = ann.page.hidden("fingerprint")
    before = everything_in(world.database)
    with world.database.engine.connect() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
        connection.execute(sa.text("CREATE TABLE ballast (x)"))
        connection.rollback()
    app.testing = False
    refused = 0
    for spare in range(60):
        with pragma(world.database, f"max_page_count={pages + spare}", "max_page_count=1073741823"):
            status = sign(ann, fingerprint)
        if status == 303:
            break
        refused += 1
        assert status == 500
        assert changed(before, everything_in(world.database)) == set(), f"{spare} pages to spare"
    assert refused >= 1
    with world.database.reading() as db:
        assert {row.outcome for row in signing.signatures_of(db, world.ann.person_id)} == {"signed"}
        assert evidence.verify(db).ok


def test_a_fault_while_answering_a_private_link_leaves_its_secret_out_of_the_log(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A09: even where the commit itself fails, after the page was ready."""
    ann = Browser(app)
    token = world.link(world.ann)
    ann.get(f"/f/{token}")
    app.testing = False
    caplog.set_level(logging.DEBUG)

    def fail(_connection: sa.Connection) -> None:
        raise OSError("no space left")

    event.listen(world.database.engine, "commit", fail)
    try:
        answer = ann.client.post(f"/f/{token}", data=walk.BORN | {"csrf_token": ann.token})
    finally:
        event.remove(world.database.engine, "commit", fail)
    assert answer.status_code == 500
    assert "no space left" in caplog.text
    assert token not in caplog.text + answer.text


def test_two_processes_that_append_together_never_fork_the_chain(instance: Path, database: Database) -> None:
    """E06: real processes on one file; what both wanted is there once."""
    url = f"sqlite:///{instance / 'oval.db'}"
    command = [sys.executable, "-m", "tests.security.append_many", url]
    running = [
        subprocess.Popen([*command, name, "25"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for process in running:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    with database.reading() as db:
        assert evidence.verify(db).ok
        assert evidence.head(db).size == 3 * 25
        keys = [entry.body["act"]["key"] for entry in evidence.entries_about(db, "school")]
    assert {key.split(":")[0] for key in keys[:30]} >= {"shared"}
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("after", [1, 7, 20])
def test_what_was_acknowledged_before_the_process_was_killed_is_there(
    instance: Path, database: Database, after: int
) -> None:
    """F01: killed without warning while it appends; nothing half, and the same keys go on from there."""
    command = [sys.executable, "-m", "tests.security.append_many", f"sqlite:///{instance / 'oval.db'}", "one"]
    process = subprocess.Popen([*command, "10000"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _number in range(after)]
    process.kill()
    said += process.stdout.read().split("\n")[:-1]
    process.stdout.close()
    process.wait()
    with database.reading() as db:
        kept = [entry.body["act"]["key"] for entry in evidence.entries_about(db, "school")]
        assert evidence.verify(db).ok
    assert set(said) <= set(kept)
    assert len(kept) <= len(said) + 1, "at most the one whose acknowledgement was on its way"
    append_many.main(f"sqlite:///{instance / 'oval.db'}", "one", 5)
    with database.reading() as db:
        keys = [entry.body["act"]["key"] for entry in evidence.entries_about(db, "school")]
        assert evidence.verify(db).ok
    assert len(set(keys)) == len(keys)


REWRITES = [
    "UPDATE ledger_entry SET body = x'00' WHERE seq = 1",
    "UPDATE ledger_entry SET body = other.body FROM ledger_entry AS other WHERE ledger_entry.seq = 1",
    "DELETE FROM ledger_entry WHERE seq = 1",
    "REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE seq = 1",
    "INSERT OR REPLACE INTO signature SELECT * FROM signature",
    "DELETE FROM ledger_details",
]


def test_history_cannot_be_rewritten_by_any_statement_of_ours(app: Flask, world: World) -> None:
    """E05: the database itself refuses, whatever the way."""
    walk.signed(Browser(app), world)
    before = everything_in(world.database)
    for statement in REWRITES:
        with pytest.raises(DBAPIError), world.database.writing() as db:
            db.execute(sa.text(statement))
    assert changed(before, everything_in(world.database)) == set()


def test_whoever_removes_the_guards_is_found_by_the_next_check(app: Flask, world: World, instance: Path) -> None:
    """E05: with the file itself in hand, triggers can be dropped; the chain still gives it away."""
    walk.signed(Browser(app), world)
    world.database.dispose()
    file = sqlite3.connect(instance / "oval.db")
    for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f'DROP TRIGGER "{name}"')
    (seq,) = file.execute("SELECT min(seq) FROM ledger_entry WHERE kind = 'signed'").fetchone()
    file.execute("UPDATE ledger_entry SET body = replace(body, 'signed', 'sigmed') WHERE seq = ?", (seq,))
    file.commit()
    file.close()
    with world.database.reading() as db:
        verdict = evidence.verify(db)
    assert not verdict.ok
    assert verdict.bad_seq == seq


def serve(instance: Path, port: int) -> tuple[int, str]:
    """What the command to serve says of an instance, and its exit code."""
    app = create_app(config.load({"OVAL_INSTANCE": str(instance), "OVAL_PORT": str(port)}))
    result = app.test_cli_runner().invoke(args=["server", "run"])
    app.extensions["oval_database"].dispose()
    return result.exit_code, result.output.strip()


def test_what_cannot_be_served_is_refused_in_one_sentence(instance: Path, database: Database) -> None:
    """F14: a database that was never made, one that is none, and a port that is taken."""
    for name in ("empty", "rubbish"):
        (instance / name).mkdir()
    (instance / "rubbish" / "oval.db").write_bytes(b"this is no database, whatever it is called" * 200)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = [serve(instance / name, port) for name in ("empty", "rubbish", ".")]
    words = [
        "run “.venv/bin/flask db upgrade” first.",
        "The database cannot be read",
        f"Cannot listen on 127.0.0.1 port {port}",
    ]
    for (code, sentence), expected in zip(said, words, strict=True):
        assert code == 1
        assert sentence.startswith("Oval AUP cannot start. ")
        assert expected in sentence
        assert len(sentence.splitlines()) == 1


def test_a_setting_that_cannot_be_used_stops_every_command(instance: Path) -> None:
    """F14: one sentence, before anything else is done."""
    environment = {**os.environ, "OVAL_INSTANCE": str(instance), "OVAL_PORT": "many"}
    command = [sys.executable, "-m", "flask", "--app", "app", "server", "run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr == "Oval AUP cannot start. OVAL_PORT must be a whole number from 1 to 65535, not “many”.\n"


def test_every_way_to_serve_refuses_a_database_that_cannot_be_served(instance: Path) -> None:
    """F14: gunicorn stops as well, instead of starting its worker over and over; other commands go on working."""
    environment = {**os.environ, "OVAL_INSTANCE": str(instance)}

    def run(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stderr

    refusal = "Oval AUP cannot start. The database is empty; run “.venv/bin/flask db upgrade” first.\n"
    assert run("flask", "--app", "app", "run", "--port", "0") == (1, refusal)
    code, said = run("gunicorn", "--no-control-socket", "--bind", "127.0.0.1:0", "app:app")
    assert code == supervisor.STOP_THE_SERVER
    assert said.count(refusal) == 1
    assert run("flask", "--app", "app", "db", "upgrade") == (0, "")


def test_a_database_of_another_version_is_not_served(database: Database) -> None:
    """O05, F14: neither an older one, before it is upgraded, nor one that a newer version made."""
    assert schema.fault(database) == ""
    for name, words in (
        ("0001_first_tables", "run “.venv/bin/flask db upgrade” first"),
        ("9999_from_the_future", "which this version does not know"),
    ):
        with database.writing() as db:
            db.execute(sa.text("UPDATE alembic_version SET version_num = :name"), {"name": name})
        assert words in schema.fault(database)


def test_our_own_mistakes_show_a_reference_and_nothing_else(app: Flask, world: World) -> None:
    """F14: no debugger, no traceback, no version."""
    assert not app.debug
    app.testing = False

    @app.before_request
    def fail() -> None:
        raise RuntimeError("the inside of the machine")

    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert "reference" in answer.text
    for inside in ("machine", "Traceback", "RuntimeError", "oval_aup/"):
        assert inside not in answer.text


def test_the_school_year_begins_at_midnight_in_london(world: World) -> None:
    """T04: half an hour before midnight UTC it is September already; in the last minute of August it is not."""
    assert people.school_year(clock.london(dt.datetime(2027, 8, 31, 22, 59, 59, tzinfo=dt.UTC)).date()) == 2026
    assert people.school_year(clock.london(dt.datetime(2027, 8, 31, 23, 0, 0, tzinfo=dt.UTC)).date()) == 2027


def test_a_clock_that_jumps_does_not_open_what_has_run_out_nor_reorder_what_happened(app: Flask, world: World) -> None:
    """T03: a year ahead ends visits and links; a day back changes no order and is noted in the entry."""
    ann = Browser(app)
    walk.signed(ann, world)
    token = world.link(world.ann)
    now = clock.now()
    clock.travel_to(now - dt.timedelta(days=1))
    with world.database.writing() as db:
        late = evidence.append(db, "opened", subject="school", act={}, idempotency_key="late", actor=SYSTEM)
        assert evidence.verify(db).ok
    assert late.seq == max(entry.seq for entry in _entries(world))
    assert "clock_suspect" in str(late.body)
    clock.travel_to(now + dt.timedelta(days=365))
    with world.database.reading() as db:
        assert accounts.link(db, token, purpose="family").expired
    assert ann.client.get("/family").status_code == 303


def test_an_entry_holds_the_moment_it_was_made_and_reading_is_another_entry(app: Flask, world: World) -> None:
    """T07, T06: begun at ten, signed at eleven; the browser's own idea of the time is not asked."""
    ann = Browser(app)
    walk.to_check(ann, world)
    began = clock.now()
    clock.travel_to(began + dt.timedelta(minutes=40))
    walk.sign(ann, tz="Pacific/Auckland", signed_at="1999-01-01T00:00:00Z")
    times = {entry.kind: entry.body["at"] for entry in _entries(world) if entry.kind in ("started", "signed")}
    assert times["started"][:16] < clock.iso(began)[:16] or times["started"][:13] == clock.iso(began)[:13]
    assert times["signed"][:15] == clock.iso(clock.now())[:15]
    with world.database.reading() as db:
        (mark, *_rest) = signing.signatures_of(db, world.ann.person_id)
    assert abs(mark.signed_at - clock.now()) < dt.timedelta(minutes=1)
    assert YEAR == 2026


def _entries(world: World) -> tuple[evidence.EntryRow, ...]:
    with world.database.reading() as db:
        return (*evidence.entries_by(db, world.ann.pseudonym), *evidence.entries_about(db, "school"))
