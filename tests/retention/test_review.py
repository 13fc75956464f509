"""The review list goes by the school's periods, and its time begins where the rule says; it only lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from oval_aup import consent, evidence, notifications, people, retention, signing
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid
from tests.retention.conftest import LEFT_ON, Family
from tests.web import world as worlds

SIX_YEARS_LATER = LEFT_ON.replace(year=2032)


def due(family: Family, on: dt.date) -> dict[str, tuple[str, ...]]:
    with family.database.reading() as db:
        return {row.person.full_name: row.record_types for row in retention.due_people(db, on)}


def test_a_family_is_due_six_years_after_it_left(family: Family) -> None:
    family.leave()
    assert set(due(family, SIX_YEARS_LATER)) == {"Zara Khan"}, "a picture of her brother is still out there"
    family.take_pictures_down()
    assert due(family, SIX_YEARS_LATER - dt.timedelta(days=1)) == {}
    found = due(family, SIX_YEARS_LATER)
    assert found == {
        "Ann Khan": ("parents", "images"),
        "Ayaan Khan": ("images",),
        "Zara Khan": ("children", "images"),
    }
    with family.database.reading() as db:
        assert {row.due_on for row in retention.due_people(db, SIX_YEARS_LATER)} == {SIX_YEARS_LATER}


def test_whoever_answered_for_a_child_who_is_still_here_is_not_due(family: Family) -> None:
    world = family.world
    family.take_pictures_down()
    family.leave(world.ann.person_id, world.ayaan.person_id)
    assert set(due(family, SIX_YEARS_LATER)) == {"Ayaan Khan"}
    family.leave(world.zara.person_id, on=LEFT_ON.replace(year=2028))
    assert "Ann Khan" not in due(family, LEFT_ON.replace(year=2033))
    assert "Ann Khan" in due(family, LEFT_ON.replace(year=2034))


def test_a_leaver_who_never_answered_is_due_after_a_year(family: Family) -> None:
    bob = family.world.bob
    family.leave(bob.person_id)
    assert due(family, LEFT_ON.replace(year=2027) - dt.timedelta(days=1)) == {}
    assert due(family, LEFT_ON.replace(year=2027)) == {"Bob Khan": ("unanswered",)}


def test_nobody_is_due_while_a_picture_is_still_to_be_taken_down(family: Family) -> None:
    family.take_pictures_down()
    with family.database.writing() as db:
        consent.block(db, people.child(db, family.world.zara.public_id), school_year=worlds.YEAR, actor=family.eve)
        assert consent.take_downs(db)
    family.leave()
    assert set(due(family, SIX_YEARS_LATER)) == {"Ayaan Khan"}


def test_a_held_person_is_listed_as_held_and_cannot_be_taken(family: Family) -> None:
    family.leave()
    family.take_pictures_down()
    with family.database.writing() as db:
        person = people.person(db, family.world.ann.public_id)
        retention.hold(db, person, reason="A complaint", review_on=LEFT_ON.replace(year=2027), actor=family.eve)
    clock.travel_to(clock.at_london(SIX_YEARS_LATER, 9))
    with family.database.writing() as db:
        row = next(row for row in retention.due_people(db, clock.today()) if row.person.full_name == "Ann Khan")
        assert row.hold is not None
        assert row.hold.is_to_review
        planned = retention.plan(db, [family.world.ann.public_id], basis="retention")
        with pytest.raises(Conflict, match="held"):
            retention.order(db, planned, fingerprint=planned.fingerprint, actor=family.eve)


def test_a_period_is_a_default_until_the_school_says_so_and_then_counts(family: Family) -> None:
    with family.database.writing() as db:
        before = retention.periods(db)["images"]
        assert before.is_default
        assert "IRMS" in before.record_type.source
        for months in (0, 1201):
            with pytest.raises(Invalid):
                retention.confirm_period(db, "images", months, actor=family.eve)
        for key in ("images", "parents", "children"):
            retention.confirm_period(db, key, 24, actor=family.eve)
        after = retention.periods(db)["images"]
    assert (after.months, after.is_default, after.confirmed_by_id) == (24, False, family.world.eve.person_id)
    family.leave()
    family.take_pictures_down()
    assert set(due(family, LEFT_ON.replace(year=2028))) == {"Ann Khan", "Ayaan Khan", "Zara Khan"}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (dt.date(2024, 2, 29), 12, dt.date(2025, 2, 28)),
        (dt.date(2026, 8, 31), 6, dt.date(2027, 2, 28)),
        (dt.date(2026, 12, 18), 1, dt.date(2027, 1, 18)),
        (dt.date(2027, 3, 31), -1, dt.date(2027, 2, 28)),
    ],
)
def test_months_end_on_a_day_that_exists(day: dt.date, months: int, later: dt.date) -> None:
    assert retention.add_months(day, months) == later


def test_old_messages_lose_address_and_words_and_nothing_else(family: Family, erase: Callable[..., str]) -> None:
    clock.travel_to(clock.at_london(dt.date(2027, 12, 1), 9))
    with family.database.reading() as db:
        things = {one.record_type: one.counts for one in retention.due_things(db, clock.today())}
        before = notifications.messages_to(db, family.world.ann.pseudonym)
    assert things["messages"]["messages"] > 2
    assert things["visits"]["links"] > 0
    batch = erase(basis="retention", things=("messages", "visits"))
    assert not list((family.instance / "mail").iterdir())
    with family.database.reading() as db:
        after = notifications.messages_to(db, family.world.ann.pseudonym)
        assert retention.due_things(db, clock.today()) == ()
        assert {row.status for row in retention.erasures(db, batch=batch)} == {"done"}
        assert evidence.verify(db).ok
        assert people.person(db, family.world.ann.public_id).full_name == "Ann Khan"
    assert [(row.public_id, row.kind, row.sent_at) for row in after] == [
        (row.public_id, row.kind, row.sent_at) for row in before
    ]
    assert {(row.to_address, row.text) for row in after} == {("", "")}


def test_the_codes_of_class_sessions_go_after_the_school_year(family: Family, erase: Callable[..., str]) -> None:
    world = family.world
    with family.database.writing() as db:
        session = signing.open_class_session(db, world.year_4.public_id, school_year=worlds.YEAR, actor=family.eve)
    for on, expected in ((dt.date(2028, 8, 31), False), (dt.date(2028, 9, 1), True)):
        with family.database.reading() as db:
            found = {one.record_type for one in retention.due_things(db, on)}
        assert ("class-sessions" in found) is expected, on
    clock.travel_to(clock.at_london(dt.date(2028, 9, 1), 9))
    erase(basis="retention", things=("class-sessions",))
    with family.database.reading() as db:
        assert signing.class_session(db, session.public_id).join_code == ""


def test_a_refused_request_is_recorded_with_its_ground_and_reason(family: Family, erase: Callable[..., str]) -> None:
    ann = family.world.ann
    with family.database.writing() as db:
        person = people.person(db, ann.public_id)
        with pytest.raises(Invalid) as problem:
            retention.refuse_erasure(
                db, person, ground="because", reason=" ", received_on=LEFT_ON.replace(year=2099), actor=family.eve
            )
        assert set(problem.value.fields) == {"ground", "refusal", "requested"}
        row = retention.refuse_erasure(
            db,
            person,
            ground="legal-claims",
            reason="A claim about the trip is open",
            received_on=worlds.TODAY,
            actor=family.eve,
        )
        assert row.status == "refused"
        entry = evidence.entries(db, [row.ledger_seq or 0])[row.ledger_seq or 0]
        assert entry.kind == "held"
        assert entry.body["act"]["ground"] == "legal-claims"
        assert evidence.details(db, [entry.seq]) == {entry.seq: {"reason": "A claim about the trip is open"}}
    family.leave()
    erase(ann.public_id)
    assert family.found_in_files("A claim about the trip is open") == set()
