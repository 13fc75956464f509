"""What staff type, read from the form: nothing that is not asked for is ever looked at."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

LONGEST = 300


def typed(name: str, longest: int = LONGEST) -> str:
    """One field of the form without the blanks around it, cut to a length nobody types by honest means."""
    return request.form.get(name, "").strip()[:longest]


@dataclass(frozen=True, slots=True)
class LogIn:
    """E-mail address and password."""

    email: str = ""
    password: str = ""

    @classmethod
    def read(cls) -> LogIn:
        """The form as posted; a password keeps its blanks."""
        return cls(typed("email"), request.form.get("password", "")[:LONGEST])


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password, typed twice."""

    password: str
    again: str

    @classmethod
    def read(cls) -> NewPassword:
        """The form as posted."""
        return cls(request.form.get("password", "")[:LONGEST], request.form.get("again", "")[:LONGEST])

    def check(self) -> None:
        """Raise Invalid unless both are the same."""
        if self.password != self.again:
            raise Invalid(fields={"again": _("The two passwords are not the same. Type both again.")})
