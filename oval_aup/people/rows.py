"""What other rooms see of people: frozen rows, fit for a template, that outlive the transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from oval_aup.people import names
from oval_aup.people.relationships import is_likely_parent

HAVE_RESPONSIBILITY = frozenset({"yes", "declared"})
"""Known to have parental responsibility, or said so themselves while signing: a yes about pictures counts."""
NO_RESPONSIBILITY = frozenset({"no", "denied"})
"""Known not to have it, or said so themselves."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Anyone at all, with the parts they play; ``archived`` when none of those parts is current."""

    person_id: int
    public_id: str
    pseudonym: str
    full_name: str
    is_child: bool
    is_guardian: bool
    is_staff: bool
    archived: bool
    erased: bool = False


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A registration class."""

    id: int
    public_id: str
    name: str
    year_group: str


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A pupil; ``forename`` is the preferred one where there is one."""

    person_id: int
    public_id: str
    pseudonym: str
    full_name: str
    forename: str
    born_on: dt.date
    year_group: str
    class_id: int | None
    class_name: str
    archived_on: dt.date | None


@dataclass(frozen=True, slots=True)
class GuardianRow:
    """A parent, carer or other contact; ``email`` is empty where the school knows none."""

    person_id: int
    public_id: str
    pseudonym: str
    full_name: str
    forename: str
    email: str
    mobile: str
    language: str
    archived_on: dt.date | None
    writing_stopped: bool = False
    """Whether they are not asked or reminded by email any more."""

    @property
    def greeting_name(self) -> str:
        """How a letter may address them; empty where the lists hold only a fragment."""
        return names.greeting_name(self.forename, self.full_name)


@dataclass(frozen=True, slots=True)
class GuardianshipRow:
    """How one guardian stands to one child.

    ``parental_responsibility`` is ``yes``, ``no`` or ``unknown`` as the lists and the office say or, where the guardian
    said it while signing and the office has not confirmed it, ``declared`` or ``denied``.
    """

    child: ChildRow
    guardian: GuardianRow
    relationship_name: str
    parental_responsibility: str
    contact_allowed: bool
    lives_with: bool | None
    priority: int

    @property
    def is_asked(self) -> bool:
        """Whether this guardian is asked to sign the parents' rules because of this child."""
        return is_asked(self.contact_allowed, self.parental_responsibility, self.relationship_name, self.lives_with)

    @property
    def may_choose(self) -> bool:
        """Whether this guardian is asked about this child's images."""
        return _may_choose(self.contact_allowed, self.parental_responsibility, self.relationship_name)

    @property
    def counts(self) -> bool:
        """Whether a yes of this guardian counts; a no that was said counts in any case."""
        return self.contact_allowed and self.parental_responsibility in HAVE_RESPONSIBILITY

    @property
    def must_declare(self) -> bool:
        """Whether a likely parent is asked whether they have parental responsibility: nobody has said so yet."""
        return self.may_choose and self.parental_responsibility == "unknown"

    @property
    def waits_for_office(self) -> bool:
        """Whether nothing is asked, and nothing of the child shown, until the office says how this adult stands."""
        return self.contact_allowed and self.parental_responsibility == "unknown" and not self.must_declare


@dataclass(frozen=True, slots=True)
class GuardianshipThen:
    """How one guardian stood to one child at a past moment; only the guardian's name and address are today's."""

    child_id: int
    guardian: GuardianRow
    relationship_name: str
    parental_responsibility: str
    contact_allowed: bool

    @property
    def may_choose(self) -> bool:
        """Whether this guardian was asked about this child's images."""
        return _may_choose(self.contact_allowed, self.parental_responsibility, self.relationship_name)

    @property
    def counts(self) -> bool:
        """Whether a yes of this guardian counted; a no that was said counted in any case."""
        return self.contact_allowed and self.parental_responsibility in HAVE_RESPONSIBILITY


def is_asked(
    contact_allowed: bool, parental_responsibility: str, relationship_name: str, lives_with: bool | None
) -> bool:
    """Whether a guardian is asked to sign the parents' rules because of a child to whom they stand so."""
    if contact_allowed and parental_responsibility in NO_RESPONSIBILITY:
        return bool(lives_with)
    return _may_choose(contact_allowed, parental_responsibility, relationship_name)


def _may_choose(contact_allowed: bool, parental_responsibility: str, relationship_name: str) -> bool:
    if not contact_allowed or parental_responsibility in NO_RESPONSIBILITY:
        return False
    return parental_responsibility in HAVE_RESPONSIBILITY or is_likely_parent(relationship_name)


@dataclass(frozen=True, slots=True)
class ClassThen:
    """Where the school's lists had one child at a past moment."""

    class_name: str
    """As it was written then; empty where the lists named none."""
    year_group: str
    left_on: dt.date | None
    """Set where the child had left by then."""
    since: dt.datetime
    """When the lists began to say so; later than the moment where what they said at it was not kept."""


@dataclass(frozen=True, slots=True)
class PartsThen:
    """Which parts one person played at a past moment, and so whose rules were theirs."""

    child: bool
    guardian: bool
    """Linked to a child on roll, and not barred."""
    staff: bool
    """Working, governing or volunteering here: all of them have the rules for staff."""
    placed: ClassThen | None = None
    """A child's class; None before they were on the lists."""
    child_ids: tuple[int, ...] = ()
    """A guardian's children on roll about whom they might be written to."""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """An adult who works, governs or volunteers at the school."""

    person_id: int
    public_id: str
    pseudonym: str
    full_name: str
    forename: str
    post: str
    staff_group: str
    work_email: str
    class_id: int | None
    class_name: str
    line_manager_id: int | None
    starts_on: dt.date | None
    archived_on: dt.date | None

    @property
    def greeting_name(self) -> str:
        """How a letter may address them; empty where the lists hold only a fragment."""
        return names.greeting_name(self.forename, self.full_name)
