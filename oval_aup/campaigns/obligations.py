"""What each adult still owes the school this year, in a bounded number of statements for any number of adults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from oval_aup import accounts, consent, notifications, people, signing
from oval_aup.core.i18n import _, languages, ngettext, use_language


@dataclass(slots=True)
class Owed:
    """One adult and everything that waits for them; a refusal is an answer and is not listed."""

    person_id: int
    pseudonym: str
    forename: str
    full_name: str
    address: str
    language: str = "en"
    own: list[signing.RequestRow] = field(default_factory=list)
    """Their own requests: the parents' rules, the staff rules."""
    for_children: list[signing.RequestRow] = field(default_factory=list)
    """Requests of young children whom they sign for."""
    choosing: list[int] = field(default_factory=list)
    """Children about whose pictures a question has not been answered."""
    about: tuple[people.ChildRow, ...] = ()
    """The children for whom something waits for them; a child of whom they are barred is never among them."""
    line_manager_id: int | None = None
    trouble: str = ""
    """What the mail server said when it refused the address."""
    writing_stopped: bool = False
    """Whether the office has stopped writing to them."""
    no_password: bool = False
    """Whether the staff rules wait for them, and their log-in has no password yet."""

    @property
    def is_family(self) -> bool:
        """Whether anything waits on the family's side, behind the private link."""
        return any(row.agreement_key == "parents" for row in self.own) or bool(self.for_children or self.choosing)

    @property
    def class_ids(self) -> frozenset[int]:
        """The classes of the children for whom something waits."""
        return frozenset(child.class_id for child in self.about if child.class_id is not None)

    @property
    def is_staff(self) -> bool:
        """Whether the staff rules wait."""
        return any(row.agreement_key == "staff" for row in self.own)

    @property
    def link_purpose(self) -> str:
        """Which private link a letter to them carries, if any."""
        if self.is_family:
            return "family"
        return "set-password" if self.no_password else ""

    @property
    def reachable(self) -> bool:
        """Whether they may be written to, at an address that works as far as we know."""
        return not self.why_unreachable

    @property
    def why_unreachable(self) -> str:
        """``no-address``, ``stopped`` or ``trouble``; empty for somebody who can be written to."""
        if self.writing_stopped:
            return "stopped"
        if not self.address:
            return "no-address"
        return "trouble" if self.trouble else ""

    @property
    def requests(self) -> list[signing.RequestRow]:
        """Everything with a request of its own."""
        return [*self.own, *self.for_children]

    @property
    def due_on(self) -> dt.date | None:
        """The latest of the dates their requests carry."""
        return max((row.due_on for row in self.requests), default=None)

    def tasks(self) -> tuple[str, ...]:
        """What they are asked to do, in the words of a letter, in their language; no names."""
        with use_language(languages(self.language)):
            found = []
            if any(row.agreement_key == "parents" for row in self.own):
                found.append(_("Read and sign our rules for parents and carers"))
            if self.choosing:
                found.append(
                    ngettext(
                        "Tell us where we may use pictures of your child",
                        "Tell us where we may use pictures of your children",
                        len(self.choosing),
                    )
                )
            if self.for_children:
                found.append(
                    ngettext(
                        "Read our rules for younger children with your child",
                        "Read our rules for younger children with your children",
                        len(self.for_children),
                    )
                )
            if self.is_staff:
                found.append(_("Read and sign this year’s rules for staff"))
            return tuple(found)

    def for_child(self, child_id: int) -> tuple[str, ...]:
        """What waits for them because of one child, in short, in the language of whoever reads the list."""
        found = []
        if any(row.agreement_key == "parents" for row in self.own):
            found.append(_("Rules for parents and carers"))
        if child_id in self.choosing:
            found.append(_("Choices about pictures"))
        if any(row.person_id == child_id for row in self.for_children):
            found.append(_("Rules for younger children"))
        return tuple(found)


