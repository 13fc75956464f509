"""A request to be erased that the school refuses: on which ground, why, and since when it was known."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _, gettext_noop
from oval_aup.retention.erasure import ErasureRow, erasure_row
from oval_aup.retention.holds import REASON_LENGTH
from oval_aup.retention.models import Erasure

GROUNDS: dict[str, str] = {
    "legal-claims": gettext_noop("It is needed for a legal claim (UK GDPR, Article 17(3)(e))"),
    "public-task": gettext_noop("The school must keep it for its duty or public task (Article 17(3)(b))"),
    "safeguarding": gettext_noop("It is needed to keep a child safe, or for an inquiry into that (Article 17(3)(b))"),
    "unfounded": gettext_noop("The request is manifestly unfounded or excessive (Article 12(5))"),
    "identity": gettext_noop("Who asks could not be confirmed (Article 12(6))"),
}


def refuse_erasure(
    db: Session,
    person: people.PersonRow,
    *,
    ground: str,
    reason: str,
    received_on: dt.date,
    actor: Actor,
) -> ErasureRow:
    """Record that a request was refused; the reason is kept among the erasable details. Raises Invalid by field.

    The very same refusal once more, as a second press sends it, is the one that is recorded already.
    """
    _check(ground, reason, received_on)
    said = {
        "person_id": person.person_id,
        "basis": ground,
        "reason": reason.strip(),
        "received_on": received_on,
        "status": "refused",
    }
    known = db.scalar(sa.select(Erasure).filter_by(**said).limit(1))
    if known is not None:
        return erasure_row(known)
    row = Erasure(batch=new_public_id(), what="person", ordered_at=clock.now(), ordered_by_id=actor.person_id, **said)
    db.add(row)
    db.flush()
    row.ledger_seq = evidence.append(
        db,
        "held",
        subject=person.pseudonym,
        act={
            "act": "erasure_refused",
            "ground": ground,
            "request": row.public_id,
            "received_on": received_on.isoformat(),
        },
        details={"reason": reason.strip()},
        idempotency_key=f"erasure-refused:{row.public_id}",
        actor=actor,
    ).seq
    db.flush()
    return erasure_row(row)


def _check(ground: str, reason: str, received_on: dt.date) -> None:
    problems = {}
    if ground not in GROUNDS:
        problems["ground"] = _("Choose the ground.")
    if not reason.strip():
        problems["refusal"] = _("Say in a few words why.")
    if len(reason) > REASON_LENGTH:
        problems["refusal"] = _("Please use 2,000 letters or fewer.")
    if received_on > clock.today():
        problems["requested"] = _("The request cannot have come in the future.")
    if problems:
        raise Invalid(fields=problems)
