"""Runs the migrations against the database that ``flask db upgrade`` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from oval_aup.core.db import Database, UtcDateTime
from oval_aup.schema import METADATA

database = context.config.attributes.get("database")
if not isinstance(database, Database):
    raise SystemExit("Migrations run through `flask db upgrade`.")


def plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the product's own column type as a plain one: migrations never import the product's models."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        render_item=plain_type,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
