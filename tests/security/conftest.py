"""The web's fixtures, and a whole sign-up whose messages have really left."""

from __future__ import annotations

import pytest

from oval_aup import campaigns
from oval_aup.config import Settings
from oval_aup.core.db import Database
from tests.security.post import Post
from tests.web.conftest import another_browser, app, browser, settings
from tests.web.world import DUE_ON, OFFICE, TODAY, YEAR, World

__all__ = ["another_browser", "app", "browser", "settings"]


@pytest.fixture
def post(settings: Settings, database: Database, world: World) -> Post:
    """Everybody has been asked by email, somebody lost a link and somebody forgot a password; all of it was sent."""
    with database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
        campaigns.send_new_link(db, world.bob.email, school=settings.school)
        campaigns.send_password_link(db, world.di.work_email, school=settings.school)
    post = Post(settings, database)
    post.send()
    return post
