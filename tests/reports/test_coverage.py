"""Coverage, the course of a sign-up and the reasons: from kept counts, right for every person."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import reports, signing
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import NotFound
from oval_aup.signing import requests
from tests.people import builders
from tests.signing.small_school import DUE_ON, YEAR, SmallSchool, ask_everybody, found


@pytest.fixture
def school(database: Database) -> SmallSchool:
    clock.travel_to(clock.at_london(dt.date(2026, 9, 14), 9))
    with database.writing() as db:
        school = found(db)
        ask_everybody(db, school)
    return school


def _sign(database: Database, person_id: int, on: dt.date) -> None:
    clock.travel_to(clock.at_london(on, 12))
    with database.writing() as db:
        requests.move(db, signing.standing(db, person_id, YEAR)[0], "signed")


def test_the_overview_holds_each_audience_and_each_class(database: Database, school: SmallSchool) -> None:
    _sign(database, school.ann.person_id, dt.date(2026, 9, 15))
    with database.reading() as db:
        overview = reports.overview(db, YEAR)
    assert overview.audiences["parents"] == signing.Counts(open=2, signed=1)
    assert [row.name for row in overview.classes] == ["1A", "4C"]
    assert overview.classes[0].families == signing.Counts(signed=1)
    assert overview.classes[1].families == signing.Counts(open=2, signed=1)
    assert not overview.more_classes


def test_only_the_first_classes_are_read_where_there_are_many(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        for number in range(50):
            builders.add_class(db, name=f"6-{number:02}", year_group="6")
    with database.reading() as db:
        some = reports.overview(db, YEAR)
        everything = reports.overview(db, YEAR, most_classes=None)
    assert (len(some.classes), some.more_classes) == (40, True)
    assert (len(everything.classes), everything.more_classes) == (52, False)


def test_an_unknown_class_is_not_found(database: Database, school: SmallSchool) -> None:
    with database.reading() as db, pytest.raises(NotFound):
        reports.class_coverage(db, "nothing", YEAR)


def test_the_course_climbs_on_the_day_somebody_signs(database: Database, school: SmallSchool) -> None:
    _sign(database, school.ann.person_id, dt.date(2026, 9, 15))
    _sign(database, school.bob.person_id, dt.date(2026, 9, 17))
    clock.travel_to(clock.at_london(dt.date(2026, 9, 18), 9))
    with database.reading() as db:
        overview = reports.overview(db, YEAR)
        course = reports.burn_up(db, overview, asked_on=dt.date(2026, 9, 14), due_on=DUE_ON)
    parents = next(line for line in course.lines if line.audience == "parents")
    assert [round(percent) for percent in parents.percents] == [0, 33, 33, 67, 67]
    assert (course.first, course.last) == (dt.date(2026, 9, 14), DUE_ON)


def test_whoever_signed_before_the_asking_counts_from_the_first_day(database: Database, school: SmallSchool) -> None:
    _sign(database, school.di.person_id, dt.date(2026, 9, 13))
    clock.travel_to(clock.at_london(dt.date(2026, 9, 14), 15))
    with database.reading() as db:
        overview = reports.overview(db, YEAR)
        course = reports.burn_up(db, overview, asked_on=dt.date(2026, 9, 14), due_on=DUE_ON)
    assert next(line for line in course.lines if line.audience == "staff").percents == (50.0,)


def test_the_year_without_a_round_is_empty_and_not_an_error(database: Database, school: SmallSchool) -> None:
    with database.reading() as db:
        overview = reports.overview(db, YEAR + 1)
        course = reports.burn_up(db, overview, asked_on=dt.date(2026, 9, 14), due_on=DUE_ON)
        whys = reports.why_counts(db, overview.audiences, YEAR + 1)
    assert course.lines == ()
    assert set(whys.counts.values()) == {0}
