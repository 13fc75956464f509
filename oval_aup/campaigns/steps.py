"""The steps that were taken for people: claimed once each, whoever and however many try."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.campaigns.models import Campaign, Reminder
from oval_aup.core import clock
from oval_aup.core.db import rows_changed

ASK = "ask"
BY_HAND = "nudge-"
AGAIN = "@"
"""Between a step and the day of the asking that it follows, where there was one before."""

_CLAIM = sa.text(
    "INSERT INTO reminder (campaign_id, person_id, step, message, about, taken_at)"
    " VALUES (:campaign_id, :person_id, :step, :message, :about, :taken_at)"
    " ON CONFLICT (campaign_id, person_id, step) DO NOTHING"
).bindparams(
    sa.bindparam("taken_at", type_=Reminder.__table__.c.taken_at.type),
    sa.bindparam("about", type_=Reminder.__table__.c.about.type),
)


@dataclass(slots=True)
class StepsTaken:
    """The steps of one person so far, each with its London date."""

    steps: dict[str, dt.date] = field(default_factory=dict)

    @property
    def asked_on(self) -> dt.date | None:
        """The newest asking: a later one follows a child who joined."""
        return max((on for step, on in self.steps.items() if step.startswith(ASK)), default=None)

    @property
    def reminded_by_hand_on(self) -> dt.date | None:
        """The newest reminder by hand."""
        return max((on for step, on in self.steps.items() if step.startswith(BY_HAND)), default=None)

    @property
    def automatic(self) -> Mapping[str, dt.date]:
        """Reminders and escalation since the newest asking, by their plain names."""
        asked_on = self.asked_on
        return {
            step.partition(AGAIN)[0]: on
            for step, on in self.steps.items()
            if not step.startswith((ASK, BY_HAND)) and (asked_on is None or on >= asked_on)
        }

    def named(self, step: str) -> str:
        """The name under which a step is taken now: one of an earlier asking keeps its own."""
        return f"{step}{AGAIN}{self.asked_on}" if step in self.steps else step


class AskedFor(TypedDict):
    """What a letter asks of an adult, as the ledger keeps it."""

    school_year: int
    step: str
    agreements: list[str]
    image_choices: bool
    requests: list[str]


class About(TypedDict):
    """What the ledger is to say of a reminder once its letter has left."""

    act: AskedFor
    by: int | None
    """Row id of whoever in the office sent it; None for the system."""


def claim(
    db: Session,
    campaign_id: int,
    person_id: int,
    step: str,
    *,
    message: str = "",
    about: About | None = None,
    at: dt.datetime | None = None,
) -> bool:
    """Take a step for a person; False where somebody has taken it before.

    ``about`` is what the ledger says of it once its letter has left. ``at`` is when the letter goes, where that is
    later than now: what follows is counted from then.
    """
    taken = db.execute(
        _CLAIM,
        {
            "campaign_id": campaign_id,
            "person_id": person_id,
            "step": step,
            "message": message,
            "about": about,
            "taken_at": at or clock.now(),
        },
    )
    return rows_changed(taken) == 1


def taken_with(db: Session, message: str) -> tuple[tuple[Campaign, int, str, About], ...]:
    """The steps taken by one letter that the ledger tells of: campaign, person, step and what it says."""
    rows = db.scalars(sa.select(Reminder).where(Reminder.message == message).order_by(Reminder.id))
    return tuple((row.campaign, row.person_id, row.step, cast(About, row.about)) for row in rows if row.about)


def taken_steps(db: Session, campaign_id: int) -> defaultdict[int, StepsTaken]:
    """Every step of a sign-up by person; a person without any has an empty one."""
    found: defaultdict[int, StepsTaken] = defaultdict(StepsTaken)
    rows = db.execute(
        sa.select(Reminder.person_id, Reminder.step, Reminder.taken_at).where(Reminder.campaign_id == campaign_id)
    )
    for person_id, step, taken_at in rows:
        found[person_id].steps[step] = clock.london(taken_at).date()
    return found


def who_took(db: Session, campaign_id: int, step: str) -> frozenset[int]:
    """Row ids of those for whom one step of a sign-up was taken."""
    taken = sa.select(Reminder.person_id).where(Reminder.campaign_id == campaign_id, Reminder.step == step)
    return frozenset(db.scalars(taken))
