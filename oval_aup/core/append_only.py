"""Triggers that keep history from being edited by accident; the ledger's hash chain is what catches intent."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

FROZEN = (
    "ledger_entry",
    "ledger_details",
    "signature",
    "consent_decision",
    "reminder",
    "version_text",
    "agreement_version",
)
"""Tables with triggers. Versions freeze once published; details may go only after an ``erased`` entry names them."""


def guard(connection: Connection) -> None:
    """(Re-)create every trigger; call it at the end of any migration that rebuilds a guarded table."""
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.execute(sa.text(statement))


def missing(connection: Connection) -> frozenset[str]:
    """The names of triggers that ought to be there and are not, were switched off, or say something else than ours."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        said = dict(tuple(row) for row in rows)
        wanted = {statement.split()[2]: statement for statement in _sqlite() if statement.startswith("CREATE")}
        found = {name for name, statement in wanted.items() if said.get(name) == statement}
    else:
        working = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        found = set(connection.execute(sa.text(working)).scalars())
    return frozenset(_names()) - found


def _names() -> list[str]:
    return [f"{table}_{verb}" for table in FROZEN for verb in ("no_update", "no_delete")]


def _condition(table: str, verb: str = "", *, sqlite: bool) -> str:
    if table == "ledger_details" and verb == "DELETE":
        refs = (
            "json_each(CAST(e.body AS TEXT), '$.refs') r WHERE json_extract(r.value, '$.seq') = OLD.seq"
            if sqlite
            else "jsonb_array_elements(convert_from(e.body, 'UTF8')::jsonb -> 'refs') r"
            " WHERE (r ->> 'seq')::int = OLD.seq"
        )
        return f"NOT EXISTS (SELECT 1 FROM ledger_entry e, {refs} AND e.kind = 'erased')"  # noqa: S608 - constants
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
                f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table}"
                f" WHEN {_condition(table, verb, sqlite=True)}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is history and is only ever added to'); END"
            )
    return statements


def _postgresql() -> list[str]:
    statements = []
    for table in FROZEN:
        for verb, name in (("UPDATE", "no_update"), ("DELETE", "no_delete")):
            # A trigger's WHEN may not hold a subquery on PostgreSQL, so the condition sits in the function.
            statements.append(
                f"CREATE OR REPLACE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF {_condition(table, verb, sqlite=False)}"
                f" THEN RAISE EXCEPTION '{table} is history and is only ever added to'; END IF;"
                " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
            )
            statements.append(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
            statements.append(
                f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{name}()"
            )
    return statements
