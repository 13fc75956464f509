"""What a room may refuse, and how it says so; ``web/errors.py`` turns these into pages."""

from __future__ import annotations

from collections.abc import Mapping

from oval_aup.core.i18n import _


class DomainError(Exception):
    """A refusal with a sentence a person can read."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class DatabaseBusy(DomainError):
    """Others were writing for longer than this was willing to wait; nothing was saved, and trying again is safe."""

    retry_after = 10
    """Seconds."""

    def __init__(self) -> None:
        super().__init__(_("The system is busy, so this was not saved. Please try again in a moment."))


class NotFound(DomainError):
    """There is no such thing, or not for this person: answered alike."""


class NotAllowed(DomainError):
    """The person is known but may not do this."""


class Conflict(DomainError):
    """The world changed between the page and the post."""


class Invalid(DomainError):
    """What was typed does not fit; ``fields`` maps a field's name to its sentence."""

    def __init__(self, message: str = "", fields: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields or {})
        super().__init__(message or " ".join(self.fields.values()))