def owed_by(
    db: Session, school_year: int, person_ids: Collection[int] | None = None, *, choices: bool = True
) -> dict[int, Owed]:
    """Everybody who owes something, or those of ``person_ids`` who do; the barred and leavers are never among them.

    With ``choices`` an unanswered question about pictures counts as owed too.
    """
    rows: dict[int, list[signing.RequestRow]] = {}
    for row in signing.unanswered(db, school_year):
        rows.setdefault(row.person_id, []).append(row)
    adults = _guardians(db, school_year, rows, person_ids, choices=choices)
    for member in people.staff(db):
        own = [row for row in rows.get(member.person_id, ()) if row.agreement_key == "staff"]
        if not own or (person_ids is not None and member.person_id not in person_ids):
            continue
        adult = adults.setdefault(
            member.person_id,
            Owed(member.person_id, member.pseudonym, member.greeting_name, member.full_name, member.work_email),
        )
        adult.own.extend(own)
        adult.address = adult.address or member.work_email
        adult.line_manager_id = member.line_manager_id
    adults = {person_id: adult for person_id, adult in adults.items() if adult.is_family or adult.is_staff}
    troubled = notifications.troubled_addresses(db, {adult.address for adult in adults.values() if adult.address})
    new_log_ins = accounts.without_password(db) if any(adult.is_staff for adult in adults.values()) else frozenset()
    for adult in adults.values():
        adult.trouble = troubled.get(adult.address, "")
        adult.no_password = adult.is_staff and adult.person_id in new_log_ins
    for guardian in people.guardians_by_id(db, adults).values():
        if guardian.writing_stopped:
            adults[guardian.person_id].writing_stopped = True
    return adults


def _guardians(
    db: Session,
    school_year: int,
    rows: dict[int, list[signing.RequestRow]],
    person_ids: Collection[int] | None,
    *,
    choices: bool,
) -> dict[int, Owed]:
    asked = [row for row in people.guardians_asked(db) if person_ids is None or row.person_id in person_ids]
    links = people.children_of_guardians(db, [guardian.person_id for guardian in asked])
    refused = refused_by(db, [guardian.person_id for guardian in asked], school_year)
    child_ids = {link.child.person_id for found in links.values() for link in found}
    answered = consent.standing_answers(db, child_ids, school_year)
    asked_uses = frozenset(use.key for use in consent.asked_purposes(db)) if choices else frozenset()
    adults = {}
    for guardian in asked:
        if guardian.person_id in refused:
            continue
        mine = links.get(guardian.person_id, ())
        own = [row for row in rows.get(guardian.person_id, ()) if row.agreement_key == "parents"]
        for_children = {
            link.child.person_id: [row for row in rows.get(link.child.person_id, ()) if row.way == "guardian"]
            for link in mine
            if link.is_asked
        }
        choosing = [
            link.child.person_id
            for link in mine
            if link.may_choose
            and not asked_uses <= answered.get(link.child.person_id, {}).get(guardian.person_id, {}).keys()
        ]
        adults[guardian.person_id] = Owed(
            person_id=guardian.person_id,
            pseudonym=guardian.pseudonym,
            forename=guardian.greeting_name,
            full_name=guardian.full_name,
            address=guardian.email,
            language=guardian.language,
            own=own,
            for_children=[row for found in for_children.values() for row in found],
            choosing=choosing,
            about=tuple(
                link.child
                for link in mine
                if (own and link.is_asked) or for_children.get(link.child.person_id) or link.child.person_id in choosing
            ),
        )
    return adults


def refused_by(db: Session, guardian_ids: list[int], school_year: int) -> frozenset[int]:
    """Those who said no to the parents' rules: they have answered and get no more reminders."""
    standing = signing.standing_of(db, guardian_ids, school_year)
    return frozenset(
        person_id
        for person_id, rows in standing.items()
        if any(row.agreement_key == "parents" and row.status == "declined" for row in rows)
    )
