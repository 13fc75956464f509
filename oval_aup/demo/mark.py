"""Tells the demonstration's database from a real school's, so that the two are never mixed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import accounts, evidence, people
from oval_aup.config import Settings
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.i18n import _

KIND = "demonstration"
PASSWORD = "teal paper sunny"  # noqa: S105 - made-up people in a demonstration; no real school ever has it
ACCOUNTS = ("office", "head", "teacher", "staff", "governor")
"""The demonstration's log-ins: these names at oval.example.org."""


def mark(db: Session) -> None:
    """Enter in the ledger, for ever, that everybody in this database is made up."""
    evidence.append(db, KIND, subject="school", act={}, idempotency_key=KIND, actor=SYSTEM)


def fault(settings: Settings, database: Database) -> str:
    """Why these settings do not fit this database, in one sentence with the next step; empty when they do."""
    with database.reading() as db:
        made_up, real = _is_made_up(db), _has_begun(db)
    if made_up and not settings.demo:
        return _(
            "This database holds the made-up school of the demonstration. For a real school, set OVAL_INSTANCE to a "
            "new folder (and OVAL_DATABASE_URL, if you use it, to an empty database); to go on with the "
            "demonstration, set OVAL_DEMO=yes."
        )
    if settings.demo and real and not made_up:
        return _(
            "This database holds a real school, and OVAL_DEMO=yes would show its messages to everybody. To serve the "
            "school, set OVAL_DEMO=no; to try the demonstration, set OVAL_INSTANCE to a new folder (and "
            "OVAL_DATABASE_URL, if you use it, to an empty database)."
        )
    return ""


def _is_made_up(db: Session) -> bool:
    if evidence.entries_of_kind(db, KIND):
        return True
    # Made by a version that entered no mark: its published password gives it away.
    return any(accounts.password_holds(db, address, PASSWORD) for address in _known_addresses(db))


def _known_addresses(db: Session) -> list[str]:
    every = [f"{name}@oval.example.org" for name in ACCOUNTS]
    return [address for address in every if accounts.account_by_email(db, address)]


def _has_begun(db: Session) -> bool:
    return bool(people.children(db) or people.staff(db) or evidence.entries_of_kind(db, "published"))
