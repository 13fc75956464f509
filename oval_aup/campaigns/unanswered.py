"""Who in a teacher's class or a manager's team still owes an answer: the list that an escalation letter leads to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.campaigns import planning
from oval_aup.campaigns.obligations import Owed, owed_by


@dataclass(frozen=True, slots=True)
class SilentFamily:
    """One child and each adult who still owes something for them; one parent's answer does not answer for the other."""

    child: people.ChildRow
    adults: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The families of a class and the colleagues of a team who still owe an answer."""

    families: tuple[SilentFamily, ...]
    colleagues: tuple[Owed, ...]


def unanswered_around(db: Session, member: people.StaffRow, school_year: int) -> Unanswered:
    """Whoever has not answered in a staff member's own class and team, once the sign-up of the year has started."""
    campaign = planning.campaign_of(db, school_year)
    if campaign is None or campaign.opened_at is None:
        return Unanswered((), ())
    owed = owed_by(db, school_year, choices=campaign.asks_families)
    families = []
    if member.class_id is not None:
        for child in people.children(db, member.class_id):
            links = people.guardians_of(db, child.person_id)
            waiting = [owed[link.guardian.person_id] for link in links if link.guardian.person_id in owed]
            adults = tuple(adult for adult in waiting if adult.is_family)
            if adults:
                families.append(SilentFamily(child, adults))
    colleagues = tuple(adult for adult in owed.values() if adult.is_staff and adult.line_manager_id == member.person_id)
    return Unanswered(tuple(families), colleagues)
