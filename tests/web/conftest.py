"""What every web test may ask for: the real application on a database of its own, a browser, and the base world."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from oval_aup.application import create_app
from oval_aup.config import Settings, load
from oval_aup.core.db import Database
from tests.web.browser import Browser


@pytest.fixture
def settings(instance: Path, database: Database) -> Settings:
    """An installation with no setting that the default would not do for."""
    return load(
        {
            "OVAL_INSTANCE": str(instance),
            "OVAL_DATABASE_URL": f"sqlite:///{instance / 'oval.db'}",
            "OVAL_SECRET_KEY": "a secret that only the tests know, long enough",
        }
    )


@pytest.fixture
def app(settings: Settings, database: Database) -> Flask:
    """The real application; tests and requests share one write lock, as requests of one process do."""
    app = create_app(settings)
    app.extensions["oval_database"].dispose()
    app.extensions["oval_database"] = database
    app.testing = True
    return app


@pytest.fixture
def browser(app: Flask) -> Browser:
    """One person's browser."""
    return Browser(app)


@pytest.fixture
def another_browser(app: Flask) -> Browser:
    """Somebody else's."""
    return Browser(app)
