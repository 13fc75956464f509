"""Who in a teacher's class or a manager's team still owes an answer: the list that an escalation letter leads to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.campaigns import planning
from oval_aup.campaigns.owed import Owed, owed_by


@dataclass(frozen=True, slots=True)
class SilentFamily:
    """One child and each adult who still owes something for them; one parent's answer does not answer for the other."""

    child: people.ChildRow
    adults: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The families of a class and the colleagues of a team who still owe an answer."""

    asked: bool
    """Whether anybody has been asked this school year."""
    families: tuple[SilentFamily, ...] = ()
    colleagues: tuple[Owed, ...] = ()


def unanswered_around(db: Session, member: people.StaffRow, school_year: int, *, class_id: int | None) -> Unanswered:
    """Whoever has not answered in a staff member's team and in the class that they may see."""
    campaign = planning.campaign_of(db, school_year)
    if campaign is None or campaign.opened_at is None:
        return Unanswered(asked=False)
    owed = owed_by(db, school_year, choices=campaign.asks_families).values()
    children = people.children(db, class_id) if class_id is not None else ()
    waiting = {child: tuple(adult for adult in owed if child in adult.about) for child in children}
    return Unanswered(
        asked=True,
        families=tuple(SilentFamily(child, adults) for child, adults in waiting.items() if adults),
        colleagues=tuple(adult for adult in owed if adult.is_staff and adult.line_manager_id == member.person_id),
    )
