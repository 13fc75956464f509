"""What the school's lists said at a moment that has passed, by whatever way they have changed since."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.people import history
from oval_aup.people.models import (
    Child,
    ChildClassState,
    Guardianship,
    GuardianshipState,
    SchoolClass,
    StaffMember,
    StaffState,
)
from tests import kept_lists
from tests.people import builders
from tests.people.makers import bring_in, class_list, class_row, contacts, link, member, staff_list
from tests.people.test_queries import statements

SEPTEMBER = dt.datetime(2026, 9, 7, 9, 0, tzinfo=dt.UTC)


def on(month: int, day: int, hour: int = 12, *, year: int = 2026) -> dt.datetime:
    """Move the clock there, and give the moment."""
    moment = dt.datetime(year, month, day, hour, tzinfo=dt.UTC)
    clock.travel_to(moment)
    return moment


def child_named(db: Session, forename: str) -> people.ChildRow:
    (found,) = [row for row in people.search(db, forename) if row.is_child]
    return people.child_by_id(db, found.person_id)


def told(db: Session, child: people.ChildRow, at: dt.datetime) -> list[tuple[str, str, str, bool]]:
    """The adults of a child at a moment as the lists said then."""
    links = people.guardians_then(db, [child.person_id], at).get(child.person_id, ())
    return [
        (row.guardian.forename, row.relationship_name, row.parental_responsibility, row.contact_allowed)
        for row in links
    ]


def class_of(db: Session, child: people.ChildRow, at: dt.datetime) -> tuple[str, str, dt.date | None] | None:
    then = people.class_then(db, child.person_id, at)
    return None if then is None else (then.class_name, then.year_group, then.left_on)


def states(db: Session) -> int:
    kinds = (GuardianshipState, ChildClassState, StaffState)
    return sum(db.scalar(sa.select(sa.func.count()).select_from(model)) or 0 for model in kinds)


ANN = ("Ann", "Mother", "yes", True)
BOB = ("Bob", "Father", "yes", True)


@pytest.fixture
def leo(db: Session) -> people.ChildRow:
    """Leo of 4C with Ann and Bob, on the lists since September."""
    on(9, 7)
    bring_in(db, contacts(link(1, 1), link(1, 2, Relationship="Father", Priority="2")))
    return child_named(db, "Leo")


def test_before_they_were_entered_nobody_is_told(db: Session, leo: people.ChildRow) -> None:
    before = SEPTEMBER - dt.timedelta(days=1)
    assert (told(db, leo, before), class_of(db, leo, before)) == ([], None)
    assert people.lists_kept_since(db) is None


def test_what_lists_change_is_told_as_it_was(db: Session, leo: people.ChildRow) -> None:
    first = clock.now()
    bar = {"Relationship": "Father", "Priority": "2", "Court_Order": "Y"}
    moments = []
    for month, cells in ((10, bar), (11, {**bar, "Court_Order": "N"}), (12, {**bar, "Parental_Responsibility": "F"})):
        moments.append(on(month, 1))
        bring_in(db, contacts(link(1, 1), link(1, 2, **cells)))
    after = [told(db, leo, at + dt.timedelta(hours=1)) for at in moments]
    assert after[0] == [ANN, ("Bob", "Father", "yes", False)]
    assert told(db, leo, first) == told(db, leo, moments[0] - dt.timedelta(hours=1)) == [ANN, BOB]
    assert told(db, leo, moments[1] - dt.timedelta(hours=1)) == after[0]
    assert after[1][1][3] is True
    assert after[2][1][2] == "no"


def test_a_link_that_ended_and_was_resumed(db: Session, leo: people.ChildRow) -> None:
    bob = people.guardians_of(db, leo.person_id)[1].guardian
    ended = on(10, 1)
    builders.end_guardianship(db, child_id=leo.person_id, guardian_id=bob.person_id, actor=SYSTEM)
    resumed = on(10, 1, 15)
    builders.link_guardian(
        db, child_id=leo.person_id, guardian_id=bob.person_id, parental_responsibility="yes", actor=SYSTEM
    )
    hour = dt.timedelta(hours=1)
    assert [len(told(db, leo, at)) for at in (ended - hour, ended + hour, resumed + hour)] == [2, 1, 2]
    assert [len(children_then(db, bob.person_id, at)) for at in (ended - hour, ended + hour)] == [1, 0]


def children_then(db: Session, guardian_id: int, at: dt.datetime) -> tuple[people.ChildRow, ...]:
    return people.children_then(db, people.parts_then(db, people.person_by_id(db, guardian_id), at))


def test_a_barred_adult_is_told_to_the_office_and_has_no_children_then(db: Session, leo: people.ChildRow) -> None:
    ann = people.guardians_of(db, leo.person_id)[0].guardian
    before, _moved = clock.now(), on(10, 1)
    builders.link_guardian(db, child_id=leo.person_id, guardian_id=ann.person_id, contact_allowed=False, actor=SYSTEM)
    assert children_then(db, ann.person_id, clock.now()) == ()
    assert [row.person_id for row in children_then(db, ann.person_id, before)] == [leo.person_id]
    assert [row[3] for row in told(db, leo, clock.now())] == [False, True]


def test_a_change_of_class_and_the_next_school_year(db: Session, leo: people.ChildRow) -> None:
    changed = on(1, 11, year=2027)
    bring_in(db, class_list(class_row(1, CHILD_REGISTRATION="4A")), partial=True)
    rolled = on(9, 3, year=2027)
    bring_in(db, class_list(class_row(1, CHILD_REGISTRATION="5A", CHILD_YEAR_GROUP="5")), partial=True)
    hour = dt.timedelta(hours=1)
    assert class_of(db, leo, changed - hour) == ("4C", "4", None)
    assert class_of(db, leo, changed + hour) == class_of(db, leo, rolled - hour) == ("4A", "4", None)
    assert class_of(db, leo, rolled + hour) == ("5A", "5", None)


def test_a_child_who_left_and_came_back(db: Session, leo: people.ChildRow) -> None:
    left = on(12, 18)
    bring_in(db, contacts(link(2, 3)))
    back = on(2, 1, year=2027)
    bring_in(db, contacts(link(1, 1), link(2, 3)))
    hour = dt.timedelta(hours=1)
    assert len(told(db, leo, left - hour)) == 2
    assert (told(db, leo, left + hour), class_of(db, leo, left + hour)) == ([], ("4C", "4", dt.date(2026, 12, 18)))
    assert class_of(db, leo, back + hour) == ("4C", "4", None)
    assert ANN in told(db, leo, back + hour)


@pytest.mark.parametrize("who", ["child", "guardian"])
def test_leavers_taken_off_by_hand(db: Session, leo: people.ChildRow, who: str) -> None:
    bob = people.guardians_of(db, leo.person_id)[1].guardian
    at = on(10, 1)
    people.archive_person(db, leo.person_id if who == "child" else bob.person_id, actor=SYSTEM)
    hour = dt.timedelta(hours=1)
    assert len(told(db, leo, at - hour)) == 2
    assert told(db, leo, at + hour) == ([] if who == "child" else [ANN])


def test_the_same_lists_again_and_what_is_not_kept_add_nothing(db: Session, leo: people.ChildRow) -> None:
    known = states(db)
    on(10, 1)
    bring_in(db, contacts(link(1, 1), link(1, 2, Relationship="Father", Priority="2")))
    bring_in(db, contacts(link(1, 1, Mobile="07700 900999"), link(1, 2, Relationship="Father", Priority="2")))
    ann = people.guardians_of(db, leo.person_id)[0].guardian
    people.set_email(db, ann.person_id, "new@example.org", SYSTEM)
    builders.add_class(db, name="9Z", year_group="6")
    assert states(db) == known


def parts(db: Session, person_id: int, at: dt.datetime) -> str:
    """The parts somebody played at a moment, in a word each."""
    then = people.parts_then(db, people.person_by_id(db, person_id), at)
    played = {"child": then.child, "guardian": then.guardian, "staff": then.staff}
    return " ".join(part for part, plays in played.items() if plays)


def test_a_mother_who_came_to_work_here_and_left_was_staff_in_between(db: Session, leo: people.ChildRow) -> None:
    ann = people.guardians_of(db, leo.person_id)[0].guardian
    hour = dt.timedelta(hours=1)
    gwen, helper = member(1), member(2, Forename="Ann", Surname="Brown", Work_Email=ann.email)
    came = on(10, 1)
    bring_in(db, staff_list(gwen, helper))
    left = on(11, 1)
    bring_in(db, staff_list(gwen))
    back = on(12, 1)
    bring_in(db, staff_list(gwen, helper))
    gone = on(12, 20)
    people.archive_person(db, ann.person_id, actor=SYSTEM)
    told = [parts(db, ann.person_id, at + side) for at in (came, left, back, gone) for side in (-hour, hour)]
    both = "guardian staff"
    assert told == ["guardian", both, both, "guardian", "guardian", both, both, ""]
    assert people.staff_kept_since(db) is None


def test_the_part_of_a_guardian_goes_with_the_last_link_and_a_bar_takes_it(db: Session, leo: people.ChildRow) -> None:
    ann, bob = (link.guardian.person_id for link in people.guardians_of(db, leo.person_id))
    barred = on(10, 1)
    builders.link_guardian(db, child_id=leo.person_id, guardian_id=ann, contact_allowed=False, actor=SYSTEM)
    left = on(11, 1)
    people.archive_person(db, leo.person_id, actor=SYSTEM)
    hour = dt.timedelta(hours=1)
    moments = (SEPTEMBER - hour, barred - hour, barred + hour, left + hour)
    assert [parts(db, ann, at) for at in moments] == ["", "guardian", "", ""]
    assert [parts(db, bob, at) for at in moments] == ["", "guardian", "guardian", ""]
    assert [parts(db, leo.person_id, at) for at in moments] == ["", "child", "child", ""]


def test_in_which_order_adults_are_written_to_does_not_order_those_of_a_past_day(
    db: Session, leo: people.ChildRow
) -> None:
    before, bob = clock.now(), people.guardians_of(db, leo.person_id)[1].guardian
    on(10, 1)
    bring_in(db, contacts(link(1, 1, Priority="2"), link(1, 2, Relationship="Father", Priority="1")))
    assert people.guardians_of(db, leo.person_id)[0].guardian == bob
    assert told(db, leo, before) == [ANN, BOB]


def test_a_class_that_is_called_otherwise_keeps_its_old_name_in_the_past(db: Session, leo: people.ChildRow) -> None:
    """No verb renames a class today; the next list would notice one that did."""
    before = clock.now()
    on(10, 1)
    db.execute(sa.update(SchoolClass).values(name="Oak"))
    history.keep(db)
    assert class_of(db, leo, before) == ("4C", "4", None)
    assert class_of(db, leo, clock.now()) == ("Oak", "4", None)


def test_who_was_erased_is_still_counted_and_no_longer_described(db: Session, leo: people.ChildRow) -> None:
    before, bob = clock.now(), people.guardians_of(db, leo.person_id)[1].guardian
    on(10, 1)
    people.erase_person(db, bob.person_id)
    known = states(db)
    people.erase_person(db, bob.person_id)
    assert states(db) == known, "erasing again adds nothing"
    assert [row[1:] for row in told(db, leo, before)] == [ANN[1:], ("", "yes", True)]
    assert told(db, leo, clock.now()) == [ANN]
    people.erase_person(db, leo.person_id)
    kept = set(db.scalars(sa.select(GuardianshipState.relationship_name)))
    assert (kept, set(db.scalars(sa.select(ChildClassState.class_name)))) == ({""}, {""})


def begin_late(db: Session) -> None:
    """As if states had only been kept since now of a school that was there before."""
    for model in (GuardianshipState, ChildClassState, StaffState):
        db.execute(sa.update(model).values(since=clock.now(), taken_over=True))


def test_before_states_were_kept_the_first_one_is_told(db: Session, leo: people.ChildRow) -> None:
    bob = people.guardians_of(db, leo.person_id)[1].guardian
    on(10, 1)
    builders.end_guardianship(db, child_id=leo.person_id, guardian_id=bob.person_id, actor=SYSTEM)
    db.execute(sa.delete(GuardianshipState).where(GuardianshipState.ended_on.is_(None), GuardianshipState.id == 2))
    began = on(11, 25)
    begin_late(db)
    on(12, 1)
    builders.add_guardian(db, child_id=leo.person_id, forename="Cass", surname="New", actor=SYSTEM)
    kept_since = people.lists_kept_since(db)
    assert kept_since is not None
    assert kept_since >= began
    assert told(db, leo, SEPTEMBER) == [ANN, BOB], "the day on which Bob's link ended was known"
    assert told(db, leo, dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)) == [ANN]
    assert len(told(db, leo, clock.now())) == 2
    then = people.class_then(db, leo.person_id, SEPTEMBER)
    assert then is not None
    assert (then.class_name, then.since) == ("4C", kept_since)


def test_a_child_who_had_left_before_states_were_kept_was_here_before_that_day(
    db: Session, leo: people.ChildRow
) -> None:
    on(10, 1)
    people.archive_person(db, leo.person_id, actor=SYSTEM)
    db.execute(sa.delete(ChildClassState).where(ChildClassState.left_on.is_(None)))
    on(11, 25)
    begin_late(db)
    assert class_of(db, leo, SEPTEMBER) == ("4C", "4", None)
    assert told(db, leo, SEPTEMBER) == [ANN, BOB]
    assert class_of(db, leo, clock.now()) == ("4C", "4", dt.date(2026, 10, 1))
    assert told(db, leo, clock.now()) == []


def test_before_it_was_kept_who_was_staff_is_told_from_the_first_state(db: Session) -> None:
    on(9, 7)
    bring_in(db, staff_list(*map(member, (1, 2, 3))))
    gwen, hana, idris = (row.person_id for row in sorted(people.staff(db), key=lambda row: row.person_id))
    on(10, 1)
    bring_in(db, staff_list(member(1), member(3)))
    db.execute(sa.delete(StaffState).where(StaffState.person_id == hana, StaffState.left_on.is_(None)))
    began = on(11, 25)
    begin_late(db)
    on(12, 1)
    people.archive_person(db, idris, actor=SYSTEM)
    joan = people.add_staff_member(db, forename="Joan", surname="New", work_email="", actor=SYSTEM).person_id
    kept_since = people.staff_kept_since(db)
    assert kept_since is not None
    assert kept_since >= began
    for at, on_staff in (
        (SEPTEMBER, [gwen, hana, idris]),
        (dt.datetime(2026, 10, 1, 18, tzinfo=dt.UTC), [gwen, idris]),
        (clock.now(), [gwen, joan]),
    ):
        assert [id_ for id_ in (gwen, hana, idris, joan) if parts(db, id_, at)] == on_staff


def test_one_correction_reads_no_whole_table(db: Session, leo: people.ChildRow) -> None:
    bob = people.guardians_of(db, leo.person_id)[1].guardian
    with statements(db) as sent:
        builders.link_guardian(db, child_id=leo.person_id, guardian_id=bob.person_id, actor=SYSTEM)
    keeping = [each for each in sent if each.startswith("INSERT INTO") and "_state" in each]
    assert len(keeping) == 3
    for statement in keeping:
        values = tuple("1" for _place in range(statement.count("?")))
        steps = db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        assert [step[3] for step in steps if "SCAN" in step[3]] == []


@pytest.mark.parametrize(
    "change",
    [
        sa.update(Guardianship).values(parental_responsibility="no"),
        sa.update(Guardianship).values(contact_allowed=False),
        sa.update(Guardianship).values(ended_on=dt.date(2026, 10, 1)),
        sa.update(Guardianship).values(relationship_name="Aunt"),
        sa.update(Child).values(class_id=None),
        sa.update(Child).values(year_group="6"),
        sa.update(Child).values(archived_on=dt.date(2026, 10, 1)),
        sa.update(SchoolClass).values(name="Oak"),
        sa.update(StaffMember).values(archived_on=dt.date(2026, 10, 1)),
        sa.delete(GuardianshipState),
        sa.delete(ChildClassState),
        sa.delete(StaffState),
    ],
    ids=str,
)
def test_a_forgotten_way_of_change_is_found(db: Session, leo: people.ChildRow, change: sa.UpdateBase) -> None:
    people.add_staff_member(db, forename="Di", surname="Dunn", work_email="", actor=SYSTEM)
    db.execute(change)
    assert kept_lists.unkept(db)
    history.keep(db)
    assert not kept_lists.unkept(db)


def test_a_unit_of_work_that_forgets_is_refused_in_every_test(database: Database) -> None:
    with database.writing() as db:
        bring_in(db, contacts(link(1, 1)))
    with pytest.raises(AssertionError, match=r"history\.keep"), database.writing() as db:
        db.execute(sa.update(Guardianship).values(parental_responsibility="no"))
