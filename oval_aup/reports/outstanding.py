"""Who has not signed and why: one page at a time, whatever the size of the school."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, people, signing
from oval_aup.core.db import columns_of, rows_as
from oval_aup.reports import tables as t

WHYS = ("not-asked", "asked", "started", "in-class", "no-address", "bounced", "declined")
"""Every reason there is, in the order shown; each person without a signature has exactly one."""

_AT_ADDRESS = ("no-address", "bounced")
REMINDABLE_WHYS = ("not-asked", "asked", "started")
"""The reasons for which somebody who signs for themselves can be reminded."""

SORTS = ("name", "since")
PAGE = 50
COUNT_CAP = 1000
"""Beyond this a rare reason is shown as “1,000+” and not counted further."""

_person, _request, _guardian, _staff, _trouble = t.person, t.request, t.guardian, t.staff_member, t.trouble
_STAYS = _guardian.c.archived_on.is_(None)
_WORKS = _staff.c.archived_on.is_(None)
# At home first, and at work: but only where somebody is still a parent, or still works here.
_EMAIL = sa.func.coalesce(
    sa.func.nullif(sa.case((_STAYS, _guardian.c.email), else_=""), ""),
    sa.case((_WORKS, _staff.c.work_email), else_=""),
    "",
)
_WHY: sa.ColumnElement[str] = sa.case(
    (_request.c.status == "declined", "declined"),
    (_request.c.status == "started", "started"),
    (_request.c.way == "class", "in-class"),
    (sa.and_(_request.c.way == "self", _EMAIL == ""), "no-address"),
    (sa.and_(_request.c.way == "self", _trouble.c.address.is_not(None)), "bounced"),
    (_request.c.asked_at.is_(None), "not-asked"),
    else_="asked",
)
_SOURCE = (
    _request.join(_person, _person.c.id == _request.c.person_id)
    .outerjoin(_guardian, _guardian.c.person_id == _request.c.person_id)
    .outerjoin(_staff, _staff.c.person_id == _request.c.person_id)
    .outerjoin(_trouble, sa.and_(_EMAIL != "", _trouble.c.address == _EMAIL))
)

_BAD_ADDRESSES = sa.select(_trouble.c.address).where(_trouble.c.address != "")


def _adults_at(guardian_email: sa.ColumnElement[bool], work_email: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """That a request is of somebody whose address is such a one: the guardian's, or at work where that is empty."""
    at_home = sa.select(_guardian.c.person_id).where(_STAYS, guardian_email)
    has_home = sa.exists().where(_guardian.c.person_id == _staff.c.person_id, _STAYS, _guardian.c.email != "")
    at_work = sa.select(_staff.c.person_id).where(_WORKS, work_email, ~has_home)
    return _request.c.person_id.in_(at_home.union_all(at_work))


_HAS_NONE = _adults_at(
    sa.and_(
        _guardian.c.email == "",
        ~sa.exists().where(_staff.c.person_id == _guardian.c.person_id, _WORKS, _staff.c.work_email != ""),
    ),
    _staff.c.work_email == "",
)
_BOUNCES = _adults_at(_guardian.c.email.in_(_BAD_ADDRESSES), _staff.c.work_email.in_(_BAD_ADDRESSES))
_RARE: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
    "no-address": (_request.c.way == "self", _HAS_NONE),
    "bounced": (_request.c.way == "self", _BOUNCES),
    "not-asked": (
        _request.c.asked_at.is_(None),
        _request.c.way.in_(("self", "guardian")),
        sa.or_(_request.c.way == "guardian", ~sa.or_(_HAS_NONE, _BOUNCES)),
    ),
    "in-class": (_request.c.way == "class",),
}
"""The same reasons of an open request without a look at each person's row.

The database begins with the few it concerns instead of with everybody who is asked.
"""


