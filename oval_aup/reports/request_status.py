"""Tells whether somebody was asked for something and how it stands: one reading for every page and document."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import campaigns, signing
from oval_aup.core.i18n import _, gettext_noop

STATES: dict[str, str] = {
    "signed": gettext_noop("Signed"),
    "declined": gettext_noop("Did not agree"),
    "started": gettext_noop("Asked, no answer (started)"),
    "open": gettext_noop("Asked, no answer"),
    "not-asked": gettext_noop("Not asked"),
}


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """One thing that a person is asked for in one school year, and how it stands."""

    school_year: int
    agreement_key: str
    state: str
    """A key of ``STATES``."""
    asked_at: dt.datetime | None
    due_on: dt.date
    settled_at: dt.datetime | None

    @property
    def words(self) -> str:
        """The state in words."""
        return _(STATES[self.state])


class RequestStatuses:
    """Reads how requests stand; knows when the sign-up of each school year began."""

    def __init__(self, db: Session) -> None:
        self._db = db
        self._opened: dict[int, dt.datetime | None] = {}

    def asked_at(self, request: signing.RequestRow) -> dt.datetime | None:
        """When somebody was asked: with the first message, or, where no message is sent, with the year's sign-up.

        Children who sign in class are sent no message.
        """
        if request.asked_at is not None or request.way != "class":
            return request.asked_at
        if request.school_year not in self._opened:
            campaign = campaigns.campaign_of(self._db, request.school_year)
            self._opened[request.school_year] = campaign.opened_at if campaign else None
        return self._opened[request.school_year]

    def of(self, request: signing.RequestRow) -> RequestStatus:
        """How one request stands now."""
        asked_at = self.asked_at(request)
        state = request.status
        if state == "open" and asked_at is None:
            state = "not-asked"
        return RequestStatus(
            request.school_year, request.agreement_key, state, asked_at, request.due_on, request.settled_at
        )
