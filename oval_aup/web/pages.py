"""What every page's template may count on: the school, the date, and the language."""

from __future__ import annotations

from flask import Flask

from oval_aup.config import Settings
from oval_aup.core import clock, i18n


def install(app: Flask) -> None:
    """Give templates the school's facts."""
    settings: Settings = app.extensions["oval_settings"]
    app.jinja_env.globals.update(
        school=settings.school, demo=settings.demo, today=clock.today, now=clock.now, language=i18n.language
    )
