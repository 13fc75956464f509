"""What every command goes by: the settings, the database, and the name under which commands act."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click
from flask import current_app

from oval_aup import demo, schema
from oval_aup.config import Settings
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database

OFFICE = Actor(role="office", channel="cli", assurance="none")
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))


def settings() -> Settings:
    """The application's settings."""
    return cast(Settings, current_app.extensions["oval_settings"])


def database() -> Database:
    """The application's database."""
    return cast(Database, current_app.extensions["oval_database"])


def refuse_the_other_school() -> None:
    """Stop in one sentence where a command would bring the real into the demonstration, or the other way round.

    The same where the database is not of this version's shape.
    """
    fault = schema.fault(database()) or demo.fault(settings(), database())
    if fault:
        sys.exit(fault)


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts: 1 entry, 1,204 entries."""
    return f"{number:,} {one if number == 1 else many}"


def start_of(path: Path, limit: int) -> bytes:
    """One byte past the limit is enough to refuse a file without reading all of it."""
    with path.open("rb") as file:
        return file.read(limit + 1)
