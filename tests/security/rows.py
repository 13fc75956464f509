"""Every row of every table, to see that nothing changed or that something is nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import event

from oval_aup.core.db import Database


def everything_in(database: Database) -> dict[str, list[str]]:
    """The rows of each table in one order."""
    with database.engine.connect() as connection:
        return {
            table: sorted(repr(tuple(row)) for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')))
            for table in sorted(sa.inspect(connection).get_table_names())
        }


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    """The tables whose rows differ."""
    return {table for table in before if before[table] != after[table]}


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, without their values."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