PICTURES = "image-uses"
"""What somebody owes whose choices about pictures are not all made, beside the keys of the rules."""
OWED = tuple(agreements.AGREEMENTS)
"""Everything somebody can owe, as the list can be narrowed to."""

_CHOICE_WHY: sa.ColumnElement[str] = sa.case(
    (_EMAIL == "", "no-address"),
    (_trouble.c.address.is_not(None), "bounced"),
    (_request.c.asked_at.is_(None), "not-asked"),
    else_="asked",
)


_SINCE = sa.case((_request.c.status == "declined", _request.c.settled_at), else_=_request.c.asked_at)
_ROWS = sa.select(
    _request.c.person_id,
    _person.c.public_id,
    t.shown_name().label("full_name"),
    _request.c.agreement_key,
    _request.c.way,
    _WHY.label("why"),
    _EMAIL.label("email"),
    sa.func.coalesce(_guardian.c.mobile, "").label("mobile"),
    _SINCE.label("since"),
    _request.c.due_on,
).select_from(_SOURCE)


def _why_is(why: str) -> sa.ColumnElement[bool]:
    return sa.type_coerce(_WHY, sa.String) == why


def _year(why: str) -> sa.ColumnElement[int]:
    """The school year; out of reach of its index where beginning with the few people concerned is quicker."""
    return _request.c.school_year + 0 if why in ("no-address", "bounced") else _request.c.school_year


@dataclass(frozen=True, slots=True)
class Filter:
    """What the office wants to see; empty strings mean everything."""

    audience: str = ""
    why: str = ""
    class_public_id: str = ""
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class OutstandingPerson:
    """One missing signature: whose, why, and since when it has been so."""

    person_id: int
    public_id: str
    full_name: str
    agreement_key: str
    way: str
    why: str
    email: str
    mobile: str
    """Empty for children and for staff who are no parents here."""
    since: dt.datetime | None
    due_on: dt.date | None
    children: str
    """The children or the class that tell one Khan from another: “Ayaan 4C, Zara 1A”."""
    reminders: int
    choosing: int = 0
    """For how many children their choices about pictures are still owed."""

    @property
    def may_be_reminded(self) -> bool:
        """Whether a message can go to this person: never after a refusal, nor to nowhere."""
        return self.way == "self" and self.why in REMINDABLE_WHYS


@dataclass(frozen=True, slots=True)
class OutstandingMatch:
    """Whose a missing signature is, how it would be given and why it is missing."""

    person_id: int
    way: str
    why: str


@dataclass(frozen=True, slots=True)
class OutstandingPage:
    """One page of the list; ``has_next`` without counting the rest."""

    rows: tuple[OutstandingPerson, ...]
    page: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class OutstandingCounts:
    """How many people a selection holds and how many things they owe together."""

    people: int
    things: int


@dataclass(frozen=True, slots=True)
class WhyCounts:
    """How many are outstanding for each reason; ``capped`` names the reasons that are at least this many."""

    counts: dict[str, int]
    capped: frozenset[str]


def outstanding_page(
    db: Session,
    school_year: int,
    chosen: Filter,
    *,
    page: int = 1,
    size: int = PAGE,
    choosing: dict[int, int] | None = None,
) -> OutstandingPage:
    """One page of what is owed; ``choosing`` is that of ``choosing_adults`` where the caller has it."""
    rows = outstanding_rows(db, school_year, chosen, limit=size + 1, offset=(page - 1) * size, choosing=choosing)
    return OutstandingPage(rows[:size], page, len(rows) > size)


def outstanding_rows(
    db: Session,
    school_year: int,
    chosen: Filter,
    *,
    limit: int | None = None,
    offset: int = 0,
    choosing: dict[int, int] | None = None,
) -> tuple[OutstandingPerson, ...]:
    """Whatever is owed, by name or longest waiting first."""
    choosing = choosing_adults(db, school_year) if choosing is None else choosing
    found = _selection(db, school_year, chosen, choosing).subquery()
    by_name = (found.c.surname, found.c.forename, found.c.person_id, found.c.agreement_key)
    order = (found.c.since.is_not(None), found.c.since, *by_name) if chosen.sort == "since" else by_name
    columns = [column for column in found.c if column.name not in ("surname", "forename")]
    rows = sa.select(*columns).order_by(*order).limit(limit).offset(offset or None)
    return _with_their_families(db, rows, choosing)


