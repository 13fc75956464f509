"""What every web test may ask for: the real application on a database of its own, a browser, and the base world."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from oval_aup.application import create_app
from oval_aup.config import Settings, load
from oval_aup.core.db import Database
from tests.conftest import raise_faults
from tests.web.browser import Browser


class CompiledOnce(BytecodeCache):
    """Templates as the first test of this process compiled them: every test has an application of its own."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept, if the template is still the same."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the next application."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_compiled = CompiledOnce()


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
    raise_faults(app)
    app.jinja_env.bytecode_cache = _compiled
    return app


@pytest.fixture
def browser(app: Flask) -> Browser:
    """One person's browser."""
    return Browser(app)


@pytest.fixture
def another_browser(app: Flask) -> Browser:
    """Somebody else's."""
    return Browser(app)
