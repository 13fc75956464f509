"""The migrations build exactly what the models say, with history guarded."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from oval_aup import evidence, schema
from oval_aup.core import append_only
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database


def test_migrations_equal_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []


def test_every_guard_of_history_is_present(database: Database) -> None:
    with database.engine.connect() as connection:
        assert append_only.missing(connection) == frozenset()


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE ledger_entry SET kind = 'declined'",
        "DELETE FROM ledger_entry",
        "REPLACE INTO ledger_entry VALUES (1, 'p', 'h', x'00', 'k', 'signed', 's')",
    ],
)
def test_a_ledger_entry_cannot_be_changed(database: Database, attempt: str) -> None:
    with database.writing() as db:
        db.execute(sa.text("INSERT INTO ledger_entry VALUES (1, 'p', 'h', x'00', 'k', 'signed', 's')"))
    with pytest.raises(sa.exc.DatabaseError, match="history"), database.writing() as db:
        db.execute(sa.text(attempt))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert schema.upgrade(database) == schema.newest(database) == schema.current(database)


def test_details_go_only_after_an_entry_says_they_were_erased(database: Database) -> None:
    with database.writing() as db:
        entry = evidence.append(
            db, "imported", subject="school", act={}, details={"name": "Ann"}, idempotency_key="a", actor=SYSTEM
        )
    with pytest.raises(sa.exc.DatabaseError, match="history"), database.writing() as db:
        db.execute(sa.text("DELETE FROM ledger_details"))
    with pytest.raises(sa.exc.DatabaseError, match="history"), database.writing() as db:
        db.execute(sa.text("UPDATE ledger_details SET details = x'7b7d'"))
    with database.writing() as db:
        evidence.erase_details(db, [entry.seq], basis="a request", subject="school", idempotency_key="b", actor=SYSTEM)
    with database.reading() as db:
        assert evidence.details(db, [entry.seq]) == {}
