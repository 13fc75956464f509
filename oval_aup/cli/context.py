"""What every command goes by: the settings, the database, and the name under which commands act."""

from __future__ import annotations

from typing import cast

from flask import current_app

from oval_aup.config import Settings
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database

OFFICE = Actor(role="office", channel="cli", assurance="none")


def settings() -> Settings:
    """The application's settings."""
    return cast(Settings, current_app.extensions["oval_settings"])


def database() -> Database:
    """The application's database."""
    return cast(Database, current_app.extensions["oval_database"])
