"""What left by email: the letters in the mail folder and the addresses in them."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, replace
from email.message import EmailMessage

from oval_aup import worker
from oval_aup.config import Settings
from oval_aup.core.db import Database

_LINK = re.compile(r"https?://[^\s<>\"']+")
_SECRET = re.compile(r"/(?:f|set-password)/([\w-]{20,})")


@dataclass(frozen=True, slots=True)
class Post:
    """The mail folder of one installation."""

    settings: Settings
    database: Database

    def send(self) -> None:
        """Send everything that is due."""
        worker.send_now(replace(self.settings, mail_in_folder=True), self.database)

    @property
    def letters(self) -> list[EmailMessage]:
        """Every letter that left."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.settings.mail_folder.glob("*.eml"))
        ]

    def bodies(self) -> list[str]:
        """The text and the HTML of every letter."""
        return [
            part.get_content()
            for letter in self.letters
            for part in letter.walk()
            if part.get_content_maintype() == "text"
        ]

    def paths(self) -> list[str]:
        """Every address of this site that a letter holds, as a path."""
        base = self.settings.school.base_url
        found = {link for body in self.bodies() for link in _LINK.findall(body)}
        return sorted(link.removeprefix(base) or "/" for link in found if link.startswith(base))

    def secrets(self) -> list[str]:
        """The secrets of every private link that left."""
        return sorted({secret for body in self.bodies() for secret in _SECRET.findall(body)})
