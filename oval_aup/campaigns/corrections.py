"""What the office puts right by hand about how somebody is reached, with everything that follows from it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import evidence, notifications, people
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id


def let_mail_go_again(db: Session, person: people.PersonRow, address: str, *, actor: Actor) -> None:
    """Let mail go again to an address from which it had come back, because the office says that it is right."""
    notifications.clear_trouble(db, address)
    evidence.append(
        db,
        "details_changed",
        subject=person.pseudonym,
        act={"how": "office", "fields": ["email_works"]},
        details={"address": address},
        idempotency_key=f"email-works:{new_public_id()}",
        actor=actor,
    )
