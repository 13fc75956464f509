"""What the signing room shows of itself: frozen rows fit for a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oval_aup.core import clock

STATUSES = ("open", "started", "signed", "declined")
"""Where a request can stand while it counts; a cancelled one counts nowhere."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """One person is to be asked for one agreement; ``way`` is ``self``, ``guardian`` or ``class``."""

    person_id: int
    agreement_key: str
    way: str = "self"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """What one person owes for one school year, and how far they have come."""

    id: int
    public_id: str
    school_year: int
    agreement_key: str
    person_id: int
    way: str
    status: str
    asked_at: dt.datetime | None
    due_on: dt.date
    settled_at: dt.datetime | None

    @property
    def is_outstanding(self) -> bool:
        """Whether an answer is still waited for; a refusal is an answer."""
        return self.status in ("open", "started")


@dataclass(frozen=True, slots=True)
class OutstandingRow:
    """A request without a signature and why: ``not-asked``, ``asked``, ``started`` or ``declined``."""

    request_id: int
    request_public_id: str
    person_id: int
    agreement_key: str
    way: str
    why: str
    asked_at: dt.datetime | None
    due_on: dt.date


@dataclass(frozen=True, slots=True)
class SigningSessionRow:
    """One signing session of one person; ``draft`` holds what they have answered so far."""

    public_id: str
    id: int
    person_id: int
    school_year: int
    status: str
    language: str
    draft: dict[str, Any]
    started_at: dt.datetime
    finished_at: dt.datetime | None
    receipt: str
    """Public id of the receipt document, once signed."""


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One mark, refusal or correction; ``stands`` is False once a later row took it back."""

    id: int
    public_id: str
    request_id: int
    request_public_id: str
    agreement_key: str
    school_year: int
    person_id: int
    signed_by_id: int
    recorded_by_id: int | None
    outcome: str
    version_text_id: int
    channel: str
    assurance: str
    signed_at: dt.datetime
    ledger_seq: int
    signing_session_id: int | None
    class_session_id: int | None
    refers_to_id: int | None
    stands: bool


@dataclass(frozen=True, slots=True)
class ClassSessionRow:
    """A lesson in which a class makes its marks."""

    id: int
    public_id: str
    class_id: int
    school_year: int
    teacher_id: int
    reading_level: str
    join_code: str
    opened_at: dt.datetime
    closes_at: dt.datetime
    closed_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether marks can be made at this moment."""
        return self.closed_at is None and clock.now() < self.closes_at


@dataclass(frozen=True, slots=True)
class RollRow:
    """One child of the class as the session's screen shows them.

    ``state`` is ``waiting``, ``marked`` (in this session), ``done`` (answered before it) or ``not-asked``;
    ``attempt`` counts the marks the child has had so far and is handed back when making the next one.
    """

    person_id: int
    child_public_id: str
    forename: str
    full_name: str
    state: str
    attempt: int
    signature_public_id: str = ""
    recorded_by_teacher: bool = False
    ledger_seq: int = 0
    """The entry of the mark made in this session; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class ClassProgress:
    """How many children of a class have signed, or taken part where a parent or carer signs for them."""

    done: int
    asked: int
    by_parents: bool
    """Whether parents or carers sign for these children, so that taking part is what counts in class."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of those asked stand where."""

    open: int = 0
    started: int = 0
    signed: int = 0
    declined: int = 0

    @property
    def asked(self) -> int:
        """Everybody who owes or owed an answer."""
        return self.open + self.started + self.signed + self.declined

    @property
    def outstanding(self) -> int:
        """Those who have not answered."""
        return self.open + self.started

    @property
    def percent_signed(self) -> int:
        """Whole per cent, rounded down so that 100 means everybody."""
        return self.signed * 100 // self.asked if self.asked else 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a school year's asking has come, for the whole school and by class, per agreement key."""

    school_year: int
    whole: Mapping[str, Counts] = field(default_factory=dict)
    by_class: Mapping[int, Mapping[str, Counts]] = field(default_factory=dict)

    def counts(self, agreement_key: str, class_id: int = 0) -> Counts:
        """The counts of one agreement, of one class or (0) the whole school; zeros where nobody was asked."""
        wanted = self.by_class.get(class_id, {}) if class_id else self.whole
        return wanted.get(agreement_key, Counts())
