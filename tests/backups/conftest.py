"""A small installation whose ledger holds a child's name, and what can be done with its backups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oval_aup import backups, config, evidence
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database

NAME = "Zebedee Quillfeather"


class School:
    """One installation; ``write`` adds entries whose details hold the child's name."""

    def __init__(self, instance: Path, database: Database) -> None:
        self.database = database
        self.environment = {"OVAL_INSTANCE": str(instance), "OVAL_DATABASE_URL": str(database.url)}
        self.settings = config.load(self.environment)
        self.written = 0

    def write(self, number: int = 1) -> None:
        for _each in range(number):
            self.written += 1
            with self.database.writing() as db:
                evidence.append(
                    db,
                    "opened",
                    subject="a1b2",
                    act={"number": self.written},
                    details={"name": f"{NAME} {self.written}"},
                    idempotency_key=f"opened:{self.written}",
                    actor=SYSTEM,
                )

    def erase(self, seqs: list[int], key: str = "erase:1") -> None:
        with self.database.writing() as db:
            evidence.erase_details(
                db, seqs, basis="retention period over", subject="a1b2", idempotency_key=key, actor=SYSTEM
            )
        with self.database.reading() as db:
            evidence.note_missing_erasures(db, self.settings.instance)

    def back_up(self) -> Path:
        return self.settings.backups.folder / backups.create(self.settings, self.database).file

    def keep_days(self, days: int) -> None:
        self.settings = replace(self.settings, backups=replace(self.settings.backups, keep_days=days))

    @property
    def head(self) -> evidence.Head:
        with self.database.reading() as db:
            return evidence.head(db)


@pytest.fixture
def school(instance: Path, database: Database) -> School:
    founded = School(instance, database)
    founded.write(5)
    return founded


@pytest.fixture
def bare(tmp_path: Path) -> Callable[[School], School]:
    """Another machine, to which only the backups and the identity were carried."""

    def carry(school: School) -> School:
        folder = tmp_path / "bare"
        folder.mkdir()
        identity = school.settings.instance / backups.IDENTITY
        (folder / backups.IDENTITY).write_bytes(identity.read_bytes())
        there = School(folder, Database(f"sqlite:///{folder / 'oval.db'}"))
        there.written = school.written
        there.settings = replace(
            there.settings, backups=replace(there.settings.backups, folder=school.settings.backups.folder)
        )
        return there

    return carry
