"""Each change of what may be done with a child's pictures is kept once, by whichever way it came."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import agreements, consent, people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from tests.people import builders

from .conftest import YEAR, Family, add_child


def kept(family: Family, child: people.ChildRow, use: str = "website") -> list[tuple[str, str, str]]:
    rows = [
        row for row in consent.unsent_changes(family.db) if (row.child_id, row.purpose_key) == (child.person_id, use)
    ]
    return [(row.was, row.now, row.cause) for row in rows]


def test_first_answers_are_noticed_later_and_once(family: Family) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 11, 2), 9))
    family.choose(family.ann, family.ayaan, family.all_answers("yes", press="no"))
    clock.travel_to(clock.at_london(dt.date(2026, 11, 2), 10))
    assert kept(family, family.ayaan) == []
    assert consent.record_changes(family.db, YEAR) > 0
    assert kept(family, family.ayaan) == [("missing", "yes", "answer")]
    assert kept(family, family.ayaan, "press") == [("missing", "no", "answer")]
    assert {row.changed_at.hour for row in consent.unsent_changes(family.db)} == {9}
    assert consent.record_changes(family.db, YEAR) == 0


def test_only_those_who_chose_lately_can_be_looked_at(family: Family) -> None:
    family.choose(family.ann, family.ayaan, family.all_answers())
    last = family.choose(family.ann, family.zara, family.all_answers())
    rows = consent.unrecorded(family.db, YEAR, since_entry=last.seq - 1)
    assert {row["child_id"] for row in rows} == {family.zara.person_id}


def test_a_second_parents_first_no_is_kept_at_once_as_an_end(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("yes", website="no"))
    assert kept(family, family.zara) == [("yes", "no", "answer")]
    assert [row.urgent for row in consent.unsent_changes(family.db)] == [True]
    consent.record_changes(family.db, YEAR)
    assert kept(family, family.zara) == [("yes", "no", "answer")]


def test_a_no_taken_back_is_kept_as_a_beginning(family: Family) -> None:
    family.choose(family.ann, family.ayaan, family.all_answers("no"))
    family.change(family.ann, family.ayaan, "website", "yes")
    (row,) = consent.unsent_changes(family.db)
    assert (row.was, row.now, row.urgent, row.worth_telling) == ("no", "yes", False, True)


def test_a_block_and_its_lifting_are_kept(family: Family) -> None:
    family.choose(family.ann, family.ayaan, family.all_answers())
    consent.block(family.db, family.ayaan, school_year=YEAR, actor=SYSTEM)
    family.change(family.ann, family.ayaan, "website", "no")
    consent.unblock(family.db, family.ayaan, actor=SYSTEM)
    assert kept(family, family.ayaan) == [("yes", "blocked", "block"), ("blocked", "no", "block")]


def test_whoever_may_choose_no_more_ends_a_permission_and_opens_a_take_down(family: Family) -> None:
    family.choose(family.ann, family.ayaan, family.all_answers())
    with consent.following(family.db, None, YEAR, cause="roster"):
        builders.end_guardianship(
            family.db, child_id=family.ayaan.person_id, guardian_id=family.ann.person_id, actor=SYSTEM
        )
    assert kept(family, family.ayaan) == [("yes", "missing", "roster")]
    assert [task.child for task in consent.take_downs(family.db)] == [family.ayaan]


def test_a_no_holds_a_use_up_until_the_office_declares_it_invalid(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("yes", website="no"))
    before = kept(family, family.zara)
    with consent.following(family.db, [family.zara.person_id], YEAR, cause="roster"):
        builders.end_guardianship(
            family.db, child_id=family.zara.person_id, guardian_id=family.bob.person_id, actor=SYSTEM
        )
    assert kept(family, family.zara) == before
    consent.invalidate(
        family.db,
        child=family.zara,
        guardian=family.bob,
        school_year=YEAR,
        reason="No longer a contact",
        idempotency_key="bob",
        actor=SYSTEM,
    )
    assert kept(family, family.zara)[-1][:2] == ("no", "yes")


def test_what_a_forgotten_way_changed_is_noticed_all_the_same(family: Family) -> None:
    family.choose(family.ann, family.ayaan, family.all_answers())
    consent.record_changes(family.db, YEAR)
    builders.end_guardianship(
        family.db, child_id=family.ayaan.person_id, guardian_id=family.ann.person_id, actor=SYSTEM
    )
    consent.record_changes(family.db, YEAR)
    assert kept(family, family.ayaan) == [("missing", "yes", "answer"), ("yes", "missing", "roster")]
    assert [task.child for task in consent.take_downs(family.db)] == [family.ayaan]


@pytest.fixture
def lapsed(family: Family) -> Family:
    """Ann's yes for Ayaan of last year, on the first day of the next."""
    clock.travel_to(clock.at_london(dt.date(2026, 11, 2), 9))
    family.choose(family.ann, family.ayaan, family.all_answers())
    consent.record_changes(family.db, YEAR)
    clock.travel_to(clock.at_london(dt.date(2027, 9, 1), 0, 5))
    consent.record_changes(family.db, YEAR + 1)
    return family


def test_a_lapse_is_kept_without_haste_and_waits_for_the_familys_answer(lapsed: Family) -> None:
    assert kept(lapsed, lapsed.ayaan)[-1] == ("yes", "missing", "lapse")
    assert not any(row.urgent for row in consent.unsent_changes(lapsed.db))
    assert consent.settle_lapses(lapsed.db, YEAR + 1, overdue=False) == 0
    assert consent.take_downs(lapsed.db) == ()
    assert consent.lapses_wait(lapsed.db)


def test_a_lapse_that_nobody_answers_in_time_opens_one_take_down(lapsed: Family) -> None:
    consent.settle_lapses(lapsed.db, YEAR + 1, overdue=True)
    (task,) = consent.take_downs(lapsed.db)
    assert task.child == lapsed.ayaan
    assert len(task.purpose_keys) == len(consent.asked_purposes(lapsed.db))
    assert not consent.lapses_wait(lapsed.db)


def test_a_lapse_answered_again_takes_down_only_what_is_a_no_now(lapsed: Family) -> None:
    lapsed.choose(lapsed.ann, lapsed.ayaan, lapsed.all_answers("yes", press="no"), school_year=YEAR + 1)
    consent.settle_lapses(lapsed.db, YEAR + 1, overdue=False)
    (task,) = consent.take_downs(lapsed.db)
    assert task.purpose_keys == ("press",)


def test_the_newest_change_of_each_use_is_found_for_marking(family: Family) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 11, 2), 9))
    family.choose(family.ann, family.ayaan, family.all_answers())
    consent.record_changes(family.db, YEAR)
    clock.travel_to(clock.at_london(dt.date(2026, 11, 20), 9))
    family.change(family.ann, family.ayaan, "website", "no")
    lately = consent.changes(family.db, [family.ayaan.person_id], since=clock.at_london(dt.date(2026, 11, 10), 0))
    assert {key: row.now for key, row in lately[family.ayaan.person_id].items()} == {"website": "no"}


def test_nothing_is_asked_before_the_uses_are_published(database: Database) -> None:
    with database.writing() as db:
        add_child(db, "Zara")
        assert not consent.has_uses(db)
        assert consent.record_changes(db, YEAR) == 0
    with database.writing() as db:
        agreements.install_rulesets(db, actor=SYSTEM)
        assert consent.has_uses(db)
        assert agreements.is_published(db, "children")
