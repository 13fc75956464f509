"""Every missing signature has exactly one reason, and the list can be walked page by page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from oval_aup import notifications, people, reports, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.notifications import bounced_addresses
from oval_aup.signing import requests
from tests.people import builders
from tests.signing.small_school import YEAR, SmallSchool, ask_everybody, found


@pytest.fixture
def school(database: Database) -> SmallSchool:
    clock.travel_to(clock.at_london(dt.date(2026, 9, 14), 9))
    with database.writing() as db:
        school = found(db)
        ask_everybody(db, school)
    return school


def _whys(database: Database, **chosen: str) -> dict[str, str]:
    with database.reading() as db:
        rows = reports.outstanding_rows(db, YEAR, reports.Filter(**chosen))
    return {row.full_name: row.why for row in rows}


def test_each_person_has_the_reason_that_explains_most(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        signing.mark_asked(db, [row.id for row in signing.standing(db, school.ann.person_id, YEAR)])
        requests.move(db, signing.standing(db, school.bob.person_id, YEAR)[0], "declined")
        people.set_email(db, school.cass.person_id, "", SYSTEM)
        bounced_addresses.notice(db, school.di.work_email, "550 gone")
        requests.move(db, signing.standing(db, school.eve.person_id, YEAR)[0], "started")
    assert _whys(database) == {
        "Ann Ali": "asked",
        "Bob Ali": "declined",
        "Cass Coe": "no-address",
        "Di Dunn": "bounced",
        "Eve Ode": "started",
        "Max Ali": "in-class",
        "Cy Coe": "in-class",
        "Mia Ali": "not-asked",
    }
    with database.reading() as db:
        counts = reports.why_counts(db, dict(signing.coverage(db, YEAR).whole), YEAR)
    assert counts.counts == {
        "not-asked": 1,
        "asked": 1,
        "started": 1,
        "in-class": 2,
        "no-address": 1,
        "bounced": 1,
        "declined": 1,
    }
    for why in reports.WHYS:
        assert set(_whys(database, why=why).values()) == {why}


def test_a_parent_who_works_here_is_reached_at_work(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=school.cy.person_id,
            guardian_id=school.eve.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        people.set_email(db, school.eve.person_id, "", SYSTEM)
    assert _whys(database, audience="staff")["Eve Ode"] == "not-asked"


def test_rare_reasons_look_at_the_address_that_counts(database: Database, school: SmallSchool) -> None:
    """Of somebody who is parent and staff, the address at home counts, and the one at work where that is empty."""
    with database.writing() as db:
        for adult in (school.eve, school.di):
            builders.link_guardian(
                db,
                child_id=school.cy.person_id,
                guardian_id=adult.person_id,
                parental_responsibility="yes",
                actor=SYSTEM,
            )
        people.set_email(db, school.eve.person_id, "", SYSTEM)
        people.set_email(db, school.di.person_id, "di@home.example", SYSTEM)
        bounced_addresses.notice(db, school.eve.work_email, "550 gone")
        bounced_addresses.notice(db, school.di.work_email, "550 gone")
        people.set_email(db, school.cass.person_id, "", SYSTEM)
    every = _whys(database)
    assert (every["Eve Ode"], every["Di Dunn"], every["Cass Coe"]) == ("bounced", "not-asked", "no-address")
    for why in ("no-address", "bounced", "not-asked"):
        assert _whys(database, why=why) == {name: found for name, found in every.items() if found == why}
    with database.reading() as db:
        counts = reports.why_counts(db, dict(signing.coverage(db, YEAR).whole), YEAR).counts
    assert counts == {why: list(every.values()).count(why) for why in reports.WHYS}


def test_the_newest_refusals_come_first_and_are_found_without_a_look_at_the_rest(
    database: Database, school: SmallSchool
) -> None:
    for hour, adult in enumerate((school.cass, school.ann, school.bob), 10):
        clock.travel_to(clock.at_london(dt.date(2026, 9, 14), hour))
        with database.writing() as db:
            requests.move(db, signing.standing(db, adult.person_id, YEAR)[0], "declined")
    asked: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, values))

    with database.reading() as db:
        found = reports.needs(db, YEAR, each=2, kind="declined")["declined"]
        statement, values = next(each for each in asked if "settled_at DESC" in each[0])
        plan = [row[3] for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [task.full_name for task in found] == ["Bob Ali", "Ann Ali"]
    assert any("ix_signature_request_declined" in step for step in plan)
    assert not any(step.startswith("SCAN signature_request") for step in plan)


def test_the_class_narrows_to_its_children_and_their_families(database: Database, school: SmallSchool) -> None:
    assert set(_whys(database, class_public_id=school.younger.public_id)) == {"Ann Ali", "Mia Ali"}


def test_pages_meet_without_a_gap(database: Database, school: SmallSchool) -> None:
    with database.reading() as db:
        pages = [reports.outstanding_page(db, YEAR, reports.Filter(), page=page, size=3) for page in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [3, 3, 2]
    assert [page.has_next for page in pages] == [True, True, False]
    assert len({(row.person_id, row.agreement_key) for page in pages for row in page.rows}) == 8


def test_children_tell_one_guardian_from_another_and_the_barred_see_none(
    database: Database, school: SmallSchool
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db, child_id=school.max.person_id, guardian_id=school.bob.person_id, contact_allowed=False, actor=SYSTEM
        )
    with database.reading() as db:
        words = reports.children_words(db, [school.ann.person_id, school.bob.person_id, school.max.person_id])
    assert words == {school.ann.person_id: "Max 4C, Mia 1A", school.max.person_id: "4C"}


def test_a_bounce_is_a_task_for_each_person_at_the_address(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        people.set_email(db, school.bob.person_id, school.ann.email, SYSTEM)
        bounced_addresses.notice(db, school.ann.email, "550 gone")
    with database.reading() as db:
        tasks = reports.needs(db, YEAR, each=5, kind="bounced")["bounced"]
        assert notifications.all_trouble(db)
    assert {task.full_name for task in tasks} == {"Ann Ali", "Bob Ali"}


def test_tables_hold_what_the_screen_shows(database: Database, school: SmallSchool) -> None:
    with database.reading() as db:
        table = reports.outstanding_table(db, YEAR, reports.Filter(audience="parents"))
        figures = reports.coverage_table(db, YEAR)
    assert [row[0] for row in table.rows] == ["Ann Ali", "Bob Ali", "Cass Coe"]
    assert all(len(row) == len(table.header) for row in table.rows)
    assert ("Whole school", "Parents and carers", 3, 0, 0, 3, 0, 0) in figures.rows
