"""Who is who: what the other rooms ask about people, at the same cost for a big school as for a small one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.people.relationships import is_likely_parent
from tests.people import builders
from tests.people.makers import bring_in, contacts, link, member, staff_list


@contextmanager
def statements(db: Session) -> Iterator[list[str]]:
    """The statements sent inside the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    sa.event.listen(db.get_bind(), "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.get_bind(), "before_cursor_execute", note)


@pytest.fixture
def school(db: Session) -> Session:
    """Thirty children in two classes, each with a mother and a father who does not live with them."""
    rows = []
    for number in range(1, 31):
        reg = {"Reg": "4A" if number % 2 else "4B"}
        rows.append(link(number, 2 * number, **reg))
        rows.append(link(number, 2 * number + 1, Relationship="Father", Lives_With_Pupil="F", Priority="2", **reg))
    bring_in(db, contacts(*rows))
    bring_in(db, staff_list(*(member(number) for number in range(1, 6))))
    return db


QUERIES: dict[str, Callable[[Session], object]] = {
    "guardians_asked": people.guardians_asked,
    "children": people.children,
    "staff": people.staff,
    "classes": people.classes,
    "class_ids_by_person": people.class_ids_by_person,
    "guardians_of_children": lambda db: people.guardians_of_children(db, range(1, 200)),
    "guardians_then": lambda db: people.guardians_then(db, range(1, 200), clock.now()),
    "children_of_guardians": lambda db: people.children_of_guardians(db, range(1, 200)),
    "persons_by_id": lambda db: people.persons_by_id(db, range(1, 200)),
    "search": lambda db: people.search(db, "brown"),
}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_question_costs_as_many_statements_for_thirty_as_for_one(school: Session, name: str) -> None:
    with statements(school) as sent:
        assert QUERIES[name](school)
    assert len(sent) <= 2


def test_a_class_holds_its_own_children(school: Session) -> None:
    first, second = people.classes(school)
    assert (first.name, second.name) == ("4A", "4B")
    assert len(people.children(school, first.id)) == 15
    assert people.school_class(school, second.public_id) == second


def test_people_count_towards_the_classes_of_their_children(school: Session) -> None:
    by_person = people.class_ids_by_person(school)
    row = people.children(school)[0]
    mother = people.guardians_of(school, row.person_id)[0].guardian
    assert by_person[row.person_id] == by_person[mother.person_id] == frozenset({row.class_id})
    assert people.class_ids_of_people(school, {mother.person_id}) == {mother.person_id: frozenset({row.class_id})}
    assert people.class_ids_of_people(school, {people.staff(school)[0].person_id}) == {}
    assert len(by_person) == 90


@pytest.mark.parametrize(
    ("relationship", "responsibility", "allowed", "lives_with", "asked", "chooses", "counts"),
    [
        ("Aunt", "yes", True, False, True, True, True),
        ("Mother", "declared", True, None, True, True, True),
        ("Mother", "unknown", True, None, True, True, False),
        ("Childminder", "unknown", True, None, False, False, False),
        ("Grandmother", "unknown", True, True, False, False, False),
        ("", "unknown", True, None, False, False, False),
        ("Step father", "no", True, True, True, False, False),
        ("Father", "no", True, False, False, False, False),
        ("Father", "denied", True, None, False, False, False),
        ("Father", "yes", False, True, False, False, False),
        ("Father", "unknown", False, True, False, False, False),
    ],
)
def test_who_is_asked_and_who_may_choose(
    db: Session,
    relationship: str,
    responsibility: str,
    allowed: bool,
    lives_with: bool | None,
    asked: bool,
    chooses: bool,
    counts: bool,
) -> None:
    born_on = dt.date(2018, 6, 5)
    leo = builders.add_child(db, forename="Leo", surname="Brown", born_on=born_on, year_group="4", actor=SYSTEM)
    row = builders.add_guardian(
        db,
        child_id=leo.person_id,
        forename="Ann",
        surname="Brown",
        relationship_name=relationship,
        parental_responsibility=responsibility,
        contact_allowed=allowed,
        lives_with=lives_with,
        actor=SYSTEM,
    )
    assert (row.is_asked, row.may_choose, row.counts) == (asked, chooses, counts)
    assert bool(people.guardians_asked(db)) is asked
    shown = allowed and not row.waits_for_office
    assert bool(people.children_of(db, row.guardian.person_id)) is shown


@pytest.mark.parametrize(
    "relationship",
    [
        *("Mother", "father", "MUM", "Dad", "Parent", "Parent/Carer", "Parent or guardian", "Carer", "Main carer"),
        *("Step-father", "Stepmother", "Step Parent", "Adoptive mother", "Mother (adoptive)", "Legal guardian", "PAM"),
    ],
)
def test_likely_parents_are_known_by_their_relationship(relationship: str) -> None:
    assert is_likely_parent(relationship)


@pytest.mark.parametrize(
    "relationship",
    [
        *("", "Other", "Childminder", "Child minder", "Neighbour", "Social Worker", "Grandmother", "Grandparent"),
        *("Foster carer", "Foster mother", "Aunt", "Day nursery", "Godfather", "Child's carer", "Mother's partner"),
    ],
)
def test_everybody_else_waits_for_the_office(relationship: str) -> None:
    assert not is_likely_parent(relationship)


def test_searching_meets_accents_addresses_and_leavers_last(school: Session) -> None:
    bring_in(school, contacts(link(5, 99, Legal_Forename="Siân", Legal_Surname="Łukasik")), partial=True)
    assert people.search(school, "") == ()
    assert people.search(school, "100%") == ()
    (found,) = people.search(school, "ADULT12@example.org")
    assert found.is_guardian
    leo = people.search(school, "leo brown")[0]
    people.archive_person(school, leo.person_id, actor=SYSTEM)
    again = people.search(school, "leo")
    assert again[-1].person_id == leo.person_id
    assert again[-1].archived


def test_nobody_is_not_found(db: Session) -> None:
    for ask in (people.person, people.child, people.school_class):
        with pytest.raises(NotFound):
            ask(db, "nobody")
    for by_id in (people.person_by_id, people.child_by_id, people.guardian, people.staff_member, people.class_by_id):
        with pytest.raises(NotFound):
            by_id(db, 12345)


def test_enrolling_by_hand_refuses_what_cannot_be(db: Session) -> None:
    def enrol(**changed: object) -> people.ChildRow:
        told = {"forename": "Leo", "surname": "Brown", "born_on": dt.date(2018, 6, 5), "year_group": "4", "upn": "A1"}
        return builders.add_child(db, **(told | changed), actor=SYSTEM)  # type: ignore[arg-type]

    for fault, field in (({"forename": "", "surname": " "}, "surname"), ({"year_group": "9"}, "year_group")):
        with pytest.raises(Invalid) as refusal:
            enrol(**fault)
        assert field in refusal.value.fields
    with pytest.raises(Invalid):
        enrol(born_on=dt.date(2040, 1, 1))
    leo = enrol()
    with pytest.raises(Conflict):
        enrol(forename="Zara")
    with pytest.raises(Invalid):
        builders.add_guardian(db, child_id=leo.person_id, forename="A", surname="B", email="nonsense", actor=SYSTEM)
    with pytest.raises(NotFound):
        builders.link_guardian(db, child_id=leo.person_id, guardian_id=leo.person_id, actor=SYSTEM)


def test_an_address_is_changed_for_the_part_that_is_written_to(db: Session) -> None:
    gwen = people.add_staff_member(db, forename="Gwen", surname="Li", work_email="GWEN@Example.org", actor=SYSTEM)
    assert gwen.work_email == "gwen@example.org"
    changed = people.set_email(db, gwen.person_id, "Head@example.org", SYSTEM)
    assert isinstance(changed, people.StaffRow)
    assert people.staff_by_email(db, "HEAD@example.org").person_id == gwen.person_id
    with pytest.raises(Invalid):
        people.set_email(db, gwen.person_id, "head@@example.org", SYSTEM)


def test_a_leaver_is_archived_in_every_part_and_deleted_in_none(db: Session) -> None:
    leo = builders.add_child(
        db, forename="Leo", surname="Brown", born_on=dt.date(2018, 6, 5), year_group="4", actor=SYSTEM
    )
    ann = builders.add_guardian(db, child_id=leo.person_id, forename="Ann", surname="Brown", actor=SYSTEM).guardian
    builders.end_guardianship(db, child_id=leo.person_id, guardian_id=ann.person_id, actor=SYSTEM)
    assert people.guardians_of(db, leo.person_id) == ()
    people.archive_person(db, ann.person_id, actor=SYSTEM)
    assert people.person(db, ann.public_id).archived


@pytest.mark.parametrize(
    ("day", "year"), [(dt.date(2026, 8, 31), 2025), (dt.date(2026, 9, 1), 2026), (dt.date(2027, 8, 31), 2026)]
)
def test_a_school_year_begins_on_the_first_of_september(day: dt.date, year: int) -> None:
    assert people.school_year(day) == year
    assert people.school_year_starts(year) <= day <= people.school_year_ends(year)


def test_a_school_year_is_written_as_the_office_writes_it() -> None:
    assert [people.school_year_label(year) for year in (2026, 2099)] == ["2026–27", "2099–00"]
