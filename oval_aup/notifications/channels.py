"""The ways a letter can leave the house, and the ways that can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from oval_aup.core.i18n import _
from oval_aup.notifications import smtp_replies


class ChannelDown(Exception):
    """Nothing can be sent at all just now, and no letter is to blame.

    ``about`` is ``server`` (no connection, no encryption, log-in refused) or ``sender`` (the school has reached its
    limit, or may not send).
    """

    def __init__(self, message: str, *, about: str = smtp_replies.SERVER) -> None:
        super().__init__(message)
        self.about = about


class TemporaryRefusal(Exception):
    """This letter was not taken this time; trying later is right."""


class PermanentRefusal(Exception):
    """This letter was refused for good; ``about_address`` says whether the address is the reason, or what it says."""

    def __init__(self, message: str, *, code: str = "", about_address: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.about_address = about_address


class UncertainDelivery(Exception):
    """The whole letter was handed over and no answer came: it may or may not arrive."""


HandOver = Callable[[], None]
"""Called once, just before a letter's text leaves; whatever it raises stops the letter with nothing sent."""


class Carrier(Protocol):
    """One open way out."""

    def carry(self, letter: EmailMessage, to_address: str, hand_over: HandOver) -> None:
        """Send one letter; raises one of the refusals above."""


class Channel(Protocol):
    """Something that can be opened for a run of letters."""

    def opened(self) -> AbstractContextManager[Carrier]:
        """A carrier for as many letters as follow; raises ChannelDown if it cannot be opened."""


class NoMailServer:
    """A school that has not set up email yet: messages wait until it has, and the office sees why."""

    def opened(self) -> AbstractContextManager[Carrier]:
        raise ChannelDown(_("No mail server has been set up yet (setting OVAL_SMTP_URL)."))


class FolderChannel:
    """Writes each letter as an .eml file that any mail program opens.

    The file is named after the message, so sending the same message again replaces the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def opened(self) -> Iterator[FolderChannel]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ChannelDown(_("The mail folder cannot be made (%(fault)s).", fault=error.strerror)) from error
        yield self

    def carry(self, letter: EmailMessage, _to_address: str, hand_over: HandOver) -> None:
        name = str(letter["Message-ID"]).strip("<>").split("@")[0]
        part = self.folder / f".{name}.part"
        try:
            part.touch(mode=0o600)
            part.write_bytes(letter.as_bytes())
        except OSError as error:
            raise ChannelDown(_("The mail folder cannot be written (%(fault)s).", fault=error.strerror)) from error
        hand_over()
        part.replace(self.folder / f"{name}.eml")
