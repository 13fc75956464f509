"""What a staff member's own answer sets going: the signature, the receipt and its email; and their password link."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, notifications, people, signing
from oval_aup.campaigns import letters
from oval_aup.campaigns.invitations import restate_letters
from oval_aup.campaigns.receipts import request_receipt, tell_office_of_refusal
from oval_aup.core import clock, i18n
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.core.school import School

AGREEMENT = "staff"
PASSWORD_LINK_EVERY = 10
"""Minutes within which asking again for a password link sends no second message."""


def begin_for_staff(db: Session, person_id: int, *, actor: Actor) -> signing.SigningSessionRow:
    """Start, or go on with, a staff member's reading of this school year's rules.

    Raises Conflict where nothing is owed.
    """
    school_year = people.school_year(clock.today())
    if not any(row.agreement_key == AGREEMENT and row.status != "signed" for row in _owed(db, person_id, school_year)):
        raise Conflict(_("You have nothing to sign at the moment."))
    return signing.begin(
        db, person_id, school_year, i18n.language(), pages=AGREEMENT, agreement_keys=(AGREEMENT,), actor=actor
    )


def _owed(db: Session, person_id: int, school_year: int) -> tuple[signing.RequestRow, ...]:
    return signing.standing(db, person_id, school_year)


def sign_for_staff(
    db: Session,
    signing_session: signing.SigningSessionRow,
    *,
    typed_name: str,
    mark: Any = None,
    shown_sha256: str,
    declarations: dict[str, str] | None = None,
    school: School,
    actor: Actor,
) -> str:
    """Sign the staff rules, ask for the receipt and queue it by email; returns the receipt's public id.

    Repeating it returns the same receipt. ``declarations`` (sentence to what was typed) joins the erasable details.
    Raises Conflict when the rules were changed meanwhile and Invalid for the name or the drawing.
    """
    signing_session = signing.signing_session(db, signing_session.public_id, hold=True)
    if signing_session.status == "signed":
        return signing_session.receipt
    row = _record(
        db,
        signing_session,
        outcome="signed",
        typed_name=typed_name,
        mark=mark,
        shown_sha256=shown_sha256,
        extra={"declarations": declarations} if declarations else {},
        actor=actor,
    )
    member = people.staff_member(db, signing_session.person_id)
    person = people.person_by_id(db, signing_session.person_id)
    receipt = request_receipt(
        db,
        person=person,
        entries=[row.ledger_seq],
        school_year=signing_session.school_year,
        language=signing_session.language,
        forename=member.greeting_name,
        to_address=member.work_email,
        family=False,
        key=signing_session.public_id,
        school=school,
    )
    signing.finish(db, signing_session.public_id, status="signed", receipt=receipt)
    restate_letters(db, person, signing_session.school_year, school)
    return receipt


def decline_for_staff(
    db: Session,
    signing_session: signing.SigningSessionRow,
    *,
    reason: str,
    shown_sha256: str,
    school: School,
    actor: Actor,
) -> None:
    """Record that a staff member does not agree, and tell the office; safe to repeat."""
    signing_session = signing.signing_session(db, signing_session.public_id, hold=True)
    if signing_session.status == "declined":
        return
    _record(
        db,
        signing_session,
        outcome="declined",
        typed_name="",
        mark=None,
        shown_sha256=shown_sha256,
        reason=reason,
        actor=actor,
    )
    person = people.person_by_id(db, signing_session.person_id)
    signing.finish(db, signing_session.public_id, status="declined")
    tell_office_of_refusal(db, person, key=signing_session.public_id, school=school)
    restate_letters(db, person, signing_session.school_year, school)


def _record(
    db: Session,
    signing_session: signing.SigningSessionRow,
    *,
    outcome: str,
    typed_name: str,
    mark: Any,
    shown_sha256: str,
    reason: str = "",
    extra: dict[str, Any] | None = None,
    actor: Actor,
) -> signing.SignatureRow:
    owed = next(
        (
            row
            for row in _owed(db, signing_session.person_id, signing_session.school_year)
            if row.agreement_key == AGREEMENT
        ),
        None,
    )
    if owed is None:
        raise Conflict(_("You have nothing to sign at the moment."))
    return signing.sign(
        db,
        owed.id,
        wording=agreements.current(db, AGREEMENT, language=signing_session.language),
        shown_sha256=shown_sha256,
        typed_name=typed_name,
        mark=mark,
        signed_by_id=signing_session.person_id,
        outcome=outcome,
        reason=reason,
        signing_session_id=signing_session.id,
        idempotency_key=f"sitting:{signing_session.public_id}:{AGREEMENT}",
        extra=extra,
        actor=actor,
    )


def send_first_password_links(db: Session, *, school: School) -> tuple[int, int]:
    """Queue the link for a first password to all current staff who have none, once a day each, log-ins included.

    Returns how many messages were queued and how many people have no address of their own that works.
    """
    accounts.open_accounts(db)
    new, known = accounts.without_password(db), {row.person_id: row for row in accounts.all_accounts(db)}
    troubled = notifications.troubled_addresses(db, {row.email for row in known.values()})
    queued = unreached = 0
    for member in people.staff(db):
        account = known.get(member.person_id)
        if account is None or (member.person_id in new and account.email in troubled):
            unreached += 1
        elif member.person_id in new:
            queued += 1
            notifications.enqueue(
                db,
                kind="set-password",
                recipient=member.pseudonym,
                to_address=account.email,
                letter=letters.set_password(school, forename=member.greeting_name, first=True),
                link_purpose="set-password",
                dedupe_key=f"first-password:{account.public_id}:{clock.today()}",
            )
    return queued, unreached


def send_password_link(db: Session, email: str, *, school: School) -> notifications.MessageRow | None:
    """Queue a link to choose a password where a working log-in has this address; otherwise do nothing.

    Within some minutes of the last one it returns that message as it stands now. The letter is written in either case,
    so that the time it takes tells nobody which addresses have a log-in.
    """
    account = accounts.account_by_email(db, email)
    if account is None:
        letters.set_password(school, forename="")
        return None
    member = people.staff_member(db, account.person_id)
    window = int(clock.now().timestamp()) // (60 * PASSWORD_LINK_EVERY)
    return notifications.enqueue(
        db,
        kind="set-password",
        recipient=member.pseudonym,
        to_address=account.email,
        letter=letters.set_password(school, forename=member.greeting_name, first=not account.has_password),
        link_purpose="set-password",
        dedupe_key=f"set-password:{account.public_id}:{window}",
        asked_for=True,
    )
