"""The background worker (engineer C replaces this whole file)."""

from __future__ import annotations

from oval_aup.config import Settings
from oval_aup.core.db import Database


def run(settings: Settings) -> None:
    """Work until told to stop."""
    raise NotImplementedError(settings)


def send_now(settings: Settings, database: Database) -> str:
    """Send what is due now."""
    raise NotImplementedError((settings, database))
