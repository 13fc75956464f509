"""The uses of pictures that there are, read from the published ``image-uses`` wording."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, gettext_noop

AGREEMENT = "image-uses"
SHORT_NAMES = {
    "display-in-school": gettext_noop("Display in school"),
    "newsletter": gettext_noop("Newsletters and messages"),
    "prospectus": gettext_noop("Prospectus and leaflets"),
    "website": gettext_noop("School website"),
    "social-media": gettext_noop("Social media"),
    "press": gettext_noop("Press and TV"),
    "video": gettext_noop("Video"),
    "photographer": gettext_noop("School photographer"),
    "name-with-picture": gettext_noop("First name with picture"),
    "training-and-partners": gettext_noop("Training and showing our work"),
    "school-records": gettext_noop("School records"),
    "after-leaving": gettext_noop("After the child has left"),
    "livestream": gettext_noop("Livestream"),
    "ai-tools": gettext_noop("AI tools"),
}
"""What staff call each use; the headings of the wording speak to parents."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One use of pictures and the lawful basis the school relies on for it."""

    key: str
    heading: str
    hint: str
    basis: str
    """``consent`` (asked), ``public_task`` (told, with a way to object) or ``not_used``."""
    position: int

    @property
    def short_name(self) -> str:
        """What staff call it; the heading where the school has a use of its own."""
        return _(SHORT_NAMES[self.key]) if self.key in SHORT_NAMES else self.heading


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
