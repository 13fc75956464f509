"""A test message to somebody in the office, to see whether email leaves the school."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import notifications
from oval_aup.campaigns import letters
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.school import School


def send_test(db: Session, address: str, *, school: School, actor: Actor) -> notifications.MessageRow:
    """Queue a test before everything else and end the pause after a failure; within a minute it is the same test."""
    notifications.try_now(db)
    message = notifications.enqueue(
        db,
        kind="test",
        recipient=actor.pseudonym,
        to_address=address,
        letter=letters.test(school, asked_at=clock.now()),
        dedupe_key=f"test:{actor.pseudonym}:{clock.now():%Y-%m-%dT%H:%M}",
        asked_for=True,
    )
    notifications.send_at_once(db, message.public_id)  # a second press in the same minute finds the first test
    return notifications.message(db, message.public_id)
