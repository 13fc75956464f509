"""A block outweighs every choice, and wherever a yes ends somebody is asked to take the pictures down."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from oval_aup import consent, evidence, people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import NotFound
from tests.people import builders

from .conftest import YEAR, Family, add_child


def open_tasks(family: Family) -> list[tuple[str, str]]:
    return [(task.child.forename, " ".join(task.purpose_keys)) for task in consent.take_downs(family.db)]


def test_a_withdrawal_opens_a_take_down_with_a_deadline(family: Family) -> None:
    clock.travel_to(dt.date(2026, 11, 2))
    family.choose(family.ann, family.zara, family.all_answers())
    assert open_tasks(family) == []
    family.change(family.ann, family.zara, "website", "no")
    (task,) = consent.take_downs(family.db)
    assert (task.child, task.purpose_keys, task.due_on) == (family.zara, ("website",), dt.date(2026, 11, 9))


def test_a_refusal_from_the_start_opens_nothing(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers("no"))
    family.choose(family.bob, family.zara, family.all_answers("no"))
    assert open_tasks(family) == []


def test_a_second_adults_first_no_ends_permission_without_a_take_down(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("yes", press="no"))
    assert family.verdict(family.zara, "press") == "conflict"
    assert open_tasks(family) == []
    family.change(family.ann, family.zara, "press", "no")
    assert open_tasks(family) == [("Zara", "press")]


def test_an_invalid_yes_beside_another_adults_yes_opens_nothing(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers())
    consent.invalidate(
        family.db,
        child=family.zara,
        guardian=family.ann,
        school_year=YEAR,
        reason="wrong parent",
        idempotency_key="oops",
        actor=SYSTEM,
    )
    assert family.verdict(family.zara) == "yes"
    assert open_tasks(family) == []


def test_a_child_has_one_task_however_many_uses_ended_and_the_newest_is_first(family: Family) -> None:
    for day, child in ((2, family.zara), (3, family.ayaan)):
        clock.travel_to(dt.date(2026, 11, day))
        family.choose(family.ann, child, family.all_answers())
        family.change(family.ann, child, "website", "no")
    assert open_tasks(family) == [("Ayaan", "website"), ("Zara", "website")]
    clock.travel_to(dt.date(2026, 11, 4))
    family.change(family.ann, family.zara, "press", "no")
    assert open_tasks(family) == [("Zara", "press website"), ("Ayaan", "website")]
    assert consent.take_downs(family.db)[0].due_on == dt.date(2026, 11, 9)
    assert open_tasks(family)[:1] == [
        (task.child.forename, " ".join(task.purpose_keys)) for task in consent.take_downs(family.db, limit=1)
    ]


def test_take_downs_are_given_by_child_listed_by_owner_and_finished_in_bulk(family: Family) -> None:
    office = Actor(role="admin", person_id=family.cass.person_id, pseudonym="office", channel="office")
    for child in (family.zara, family.ayaan):
        family.choose(family.ann, child, family.all_answers())
        family.change(family.ann, child, "website", "no")
    mine = next(task for task in consent.take_downs(family.db) if task.child == family.zara)
    consent.assign_take_down(family.db, mine.public_id, owner_id=family.cass.person_id, actor=office)
    family.change(family.ann, family.zara, "press", "no")
    assert consent.take_down_owners(family.db) == {family.cass.person_id: 1, None: 1}
    (owned,) = consent.take_downs(family.db, owner_id=family.cass.person_id)
    assert (owned.child, owned.purpose_keys) == (family.zara, ("press", "website"))
    assert [task.child for task in consent.take_downs(family.db, owner_id=None)] == [family.ayaan]
    everything = [task.public_id for task in consent.take_downs(family.db)]
    assert consent.finish_take_downs(family.db, everything, places="none found", actor=office) == 2
    assert consent.take_downs(family.db) == ()
    kinds = [entry.kind for entry in evidence.entries_about(family.db, family.zara.pseudonym)]
    assert (kinds.count("take_down_given"), kinds.count("taken_down")) == (1, 2)
    assert [task.places for task in consent.take_downs(family.db, done=True)] == ["none found", "none found"]


def test_invalidating_a_yes_opens_take_downs(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers("no", website="yes"))
    consent.invalidate(
        family.db,
        child=family.zara,
        guardian=family.ann,
        school_year=YEAR,
        reason="wrong child",
        idempotency_key="oops",
        actor=SYSTEM,
    )
    assert open_tasks(family) == [("Zara", "website")]


def test_there_is_one_open_task_for_one_child_and_use(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    for answer in ("no", "yes", "no"):
        family.change(family.ann, family.zara, "website", answer)
    assert open_tasks(family) == [("Zara", "website")]


def test_finishing_a_task_is_recorded_once(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.change(family.ann, family.zara, "website", "no")
    (task,) = consent.take_downs(family.db)
    office = Actor(role="admin", person_id=family.cass.person_id, pseudonym="office", channel="office")
    assigned = consent.assign_take_down(family.db, task.public_id, owner_id=family.cass.person_id, actor=office)
    assert assigned.owner_id == family.cass.person_id
    finished = consent.finish_take_down(family.db, task.public_id, places="News page of 3 May", actor=office)
    assert finished.done_by_id == family.cass.person_id
    size = evidence.head(family.db).size
    assert consent.finish_take_down(family.db, task.public_id, places="other", actor=office) == finished
    assert evidence.head(family.db).size == size
    assert consent.take_downs(family.db) == ()
    assert [each.places for each in consent.take_downs(family.db, done=True)] == ["News page of 3 May"]


def test_a_task_that_does_not_exist_is_not_found(family: Family) -> None:
    with pytest.raises(NotFound):
        consent.finish_take_down(family.db, "nonsense", actor=SYSTEM)


def test_a_block_outweighs_every_yes_and_names_nobody(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers("no", website="yes"))
    consent.block(family.db, family.zara, school_year=YEAR, actor=SYSTEM)
    found = consent.permissions(family.db, [family.zara.person_id, family.ayaan.person_id], YEAR)
    assert {each.verdict for each in found[family.zara.person_id].values()} == {"blocked"}
    assert {each.broken_by for each in found[family.zara.person_id].values()} == {()}
    assert "blocked" not in {each.verdict for each in found[family.ayaan.person_id].values()}
    assert open_tasks(family) == [("Zara", "website")]


def test_a_block_is_placed_once_and_lifting_it_lets_choices_count_again(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    first = consent.block(family.db, family.zara, school_year=YEAR, actor=SYSTEM)
    assert consent.block(family.db, family.zara, school_year=YEAR, actor=SYSTEM) == first
    consent.unblock(family.db, family.zara, actor=SYSTEM)
    assert family.verdict(family.zara) == "yes"
    with pytest.raises(NotFound):
        consent.unblock(family.db, family.zara, actor=SYSTEM)
    consent.block(family.db, family.zara, school_year=YEAR, actor=SYSTEM)
    kinds = [entry.kind for entry in evidence.entries_about(family.db, family.zara.pseudonym)]
    assert kinds[kinds.index("consent_recorded") :] == ["consent_recorded", "blocked", "unblocked", "blocked"]
    assert [each.lifted_at is None for each in consent.blocks_of(family.db, family.zara.person_id)] == [True, False]


def statements_for(db: Session, children: list[people.ChildRow]) -> int:
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    engine = db.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        consent.permissions(db, [child.person_id for child in children], YEAR)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return count


def test_a_class_costs_as_many_statements_as_one_child(family: Family) -> None:
    many = [add_child(family.db, f"Child {number}") for number in range(40)]
    for child in many:
        builders.link_guardian(
            family.db,
            child_id=child.person_id,
            guardian_id=family.ann.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        family.choose(family.ann, child, family.all_answers())
    assert statements_for(family.db, many) == statements_for(family.db, [family.zara]) <= 5


def test_conflicts_are_found_up_to_the_limit(family: Family) -> None:
    for number in range(5):
        child = add_child(family.db, f"Child {number}")
        for guardian, answer in ((family.ann, "yes"), (family.bob, "no")):
            builders.link_guardian(
                family.db,
                child_id=child.person_id,
                guardian_id=guardian.person_id,
                parental_responsibility="yes",
                actor=SYSTEM,
            )
            family.choose(guardian, child, family.all_answers(answer))
    assert len(consent.conflicts(family.db, YEAR, 3)) == 3
    assert len(consent.conflicts(family.db, YEAR, 50)) == 5
    assert consent.conflicts(family.db, YEAR - 1, 50) == ()


def test_no_table_keeps_the_reason_for_a_block(family: Family) -> None:
    columns = {column["name"] for column in sa.inspect(family.db.connection()).get_columns("image_block")}
    assert columns == {"id", "child_id", "placed_at", "placed_by_id", "lifted_at"}
