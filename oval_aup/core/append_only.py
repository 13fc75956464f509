"""Triggers that keep history from being edited by accident; the ledger's hash chain is what catches intent."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

FROZEN = ("ledger_entry", "signature", "consent_decision", "reminder", "version_text", "agreement_version")
"""Tables with triggers; the last two only freeze what is published."""


def guard(connection: Connection) -> None:
    """(Re-)create every trigger; call it at the end of any migration that rebuilds a guarded table."""
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.execute(sa.text(statement))


def missing(connection: Connection) -> frozenset[str]:
    """The names of triggers that ought to be there and are not."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
    else:
        found = connection.execute(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).scalars()
    return frozenset(_names()) - frozenset(found)


def _names() -> list[str]:
    return [f"{table}_{verb}" for table in FROZEN for verb in ("no_update", "no_delete")]


def _condition(table: str) -> str:
    if table == "agreement_version":
        return "OLD.status = 'published'"
    if table == "version_text":
        return "(SELECT status FROM agreement_version WHERE id = OLD.version_id) = 'published'"
    return "1 = 1"


def _sqlite() -> list[str]:
    statements = []
    for table in FROZEN:
        for verb, name in (("UPDATE", "no_update"), ("DELETE", "no_delete")):
            statements.append(f"DROP TRIGGER IF EXISTS {table}_{name}")
            statements.append(
                f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} WHEN {_condition(table)}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is history and is only ever added to'); END"
            )
    return statements


def _postgresql() -> list[str]:
    statements = []
    for table in FROZEN:
        # A trigger's WHEN may not hold a subquery on PostgreSQL, so the condition sits in the function.
        statements.append(
            f"CREATE OR REPLACE FUNCTION {table}_is_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {_condition(table)} THEN RAISE EXCEPTION '{table} is history and is only ever added to'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
        for verb, name in (("UPDATE", "no_update"), ("DELETE", "no_delete")):
            statements.append(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
            statements.append(
                f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {table}_is_history()"
            )
    return statements
