"""A guardian changes one choice about pictures later: it counts at once, and the class teacher hears of it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, notifications, people
from oval_aup.campaigns import letters
from oval_aup.campaigns.family import FamilyChild, family
from oval_aup.core.actor import Actor
from oval_aup.core.errors import NotFound
from oval_aup.core.school import School


def change_choice(
    db: Session,
    *,
    guardian_id: int,
    child_public_id: str,
    purpose_key: str,
    answer: str,
    school_year: int,
    language: str = "en",
    school: School,
    actor: Actor,
) -> evidence.EntryRow | None:
    """Change one guardian's answer about one use of one child's pictures; None where it says so already.

    Raises NotFound for a child they do not choose for, Invalid for a use that is not asked or an answer that is none.
    """
    mine = family(db, guardian_id, school_year)
    each = next((one for one in mine.children if one.child.public_id == child_public_id), None)
    if each is None or not each.link.may_choose:
        raise NotFound
    if each.answers.get(purpose_key) == answer:
        return None
    before = sum(
        1
        for row in consent.decisions(db, child_id=each.child.person_id, guardian_id=guardian_id)
        if row.purpose_key == purpose_key
    )
    entry = consent.change(
        db,
        child=each.child,
        guardian=mine.guardian,
        purpose_key=purpose_key,
        answer=answer,
        wording=agreements.current(db, consent.AGREEMENT, language=language),
        school_year=school_year,
        idempotency_key=f"choice:{mine.guardian.public_id}:{child_public_id}:{purpose_key}:{before}",
        details={
            "signer_name": mine.guardian.full_name,
            "child_name": each.child.full_name,
            "relationship": each.link.relationship_name,
        },
        actor=actor,
    )
    _tell_class_teachers(db, each, entry, school)
    return entry


def _tell_class_teachers(db: Session, each: FamilyChild, entry: evidence.EntryRow, school: School) -> None:
    teachers = [
        member
        for member in people.staff(db)
        if member.class_id is not None
        and member.class_id == each.child.class_id
        and member.staff_group in ("teaching", "leadership")
        and member.work_email
    ]
    for teacher in teachers:
        notifications.enqueue(
            db,
            kind="choice-changed",
            recipient=teacher.pseudonym,
            to_address=teacher.work_email,
            letter=letters.choice_changed(school, forename=teacher.forename),
            dedupe_key=f"choice-changed:{entry.seq}:{teacher.person_id}",
        )
