"""Each test of this room begins with the small school founded and everybody asked, committed."""

from __future__ import annotations

import pytest

from oval_aup.core.db import Database
from tests.signing import small_school


@pytest.fixture
def school(database: Database) -> small_school.SmallSchool:
    """The small school with an open request for everybody."""
    with database.writing() as db:
        founded = small_school.found(db)
        small_school.ask_everybody(db, founded)
    return founded
