"""How templates become text: one Jinja environment for pages, letters and PDFs, strict about missing names."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.ext import Extension

from oval_aup.core import clock, i18n

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"


def day(value: dt.date | dt.datetime) -> str:
    """22 November 2026"""
    value = clock.london(value).date() if isinstance(value, dt.datetime) else value
    return f"{value.day} {value:%B %Y}" if i18n.language() == "en" else i18n.date(value, "d MMMM y")


def short_day(value: dt.date | dt.datetime) -> str:
    """22 Nov"""
    value = clock.london(value).date() if isinstance(value, dt.datetime) else value
    return f"{value.day} {value:%b}" if i18n.language() == "en" else i18n.date(value, "d MMM")


def moment(value: dt.datetime) -> str:
    """22 November 2026 at 12:41, London time"""
    local = clock.london(value)
    return i18n.gettext("%(day)s at %(time)s", day=day(local.date()), time=f"{local:%H:%M}")


def clock_time(value: dt.datetime) -> str:
    """8am, or 8:30am, on the school's clock."""
    local = clock.london(value)
    if i18n.language() != "en":
        return f"{local:%H:%M}"
    minutes = f":{local:%M}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def when(value: dt.datetime) -> str:
    """Monday 7 September at 8am, for a moment within the next weeks."""
    local = clock.london(value).date()
    weekday = f"{local:%A} {local.day} {local:%B}" if i18n.language() == "en" else i18n.date(local, "EEEE d MMMM")
    return i18n.gettext("%(day)s at %(time)s", day=weekday, time=clock_time(value))


def number(value: int) -> str:
    """1,297"""
    return f"{value:,}"


def year_label(start: int) -> str:
    """2026–27 for the school year that begins in September 2026."""
    return f"{start}–{(start + 1) % 100:02d}"


FILTERS = {
    "day": day,
    "short_day": short_day,
    "moment": moment,
    "time": clock_time,
    "when": when,
    "number": number,
    "year_label": year_label,
}


class Unindented(Extension):
    """Leaves the indentation of HTML templates in the repository: no page carries it over the network."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """The template without spaces at the beginning of its lines, unless it is plain text."""
        return re.sub(r"(?m)^[ \t]+", "", source) if name and name.endswith(".html") else source


def configure_environment(environment: Environment) -> Environment:
    """Give an environment the product's filters and translations."""
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(FILTERS)
    environment.add_extension(Unindented)
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True  # a sentence may be written over several lines
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=False)  # type: ignore[attr-defined]
    environment.globals.update(_=i18n.gettext, ngettext=i18n.ngettext, direction=i18n.direction)
    return environment


@cache
def environment() -> Environment:
    """The environment for everything that is not an HTTP page."""
    kept = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]), auto_reload=False)
    return configure_environment(kept)


def page(name: str, **context: object) -> str:
    """Render ``templates/<name>``; names ending in ``.html`` are escaped, others are plain text."""
    return environment().get_template(name).render(**context)
