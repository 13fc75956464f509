"""Reads the mail folder of a demonstration, so that a visitor can be every recipient."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from oval_aup.core.errors import NotFound

NEWEST = 200
_NAME = re.compile(r"[A-Za-z0-9._-]{1,120}\.eml")
_LINK = re.compile(r"(https?://[^\s<>]+)")


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One message in the list."""

    name: str
    to: str
    subject: str
    sent_at: dt.datetime
    has_attachment: bool


@dataclass(frozen=True, slots=True)
class LetterPage:
    """One message, opened."""

    name: str
    to: str
    sender: str
    subject: str
    sent_at: dt.datetime
    parts: tuple[str, ...]
    """The plain text, cut so that every second part is a link."""
    attachment: bytes | None


def _read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def _attachment(message: EmailMessage) -> bytes | None:
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        return content if isinstance(content, bytes) else None
    return None


def letters(folder: Path) -> tuple[LetterRow, ...]:
    """The newest messages, newest first."""
    if not folder.is_dir():
        return ()
    newest = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)[:NEWEST]
    rows = []
    for path in newest:
        message = _read(path)
        rows.append(
            LetterRow(
                path.name,
                str(message["To"]),
                str(message["Subject"]),
                parsedate_to_datetime(str(message["Date"])),
                _attachment(message) is not None,
            )
        )
    return tuple(rows)


def letter(folder: Path, name: str) -> LetterPage:
    """One message by its file name; raises NotFound for anything that is not one."""
    path = folder / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound
    message = _read(path)
    body = message.get_body(("plain",))
    return LetterPage(
        name,
        str(message["To"]),
        str(message["From"]),
        str(message["Subject"]),
        parsedate_to_datetime(str(message["Date"])),
        tuple(_LINK.split(body.get_content() if body else "")),
        _attachment(message),
    )
