"""The whole schema in one place: every room's tables, and the way to bring a database up to it."""

from __future__ import annotations

import importlib
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from oval_aup.core import append_only
from oval_aup.core.db import Base, Database
from oval_aup.core.errors import DatabaseBusy

ROOMS = (
    "jobs",
    "people",
    "agreements",
    "evidence",
    "documents",
    "packs",
    "notifications",
    "signing",
    "consent",
    "accounts",
    "campaigns",
    "retention",
    "worklist",
)

for _room in ROOMS:
    importlib.import_module(f"oval_aup.{_room}.models")

METADATA = Base.metadata
__all__ = [
    "METADATA",
    "MIGRATIONS",
    "ROOMS",
    "current",
    "fault",
    "knows",
    "new_migration",
    "newest",
    "put_guards_back",
    "upgrade",
]

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s")
    config.attributes["database"] = database
    return config


def upgrade(database: Database) -> str:
    """Bring the database to the newest revision and return its name; safe to repeat."""
    command.upgrade(_config(database), "head")
    return current(database) or ""


def put_guards_back(database: Database) -> frozenset[str]:
    """Create the triggers that keep history as it is wherever one is missing; returns which were."""
    with database.writing() as db:
        gone = append_only.missing(db.connection())
        if gone:
            append_only.guard(db.connection())
    return gone


def current(database: Database) -> str | None:
    """The revision the database is at, or None for an empty one."""
    with database.reading() as db:
        return MigrationContext.configure(db.connection()).get_current_revision()


def newest(database: Database) -> str:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config(database)).get_current_head() or ""


def knows(database: Database, revision: str) -> bool:
    """Whether this code has a migration of this name; one it lacks was made by a newer version."""
    try:
        return ScriptDirectory.from_config(_config(database)).get_revision(revision) is not None
    except CommandError:
        return False


def fault(database: Database) -> str:
    """Why this database cannot be served, in one sentence; empty when it can."""
    try:
        found, wanted = current(database), newest(database)
    except sa.exc.DBAPIError as error:
        return f"The database cannot be read ({str(error.orig).strip().splitlines()[0]})."
    except DatabaseBusy:
        return "The database is locked by another program; stop that first."
    if found == wanted:
        return ""
    if found is None:
        return "The database is empty; run “.venv/bin/flask db upgrade” first."
    if not knows(database, found):
        return f"The database is at {found}, which this version does not know; install the version that made it."
    return f"The database is at {found} and this version needs {wanted}; run “.venv/bin/flask db upgrade” first."


def new_migration(database: Database, slug: str) -> str:
    """Write a migration with what the models have and the database lacks, numbered after the last."""
    number = len(list((MIGRATIONS / "versions").glob("[0-9]*.py"))) + 1
    name = f"{number:04d}_{slug}"
    command.revision(_config(database), message=slug.replace("_", " "), autogenerate=True, rev_id=name)
    return name