def outstanding_matches(db: Session, school_year: int, chosen: Filter) -> tuple[OutstandingMatch, ...]:
    """Every missing signature of a selection, whatever the number of pages, in no order."""
    found = _selection(db, school_year, chosen, choosing_adults(db, school_year)).subquery()
    return tuple(rows_as(OutstandingMatch, db.execute(sa.select(*columns_of(OutstandingMatch, found)))))


def outstanding_counts(
    db: Session, school_year: int, chosen: Filter, *, choosing: dict[int, int] | None = None
) -> OutstandingCounts:
    """How many people of a selection owe something, and how many things that is in all."""
    choosing = choosing_adults(db, school_year) if choosing is None else choosing
    found = _selection(db, school_year, chosen, choosing).subquery()
    columns = (found.c.person_id, found.c.agreement_key)
    rows = db.execute(sa.select(*columns)).all()
    persons = {row.person_id for row in rows}
    rules = sum(1 for row in rows if row.agreement_key != PICTURES)
    pictures = len(persons & choosing.keys()) if chosen.audience in ("", "parents", PICTURES) else 0
    return OutstandingCounts(len(persons), rules + pictures)


def choosing_adults(db: Session, school_year: int) -> dict[int, int]:
    """Row ids of those who owe choices about pictures in the sign-up of the year, with the number of children."""
    campaign = campaigns.campaign_of(db, school_year)
    if campaign is None or campaign.opened_at is None or not campaign.asks_families:
        return {}
    owed = campaigns.owed_by(db, school_year)
    return {adult.person_id: len(adult.choosing) for adult in owed.values() if adult.choosing}


def remindable(db: Session, school_year: int, chosen: Filter, *, choosing: dict[int, int] | None = None) -> int:
    """How many people of a selection ``may_be_reminded``."""
    if chosen.why not in ("", *REMINDABLE_WHYS) or chosen.audience == "children":
        return 0
    choosing = choosing_adults(db, school_year) if choosing is None else choosing
    found = _selection(db, school_year, chosen, choosing).subquery()
    can = (found.c.way == "self", found.c.why.in_(REMINDABLE_WHYS))
    return db.scalar(sa.select(sa.func.count(sa.distinct(found.c.person_id))).where(*can)) or 0


def newest_rows(db: Session, school_year: int, why: str, *, limit: int) -> tuple[OutstandingPerson, ...]:
    """The first of those who are ``declined`` or have ``no-address``, newest first."""
    since = _request.c.settled_at if why == "declined" else _request.c.asked_at
    order = (since.desc(), _request.c.id.desc())
    # Chosen before anything is joined to them: thousands may have no address, and a handful is wanted.
    newest = sa.select(_request.c.id).where(*_conditions(db, school_year, Filter(why=why))).order_by(*order)
    return _with_their_families(db, _ROWS.where(_request.c.id.in_(newest.limit(limit))).order_by(*order))


def newest_people(db: Session, school_year: int, why: str, *, limit: int) -> tuple[str, ...]:
    """The public ids of the same people alone, each once."""
    since = _request.c.settled_at if why == "declined" else _request.c.asked_at
    newest = sa.select(_request.c.person_id).where(*_conditions(db, school_year, Filter(why=why)))
    chosen = newest.order_by(since.desc(), _request.c.id.desc()).limit(limit)
    found = sa.select(_person.c.public_id).where(_person.c.id.in_(chosen))
    return tuple(db.scalars(found))


