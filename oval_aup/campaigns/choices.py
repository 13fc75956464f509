"""A guardian changes choices about pictures later: they count at once, and the class teacher is told of a no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence
from oval_aup.campaigns.family import family
from oval_aup.campaigns.permission_changes import tell_of_changes
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
    entries = change_choices(
        db,
        guardian_id=guardian_id,
        child_public_id=child_public_id,
        answers={purpose_key: answer},
        school_year=school_year,
        language=language,
        school=school,
        actor=actor,
    )
    return entries[0] if entries else None


def change_choices(
    db: Session,
    *,
    guardian_id: int,
    child_public_id: str,
    answers: Mapping[str, str],
    school_year: int,
    language: str = "en",
    school: School,
    actor: Actor,
) -> tuple[evidence.EntryRow, ...]:
    """Change several answers about one child, an entry for each that differs; the class teacher is told once.

    Raises what ``change_choice`` raises.
    """
    mine = family(db, guardian_id, school_year)
    each = next((one for one in mine.children if one.child.public_id == child_public_id), None)
    if each is None or not each.link.may_choose:
        raise NotFound
    before = Counter(
        row.purpose_key for row in consent.decisions(db, child_id=each.child.person_id, guardian_id=guardian_id)
    )
    wording = agreements.current(db, consent.AGREEMENT, language=language)
    entries = tuple(
        consent.record(
            db,
            child=each.child,
            guardian=mine.guardian,
            answers={use: answer},
            only=(use,),
            wording=wording,
            school_year=school_year,
            idempotency_key=f"choice:{mine.guardian.public_id}:{child_public_id}:{use}:{before[use]}",
            details={
                "signer_name": mine.guardian.full_name,
                "child_name": each.child.full_name,
                "relationship": each.link.relationship_name,
            },
            actor=actor,
        )
        for use, answer in answers.items()
        if each.answers.get(use) != answer
    )
    if entries:
        tell_of_changes(db, school=school)
    return entries
