"""How long each kind of record stays and when its time begins: defaults to confirm until the school has said."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _, gettext_noop
from oval_aup.retention.models import RetentionPeriod

MOST_MONTHS = 1200
LIMITATION = gettext_noop(
    "Our own default: the six years within which most claims must be brought (Limitation Act 1980). "
    "The IRMS toolkit for schools names no period for this."
)


@dataclass(frozen=True, slots=True)
class RecordType:
    """One kind of record; ``of_person`` ones go with a whole person, others by themselves once they are old."""

    key: str
    name: str
    begins: str
    months: int
    source: str
    of_person: bool = True


RECORD_TYPES: dict[str, RecordType] = {
    row.key: row
    for row in (
        RecordType(
            "parents",
            gettext_noop("Parents’ and carers’ acknowledgements"),
            gettext_noop("When the last child they answered for has left, and they with them"),
            72,
            LIMITATION,
        ),
        RecordType(
            "children",
            gettext_noop("Children’s acknowledgements"),
            gettext_noop("When the child has left"),
            72,
            LIMITATION,
        ),
        RecordType(
            "staff",
            gettext_noop("Acknowledgements of staff, governors and volunteers"),
            gettext_noop("When they have left"),
            72,
            gettext_noop("IRMS toolkit for schools: personnel files, end of employment plus six years."),
        ),
        RecordType(
            "images",
            gettext_noop("Evidence of image consent"),
            gettext_noop(
                "When the child has left, or with the last choice or withdrawal where that is later; never while a"
                " picture is still to be taken down"
            ),
            72,
            gettext_noop(
                "IRMS toolkit for schools: as long as an image is in use, and then the limitation period the school"
                " picks; six years are common."
            ),
        ),
        RecordType(
            "unanswered",
            gettext_noop("Leavers who never answered"),
            gettext_noop("When they have left"),
            12,
            gettext_noop("Our own default: nothing was recorded that could be needed later."),
        ),
        RecordType(
            "messages",
            gettext_noop("Sent messages: address and words"),
            gettext_noop("When the message was written"),
            12,
            gettext_noop("Our own default: a school year to answer questions about letters. That one went is kept."),
            of_person=False,
        ),
        RecordType(
            "class-sessions",
            gettext_noop("Class sessions: their codes"),
            gettext_noop("At the end of the school year"),
            12,
            gettext_noop("Our own default: the codes open nothing. Who took part is kept with the child’s record."),
            of_person=False,
        ),
        RecordType(
            "visits",
            gettext_noop("Private links and log-in times"),
            gettext_noop("When the link or the visit was over"),
            12,
            gettext_noop("Our own default: a year to look into misuse."),
            of_person=False,
        ),
        RecordType(
            "reports",
            gettext_noop("Class and school reports that name people, and packs"),
            gettext_noop("When it was made"),
            36,
            gettext_noop("Our own default, after the three years that policies are kept beyond their life."),
            of_person=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One period as it stands; a default until the school has confirmed or changed it."""

    record_type: RecordType
    months: int
    confirmed_at: dt.datetime | None
    confirmed_by_id: int | None

    @property
    def is_default(self) -> bool:
        """Whether the school has not said anything yet."""
        return self.confirmed_at is None


def periods(db: Session) -> dict[str, PeriodRow]:
    """Every period as it stands, by record type."""
    newest = sa.select(sa.func.max(RetentionPeriod.id)).group_by(RetentionPeriod.record_type)
    said = {
        row.record_type: row for row in db.scalars(sa.select(RetentionPeriod).where(RetentionPeriod.id.in_(newest)))
    }
    return {
        key: PeriodRow(
            kind,
            said[key].months if key in said else kind.months,
            said[key].said_at if key in said else None,
            said[key].said_by_id if key in said else None,
        )
        for key, kind in RECORD_TYPES.items()
    }


def confirm_period(db: Session, record_type: str, months: int, *, actor: Actor) -> PeriodRow:
    """Say how long this kind of record stays, be it what the default says; raises NotFound or Invalid on its field."""
    if record_type not in RECORD_TYPES:
        raise NotFound
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid(fields={"time": _("Enter a whole number: at least one month, at most 100 years.")})
    said = RetentionPeriod(record_type=record_type, months=months, said_at=clock.now(), said_by_id=actor.person_id)
    db.add(said)
    db.flush()
    return periods(db)[record_type]


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
