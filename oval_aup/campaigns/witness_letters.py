"""Puts into the outbox what witnesses are told of the ledger, and the office of papers and packs it will not find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from oval_aup import accounts, notifications, packs, people
from oval_aup.campaigns import letters
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.core.school import School
from oval_aup.verifier import bundle


def tell_witnesses(db: Session, addresses: Sequence[str], *, size: int, line: str, school: School) -> None:
    """Queue today's head for each witness; safe to repeat on the same day."""
    today, checker = clock.today(), bundle.checker()
    for address in addresses:
        notifications.enqueue(
            db,
            kind="head",
            recipient="school",
            to_address=address,
            letter=letters.head(
                school, today=today, size=size, line=line, checker=checker.name, checker_sha256=checker.sha256
            ),
            dedupe_key=f"head:{today.isoformat()}:{address}",
        )


def sound_ledger_alarm(db: Session, addresses: Iterable[str], *, finding: str, school: School) -> None:
    """Queue the alarm that the ledger is not what was written; each address once a day."""
    today = clock.today()
    for address in dict.fromkeys(addresses):
        notifications.enqueue(
            db,
            kind="ledger-alarm",
            recipient="school",
            to_address=address,
            letter=letters.ledger_alarm(school, today=today, finding=finding),
            dedupe_key=f"ledger-alarm:{today.isoformat()}:{address}",
        )


def sound_documents_alarm(db: Session, *, number: int, reason: str, school: School) -> None:
    """Queue the message to the office that papers wait and why; the caller sees to it that it goes once."""
    now = clock.now()
    notifications.enqueue(
        db,
        kind="papers-late",
        recipient="school",
        to_address=school.email,
        letter=letters.papers_late(school, number=number, reason=reason),
        dedupe_key=f"papers-late:{clock.iso(now)}",
    )


def tell_of_erased_packs(db: Session, *, school: School) -> None:
    """Queue the message to each who ordered a pack that an erasure deleted it, each once; safe to repeat.

    Nobody is told who has left or has no address.
    """
    for row in packs.untold_packs(db):
        _tell_of_erased_pack(db, row, school=school)
        packs.note_told(db, row.public_id)


def _tell_of_erased_pack(db: Session, pack: packs.PackRow, *, school: School) -> None:
    try:
        member = people.staff_member(db, pack.requested_by_id or 0)
    except NotFound:  # ordered by a command
        return
    if member.archived_on is not None or not member.work_email:
        return
    title, at = str(pack.scope["title"]), pack.deleted_at or clock.now()
    notifications.enqueue(
        db,
        kind="pack-erased",
        recipient=member.pseudonym,
        to_address=member.work_email,
        letter=letters.pack_erased(school, forename=member.greeting_name, title=title, at=at),
        dedupe_key=f"pack-erased:{pack.public_id}",
    )


def tell_of_proposed_erasure(db: Session, batch: str, *, besides: int | None, school: School) -> None:
    """Queue the message to every head but ``besides``: a record is to go before its time, if they approve it.

    Where the head is who asked, or nobody is head, it goes to the office. It names nobody.
    """
    heads = [row for row in accounts.accounts_with_role(db, "head") if row.person_id != besides]
    found = [people.staff_member(db, row.person_id) for row in heads]
    reached = [row for row in found if row.archived_on is None and row.work_email]
    made = letters.erasure_proposed(school, batch=batch)
    for recipient, address in [(row.pseudonym, row.work_email) for row in reached] or [("school", school.email)]:
        notifications.enqueue(
            db,
            kind="erasure-proposed",
            recipient=recipient,
            to_address=address,
            letter=made,
            dedupe_key=f"erasure-proposed:{batch}:{recipient}",
        )


def warn_of_certificate(db: Session, *, key_id: str, ends_on: dt.date, step: int, school: School) -> None:
    """Queue the warning to the office that the sealing certificate ends; once for each certificate and ``step``."""
    notifications.enqueue(
        db,
        kind="certificate",
        recipient="school",
        to_address=school.email,
        letter=letters.certificate(school, ends_on=ends_on, days=max(1, (ends_on - clock.today()).days)),
        dedupe_key=f"certificate:{key_id}:{step}",
    )
