"""Each test of this room begins with the small school on the day its round opens; nobody has been asked yet."""

from __future__ import annotations

import pytest

from oval_aup import campaigns
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.school import School
from tests.signing import small_school


@pytest.fixture
def facts() -> School:
    """The school as letters know it."""
    return School(
        name="The Oval School",
        phone="0121 496 0000",
        email="office@oval.example.org",
        base_url="https://aup.oval.example.org",
    )


@pytest.fixture
def school(database: Database) -> small_school.SmallSchool:
    """The small school with a planned round, on a Monday morning in term."""
    clock.travel_to(clock.at_london(small_school.ASKED_ON, 10))
    with database.writing() as db:
        founded = small_school.found(db)
        campaigns.plan(
            db,
            school_year=small_school.YEAR,
            opens_on=small_school.ASKED_ON,
            due_on=small_school.DUE_ON,
            actor=SYSTEM,
        )
    return founded


@pytest.fixture
def asked(database: Database, school: small_school.SmallSchool, facts: School) -> small_school.SmallSchool:
    """The same school once its round is open and everybody has been asked."""
    with database.writing() as db:
        campaign = campaigns.campaign_of(db, small_school.YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
    return school
