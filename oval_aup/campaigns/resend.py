"""Which letters that could not be sent still say something true to somebody who may be written to, and sends those."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import notifications, people
from oval_aup.campaigns import planning
from oval_aup.campaigns.invitations import ASKING_KINDS
from oval_aup.campaigns.owed import owed_by
from oval_aup.core import clock
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _


def unsent_letters(db: Session) -> tuple[str, ...]:
    """Public ids of the failed letters that ``send_unsent`` takes, oldest first.

    Days may have gone by since they were written. Left out is what asks somebody who owes nothing any more, and
    anything to somebody who has left or may not be written to now, and a test; what may have arrived or came back is
    not failed.
    """
    failed = [row for row in notifications.given_up(db) if row.kind != "test"]
    persons = people.persons_by_pseudonym(db, {row.recipient for row in failed})
    if not failed:
        return ()
    written_to = _written_to(db)
    asking = {row.recipient for row in failed if row.kind in ASKING_KINDS}
    owing = _owing(db, {persons[recipient].person_id for recipient in asking & persons.keys()})
    return tuple(
        row.public_id
        for row in failed
        if (row.recipient in written_to or row.recipient not in persons)
        and (row.kind not in ASKING_KINDS or row.recipient in owing)
    )


def _written_to(db: Session) -> set[str]:
    """The pseudonyms of all adults who may be written to now."""
    return {row.pseudonym for row in people.guardians_asked(db)} | {row.pseudonym for row in people.staff(db)}


def _owing(db: Session, person_ids: set[int]) -> frozenset[str]:
    """The pseudonyms of those among them who may be reminded of what they still owe in a sign-up that is open."""
    campaign = planning.campaign_of(db, people.school_year(clock.today()))
    if not person_ids or campaign is None or campaign.status != "open":
        return frozenset()
    owed = owed_by(db, campaign.school_year, person_ids, choices=campaign.asks_families)
    return frozenset(adult.pseudonym for adult in owed.values() if not adult.writing_stopped)


def send_unsent(db: Session) -> int:
    """Queue again every letter of ``unsent_letters``, as somebody in the office decided; returns how many."""
    letters = unsent_letters(db)
    for public_id in letters:
        notifications.retry(db, public_id)
    return len(letters)


def send_once_more(db: Session, public_id: str) -> None:
    """Queue one letter in trouble again, as somebody in the office decided.

    Raises Conflict where ``notifications.retry`` does, and for somebody who has left or may not be written to now.
    """
    recipient = notifications.message(db, public_id).recipient
    if people.persons_by_pseudonym(db, {recipient}) and recipient not in _written_to(db):
        raise Conflict(_("This person has left, or may not be written to now. It was not sent."))
    notifications.retry(db, public_id)
