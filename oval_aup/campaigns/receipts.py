"""The receipt that follows every answer: wanted at once, made by the worker, mailed when it is ready."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from oval_aup import documents, notifications, people, signing
from oval_aup.campaigns import letters
from oval_aup.campaigns.invitations import ASKING_KINDS
from oval_aup.core.school import School


def request_receipt(
    db: Session,
    *,
    person: people.PersonRow | people.GuardianRow,
    entries: Iterable[int],
    school_year: int,
    language: str,
    forename: str,
    to_address: str,
    family: bool,
    key: str,
    school: School,
    requested_by_id: int | None = None,
) -> str:
    """Want the receipt of some ledger entries and queue its email where there is an address; returns its public id.

    ``key`` names the answer it confirms: the same key is the same receipt and the same message.
    """
    receipt = documents.request_document(
        db,
        kind="receipt",
        subject=person.pseudonym,
        params={
            "person_id": person.person_id,
            "school_year": school_year,
            "entries": sorted(set(entries)),
            "language": language,
        },
        dedupe_key=f"receipt:{key}",
        requested_by_id=requested_by_id or person.person_id,
    ).public_id
    if to_address:
        notifications.enqueue(
            db,
            kind="receipt",
            recipient=person.pseudonym,
            to_address=to_address,
            letter=letters.receipt(
                school, forename=forename, language=language, next_year=school_year + 1, family=family
            ),
            link_purpose="family" if family else "",
            attachment=receipt,
            waits=True,
            dedupe_key=f"receipt:{key}",
            asked_for=True,
        )
    return receipt


def stop_asking_unless(
    db: Session, person: people.PersonRow | people.GuardianRow, owed: Iterable[signing.RequestRow]
) -> None:
    """Take back unsent asks and reminders once nothing of ``owed`` waits for an answer."""
    if not any(row.is_outstanding for row in owed):
        notifications.cancel(db, person.pseudonym, ASKING_KINDS)


def tell_office_of_refusal(
    db: Session, person: people.PersonRow | people.GuardianRow, *, key: str, school: School
) -> None:
    """Tell the office by mail that somebody does not agree; ``key`` names the refusal."""
    notifications.enqueue(
        db,
        kind="declined",
        recipient="school",
        to_address=school.email,
        letter=letters.declined(school, person_public_id=person.public_id),
        dedupe_key=f"declined:{key}",
    )
