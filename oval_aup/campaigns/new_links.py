"""A new private link for somebody whose own ran out: only ever to an address the school already has."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import notifications, people
from oval_aup.campaigns import letters
from oval_aup.core import clock
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.core.school import School

EVERY_MINUTES = 10
"""Asking again within this time sends no second message."""


def send_new_link(db: Session, email: str, *, school: School) -> None:
    """Queue a new family link for every guardian reached at this address who has a child here; else do nothing.

    The caller's answer must not depend on which it was. The letter is written in either case, so that neither
    does the time it takes.
    """
    guardians = [row for row in people.guardians_at(db, email) if people.children_of(db, row.person_id)]
    if not guardians:
        letters.new_link(school, forename="", language="en")
    for guardian in guardians:
        _enqueue(db, guardian, shared=len(guardians) > 1, school=school)


def send_new_link_to(db: Session, guardian: people.GuardianRow, *, school: School) -> notifications.MessageRow:
    """Queue a new family link for one guardian alone, whoever else is reached at the same address.

    Within some minutes of the last one it returns that message as it stands now. Raises Conflict without an address.
    """
    if not guardian.email:
        raise Conflict(_("There is no email address to send a link to."))
    return _enqueue(db, guardian, shared=people.mailbox_sharers(db, guardian.email) > 1, school=school)


def _enqueue(db: Session, guardian: people.GuardianRow, *, shared: bool, school: School) -> notifications.MessageRow:
    window = int(clock.now().timestamp()) // (60 * EVERY_MINUTES)
    return notifications.enqueue(
        db,
        kind="new-link",
        recipient=guardian.pseudonym,
        to_address=guardian.email,
        letter=letters.new_link(
            school,
            forename=guardian.greeting_name,
            language=guardian.language,
            only_for=guardian.full_name if shared else "",
        ),
        link_purpose="family",
        dedupe_key=f"new-link:{guardian.public_id}:{window}",
        asked_for=True,
    )