def _selection(
    db: Session, school_year: int, chosen: Filter, choosing: dict[int, int]
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """A row for each request of the selection, and one for each adult who owes nothing there but choices."""
    named = (_person.c.surname, _person.c.forename)
    requests = _ROWS.add_columns(*named).where(*_conditions(db, school_year, chosen))
    wants_choices = chosen.audience in ("", PICTURES) and chosen.why in ("", "not-asked", "asked", *_AT_ADDRESS)
    if not choosing or not wants_choices:
        return requests
    source = (
        _guardian.join(_person, _person.c.id == _guardian.c.person_id)
        .outerjoin(_staff, _staff.c.person_id == _guardian.c.person_id)
        .outerjoin(_trouble, sa.and_(_EMAIL != "", _trouble.c.address == _EMAIL))
        .outerjoin(
            _request,
            sa.and_(
                _request.c.person_id == _guardian.c.person_id,
                _request.c.school_year == school_year,
                _request.c.agreement_key == "parents",
                _request.c.status != "cancelled",
            ),
        )
    )
    pictures = (
        sa.select(
            _guardian.c.person_id,
            _person.c.public_id,
            t.shown_name().label("full_name"),
            sa.literal(PICTURES).label("agreement_key"),
            sa.literal("self").label("way"),
            _CHOICE_WHY.label("why"),
            _EMAIL.label("email"),
            _guardian.c.mobile,
            _request.c.asked_at.label("since"),
            _request.c.due_on,
            *named,
        )
        .select_from(source)
        .where(_guardian.c.person_id.in_(choosing))
    )
    if not chosen.audience:  # whoever owes the rules as well stands in the list already, with both
        owes_rules = sa.and_(_request.c.id.is_not(None), _request.c.status.in_(("open", "started", "declined")))
        pictures = pictures.where(~owes_rules)
    if chosen.why:
        pictures = pictures.where(sa.type_coerce(_CHOICE_WHY, sa.String) == chosen.why)
    if chosen.class_public_id:
        class_id = people.school_class(db, chosen.class_public_id).id
        pictures = pictures.where(_in_class(class_id, _guardian.c.person_id))
    return pictures if chosen.audience == PICTURES else sa.union_all(requests, pictures)


def _with_their_families(
    db: Session, statement: sa.Select[Any], choosing: dict[int, int] | None = None
) -> tuple[OutstandingPerson, ...]:
    found = db.execute(statement).all()
    beside = children_words(db, [row.person_id for row in found])
    reminded = _reminder_counts(db, [row.person_id for row in found])
    return tuple(
        OutstandingPerson(
            **row._asdict(),
            children=beside.get(row.person_id, ""),
            reminders=reminded.get(row.person_id, 0),
            choosing=(choosing or {}).get(row.person_id, 0) if row.agreement_key in ("parents", PICTURES) else 0,
        )
        for row in found
    )


def _conditions(db: Session, school_year: int, chosen: Filter) -> list[sa.ColumnElement[bool]]:
    keys = (chosen.audience,) if chosen.audience else agreements.SIGNED
    where: list[sa.ColumnElement[bool]] = [
        _year(chosen.why) == school_year,
        _request.c.agreement_key.in_(keys),
        _status_is(chosen.why),
    ]
    if chosen.why in _RARE:
        where += _RARE[chosen.why]
    elif chosen.why == "asked":
        where.append(_why_is("asked"))
    if chosen.class_public_id:
        where.append(_in_class(people.school_class(db, chosen.class_public_id).id))
    return where


def _status_is(why: str) -> sa.ColumnElement[bool]:
    if why == "declined":  # spelt out, as the index that holds refusals alone serves no value that comes later
        return _request.c.status == sa.literal_column("'declined'")
    if not why:
        return _request.c.status.in_(("open", "started", "declined"))
    return _request.c.status == ("started" if why == "started" else "open")


def _in_class(class_id: int, person_id: sa.ColumnElement[int] = _request.c.person_id) -> sa.ColumnElement[bool]:
    own = sa.select(t.child.c.person_id).where(t.child.c.class_id == class_id, t.child.c.archived_on.is_(None))
    families = sa.select(t.guardianship.c.guardian_id).where(
        t.guardianship.c.child_id.in_(own), t.guardianship.c.ended_on.is_(None)
    )
    return sa.or_(person_id.in_(own), person_id.in_(families))


def children_words(db: Session, person_ids: list[int]) -> dict[int, str]:
    """Beside a guardian their children, beside a child their class."""
    own, link = t.child, t.guardianship
    named = (t.shown_forename(), t.school_class.c.name)
    children = (
        sa.select(own.c.person_id, own.c.archived_on, *named)
        .join(t.person, t.person.c.id == own.c.person_id)
        .outerjoin(t.school_class, t.school_class.c.id == own.c.class_id)
    )
    # What has ended is dropped here and not in the statement, where its index would tempt the planner.
    classes = {
        child_id: class_name
        for child_id, ended, _forename, class_name in db.execute(children.where(own.c.person_id.in_(person_ids)))
        if ended is None and class_name
    }
    families = sa.select(link.c.guardian_id, link.c.ended_on, link.c.contact_allowed, own.c.archived_on, *named)
    families = families.select_from(
        link.join(own, own.c.person_id == link.c.child_id)
        .join(t.person, t.person.c.id == own.c.person_id)
        .outerjoin(t.school_class, t.school_class.c.id == own.c.class_id)
    ).where(link.c.guardian_id.in_(person_ids))
    found: dict[int, list[str]] = {}
    for guardian_id, ended, allowed, left, forename, class_name in db.execute(families.order_by(link.c.child_id)):
        if ended is None and left is None and allowed:
            found.setdefault(guardian_id, []).append(f"{forename} {class_name or ''}".strip())
    return classes | {guardian_id: ", ".join(words) for guardian_id, words in found.items()}


def _reminder_counts(db: Session, person_ids: list[int]) -> dict[int, int]:
    chosen = (
        sa.select(t.reminder.c.person_id, sa.func.count())
        .where(t.reminder.c.person_id.in_(person_ids), t.reminder.c.step != "ask")
        .group_by(t.reminder.c.person_id)
    )
    return dict(db.execute(chosen).all())


def why_counts(db: Session, overall: dict[str, signing.Counts], school_year: int) -> WhyCounts:
    """How many are outstanding for each reason, all audiences together.

    Started and declined come from the kept counts; the rare reasons are counted up to COUNT_CAP; the rest were asked.
    """
    counts = {
        "started": sum(each.started for each in overall.values()),
        "declined": sum(each.declined for each in overall.values()),
    }
    counts["in-class"] = _waiting_for_their_class(db, school_year)
    capped = set()
    for why in ("not-asked", "no-address", "bounced"):
        counts[why] = _count_up_to(db, school_year, why)
        if counts[why] > COUNT_CAP:
            capped.add(why)
            counts[why] = COUNT_CAP
    still_open = sum(each.open for each in overall.values())
    counts["asked"] = max(0, still_open - sum(counts[why] for why in _RARE))
    return WhyCounts({why: counts[why] for why in WHYS}, frozenset(capped))


def _waiting_for_their_class(db: Session, school_year: int) -> int:
    where = (_request.c.school_year == school_year, _request.c.status == "open", *_RARE["in-class"])
    return db.scalar(sa.select(sa.func.count()).select_from(_request).where(*where)) or 0


def _count_up_to(db: Session, school_year: int, why: str) -> int:
    some = (
        sa.select(sa.literal(1))
        .select_from(_request)
        .where(_year(why) == school_year, _request.c.status == "open", *_RARE[why])
        .limit(COUNT_CAP + 1)
        .subquery()
    )
    return db.scalar(sa.select(sa.func.count()).select_from(some)) or 0
