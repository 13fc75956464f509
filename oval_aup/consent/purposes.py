"""The uses of pictures that there are, read from the published ``image-uses`` wording."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements
from oval_aup.core.errors import NotFound

AGREEMENT = "image-uses"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One use of pictures and the lawful basis the school relies on for it."""

    key: str
    heading: str
    hint: str
    basis: str
    """``consent`` (asked), ``public_task`` (told, with a way to object) or ``not_used``."""
    position: int


def purposes(db: Session, language: str = "en", *, at: dt.datetime | None = None) -> tuple[Purpose, ...]:
    """Every use there is (or was at a moment), asked or not, in the order of the wording; none before the first."""
    try:
        wording = agreements.current(db, AGREEMENT, language=language, at=at)
    except NotFound:
        return ()
    return purposes_in(wording)


def has_uses(db: Session) -> bool:
    """Whether the school has published what it asks about pictures."""
    return bool(purposes(db))


def asked_purposes(db: Session, language: str = "en") -> tuple[Purpose, ...]:
    """The uses that guardians are asked about."""
    return tuple(purpose for purpose in purposes(db, language) if purpose.basis == "consent")


def purposes_in(wording: agreements.Wording) -> tuple[Purpose, ...]:
    """The uses that one wording of ``image-uses`` lists."""
    return tuple(
        Purpose(clause.key, clause.heading, clause.body, clause.basis, position)
        for position, clause in enumerate(wording.clauses, start=1)
    )
