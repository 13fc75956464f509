"""The office's list says in SQL what the rule about obligations says over facts, for any school drawn at random."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from oval_aup import campaigns, consent, people, reports, signing
from oval_aup.campaigns.obligations import (
    PARENTS,
    PICTURES,
    ChildFacts,
    PersonFacts,
    obligations,
    to_be_reminded,
    why_of,
)
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.web import world

YEAR = world.YEAR
ASKED_AT = dt.datetime(2026, 9, 15, 8, 0, tzinfo=dt.UTC)
REQUESTS = 12
ADULTS = 9


class _Undo(Exception):
    """Ends a unit of work whose changes are of no further use."""


Drawn = tuple[list[str], list[bool], list[str], list[bool]]
SCHOOLS = st.tuples(
    st.lists(
        st.sampled_from(["open", "started", "signed", "declined", "cancelled"]), min_size=REQUESTS, max_size=REQUESTS
    ),
    st.lists(st.booleans(), min_size=REQUESTS, max_size=REQUESTS),
    st.lists(st.sampled_from(["", "works", "bounces"]), min_size=ADULTS, max_size=ADULTS),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
"""Of each request its status and whether somebody was asked; of each adult the address; of each child whether the
first guardian has parental responsibility."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[world.World]:
    path = tmp_path_factory.mktemp("mirror") / "oval.db"
    shutil.copy(migrated_file, path)
    clock.freeze(ASKED_AT)
    database = Database(f"sqlite:///{path}")
    built = world.build(database)
    with database.writing() as db:
        plan = campaigns.plan(db, school_year=YEAR, opens_on=world.TODAY, due_on=world.DUE_ON, actor=world.OFFICE)
        db.execute(sa.text("UPDATE campaign SET status = 'open', opened_at = :at"), {"at": str(ASKED_AT)[:19]})
        assert plan.asks_families
    yield built
    clock.travel_to(None)
    database.dispose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=SCHOOLS)
def test_the_list_and_the_rule_say_the_same(school: world.World, drawn: Drawn) -> None:
    clock.freeze(ASKED_AT)
    with pytest.raises(_Undo), school.database.writing() as db:
        _make(db, school, drawn)
        listed = {
            (row.person_id, row.agreement_key, row.way, row.why)
            for row in reports.outstanding_rows(db, YEAR, reports.Filter())
        }
        assert listed == _by_the_rule(db)
        for guardian in people.guardians_asked(db):
            alone = campaigns.family(db, guardian.person_id, YEAR)
            among_all = campaigns.owed_by(db, YEAR).get(guardian.person_id)
            mine = to_be_reminded(alone.owed)
            assert {row.child.person_id for row in mine if row.what == PICTURES and row.child} == set(
                among_all.choosing if among_all else ()
            )
            assert {row.request.id for row in mine if row.request} == {
                row.id for row in (among_all.requests if among_all else ())
            }
        raise _Undo


def _make(db: Session, school: world.World, drawn: Drawn) -> None:
    statuses, asked, addresses, responsible = drawn
    ids = db.execute(sa.text("SELECT id FROM signature_request ORDER BY id")).scalars().all()
    for row_id, status, was_asked in zip(ids, statuses, asked, strict=False):
        values = {"id": row_id, "status": status, "at": str(ASKED_AT)[:19] if was_asked else None}
        db.execute(sa.text("UPDATE signature_request SET status = :status, asked_at = :at WHERE id = :id"), values)
    adults = [row.person_id for row in (school.ann, school.bob, school.cass)]
    adults += [row.person_id for row in (school.di, school.flo, school.eve, school.hal, school.gov, school.sam)]
    for number, (adult, kind) in enumerate(zip(adults, addresses, strict=True)):
        address = f"{kind}-{number}@example.org" if kind else ""
        values = {"id": adult, "address": address}
        db.execute(sa.text("UPDATE guardian SET email = :address WHERE person_id = :id"), values)
        db.execute(sa.text("UPDATE staff_member SET work_email = :address WHERE person_id = :id"), values)
        if kind == "bounces":
            trouble = {"address": address, "at": str(ASKED_AT)[:19]}
            db.execute(
                sa.text("INSERT INTO address_trouble (address, reason, noticed_at) VALUES (:address, '550', :at)"),
                trouble,
            )
    for child, has in zip((school.ayaan, school.zara, school.maja), responsible, strict=True):
        said = {"id": child.person_id, "said": "yes" if has else "unknown"}
        db.execute(sa.text("UPDATE guardianship SET parental_responsibility = :said WHERE child_id = :id"), said)


def _by_the_rule(db: Session) -> set[tuple[int, str, str, str]]:
    found: set[tuple[int, str, str, str]] = set()
    uses = tuple(use.key for use in consent.asked_purposes(db))
    bounces = set(db.execute(sa.text("SELECT address FROM address_trouble")).scalars())
    addresses = {row.person_id: row.work_email for row in people.staff(db)}
    addresses |= {row.person_id: row.email for row in people.guardians_asked(db)}
    addresses |= {row.person_id: "" for row in people.children(db)}
    for person_id, address in addresses.items():
        own = signing.standing(db, person_id, YEAR)
        children = tuple(
            ChildFacts(
                link,
                signing.standing(db, link.child.person_id, YEAR),
                consent.answers_of_guardian(db, person_id, YEAR).get(link.child.person_id, {}).keys(),
            )
            for link in people.children_of(db, person_id)
        )
        facts = PersonFacts(own, children, uses, address, address in bounces)
        listed = [row for row in own if row.status in ("open", "started", "declined")]
        found |= {(person_id, row.agreement_key, row.way, why_of(row, facts)) for row in listed}
        pictures = [row for row in to_be_reminded(obligations(facts)) if row.what == PICTURES]
        if pictures and not any(row.agreement_key == PARENTS for row in listed):
            found.add((person_id, PICTURES, "self", pictures[0].why))
    return found
