"""How log lines are written: one way for every process, with nothing in them that forges a line or opens a door."""

from __future__ import annotations

import datetime as dt
import logging
import re

from oval_aup.core import clock

_PRIVATE_LINK = re.compile(r"/(f|set-password)/[^\s/?#\"'<>]+")
_VALUES = re.compile(r"^\s*(DETAIL|CONTEXT):.*$", re.MULTILINE)
"""Where PostgreSQL repeats the values of a row, which may be somebody's name."""


class Formatter(logging.Formatter):
    """UTC, level, origin and message on one line; the lines of a traceback begin with ``|`` and never look like it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record; whatever is not printable is escaped, private links are cut, row values left out."""
        written = clock.iso(dt.datetime.fromtimestamp(record.created, dt.UTC))
        first = f"{written} {record.levelname} {record.name} {_plain(record.getMessage())}"
        if not record.exc_info:
            return first
        trace = _VALUES.sub("", self.formatException(record.exc_info))
        return "\n".join([first, *(f"  | {_plain(line)}" for line in trace.split("\n") if line.strip())])


def _plain(text: str) -> str:
    visible = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return _PRIVATE_LINK.sub(r"/\1/…", visible)


def install() -> None:
    """Write our notes and libraries’ warnings to standard error, unless whoever started us has set up logging."""
    root = logging.getLogger()
    if root.handlers:
        return
    to_stderr = logging.StreamHandler()
    to_stderr.setFormatter(Formatter())
    root.addHandler(to_stderr)
    logging.getLogger("oval_aup").setLevel(logging.INFO)
