"""An installation with Ann's family answered, a mail server, and workers that can be run here or killed elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import campaigns, config, consent, documents, notifications, worker
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.notifications import conftest as mail
from tests.reports.conftest import Answered, answered

__all__ = ["answered", "start_server"]

ROOT = Path(__file__).resolve().parents[2]
start_server = mail.start_server
Waits = Callable[[Callable[[], bool]], None]


class Installation:
    """One school's installation and what can be done with it."""

    def __init__(self, instance: Path, database: Database, school: Answered) -> None:
        self.instance = instance
        self.database = database
        self.school = school
        self.environment = {
            "OVAL_INSTANCE": str(instance),
            "OVAL_BASE_URL": "https://oval.example.org",
            "OVAL_SMTP_URL": "folder",
        }

    @property
    def settings(self) -> config.Settings:
        return config.load(self.environment)

    def mail_through(self, server: mail.MailServer) -> None:
        self.environment["OVAL_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}"

    def want_receipt(self, *, mailed: bool = True) -> documents.DocumentRow:
        """What a family's signature leaves behind: a wanted receipt, and a letter that waits for it."""
        ann = self.school.people.ann
        document = self.school.want(
            "receipt", ann.pseudonym, person_id=ann.person_id, entries=list(self.school.entries), school_year=2026
        )
        if mailed:
            self.queue("receipt", attachment=document.public_id, waits=True)
        return document

    def queue(self, key: str, **parts: Any) -> notifications.MessageRow:
        with self.database.writing() as db:
            return self.queue_in(db, key, **parts)

    def queue_in(self, db: Session, key: str, **parts: Any) -> notifications.MessageRow:
        mark = notifications.LINK_MARK
        chosen: dict[str, Any] = {
            "kind": "receipt",
            "recipient": self.school.people.ann.pseudonym,
            "to_address": "ann@example.org",
            "letter": notifications.Letter("Your receipt", f"Open {mark}", f'<a href="{mark}">Open</a>'),
            "link_purpose": "family",
            "dedupe_key": key,
            **parts,
        }
        return notifications.enqueue(db, **chosen)

    def work_once(self) -> None:
        worker.run(self.settings, once=True, database=self.database)

    def document(self, row: documents.DocumentRow) -> documents.DocumentRow:
        with self.database.reading() as db:
            return documents.document(db, row.public_id)

    def message(self, row: notifications.MessageRow) -> notifications.MessageRow:
        with self.database.reading() as db:
            return notifications.message(db, row.public_id)

    def pass_time_for_claims(self) -> None:
        """Let every claim look an hour old, as if the dead worker had died long ago."""
        with self.database.writing() as db:
            for table in ("document", "message", "pack"):
                old = "2026-01-01 00:00:00.000000"
                db.execute(sa.text(f"UPDATE {table} SET claimed_at = :old WHERE claimed_at IS NOT NULL"), {"old": old})

    def start(self) -> subprocess.Popen[bytes]:
        """A worker in a process of its own."""
        code = "from oval_aup import config, worker; worker.run(config.load())"
        environment = {**os.environ, **self.environment}
        log = (self.instance / "worker.log").open("ab")
        with log:
            return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=log)


@pytest.fixture
def installation(instance: Path, database: Database, answered: Answered) -> Installation:
    school = Installation(instance, database, answered)
    with database.writing() as db:  # else the teachers' letter of a school morning is due whenever the tests run by day
        campaigns.follow_permissions(db, school=school.settings.school)
        consent.mark_notified(db, [change.id for change in consent.unsent_changes(db)])
    clock.travel_to(None)  # workers in processes of their own go by the real one
    return school


@pytest.fixture
def workers(installation: Installation) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers that are gone for certain when the test is over."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(installation.start())
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def until() -> Waits:
    """Wait for something another process does, two minutes at most."""

    def wait(happened: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not happened():
            assert time.monotonic() < end, "it never happened"
            time.sleep(0.01)

    return wait
