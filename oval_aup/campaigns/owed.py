"""What each adult still owes the school this year, in a bounded number of statements for any number of adults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, consent, notifications, people, signing
from oval_aup.campaigns.obligations import (
    PARENTS,
    PICTURES,
    STAFF,
    ChildFacts,
    Obligation,
    PersonFacts,
    obligations,
    to_be_reminded,
)
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

    def take(self, owed: Iterable[Obligation], children: Collection[ChildFacts]) -> None:
        """Keep what they may be reminded of."""
        for each in to_be_reminded(owed):
            if each.what == PICTURES and each.child is not None:
                self.choosing.append(each.child.person_id)
            elif each.request is not None:
                (self.own if each.child is None else self.for_children).append(each.request)
        theirs = {row.person_id for row in self.for_children} | set(self.choosing)
        rules = any(row.agreement_key == PARENTS for row in self.own)
        self.about = tuple(
            each.link.child
            for each in children
            if (rules and each.link.is_asked) or each.link.child.person_id in theirs
        )

    @property
    def is_family(self) -> bool:
        """Whether anything waits on the family's side, behind the private link."""
        return any(row.agreement_key == PARENTS for row in self.own) or bool(self.for_children or self.choosing)

    @property
    def class_ids(self) -> frozenset[int]:
        """The classes of the children for whom something waits."""
        return frozenset(child.class_id for child in self.about if child.class_id is not None)

    @property
    def is_staff(self) -> bool:
        """Whether the staff rules wait."""
        return any(row.agreement_key in STAFF for row in self.own)

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
            kinds = {row.agreement_key: agreements.AGREEMENTS[row.agreement_key] for row in self.own}
            own = {key: _(kind.task) for key, kind in kinds.items()}
            found = [own[key] for key in own if key not in STAFF]
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
            found += [own[key] for key in own if key in STAFF]
            return tuple(found)

    def for_child(self, child_id: int) -> tuple[str, ...]:
        """What waits for them because of one child, in short, in the language of whoever reads the list."""
        found = []
        if any(row.agreement_key == PARENTS for row in self.own):
            found.append(_("Rules for parents and carers"))
        if child_id in self.choosing:
            found.append(_("Choices about pictures"))
        if any(row.person_id == child_id for row in self.for_children):
            found.append(_("Rules for younger children"))
        return tuple(found)


def owed_by(
    db: Session,
    school_year: int,
    person_ids: Collection[int] | None = None,
    *,
    choices: bool = True,
    planned: Iterable[signing.NewRequest] = (),
) -> dict[int, Owed]:
    """Everybody who owes something, or those of ``person_ids`` who do; the barred and leavers are never among them.

    With ``choices`` an unanswered question about pictures counts as owed too. ``planned`` requests count as if they
    had been opened.
    """
    asked = [row for row in people.guardians_asked(db) if person_ids is None or row.person_id in person_ids]
    colleagues = [row for row in people.staff(db) if person_ids is None or row.person_id in person_ids]
    links = people.children_of_guardians(db, [guardian.person_id for guardian in asked])
    child_ids = {link.child.person_id for found in links.values() for link in found}
    if person_ids is None:
        rows = signing.standing_of_everybody(db, school_year)
    else:
        people_ids = {row.person_id for row in asked} | {row.person_id for row in colleagues} | child_ids
        rows = signing.standing_of(db, sorted(people_ids), school_year)
    for new in planned:
        known = rows.get(new.person_id, ())
        if not any(row.agreement_key == new.agreement_key for row in known):
            rows[new.person_id] = (*known, _as_opened(new, school_year))
    answered = consent.standing_answers(db, child_ids, school_year)
    uses = tuple(use.key for use in consent.asked_purposes(db)) if choices else ()
    adults = {guardian.person_id: _guardian(guardian) for guardian in asked}
    for member in colleagues:
        adult = adults.setdefault(member.person_id, _colleague(member))
        adult.address = adult.address or member.work_email
        adult.line_manager_id = member.line_manager_id
    for person_id, adult in adults.items():
        children = tuple(
            ChildFacts(
                link,
                rows.get(link.child.person_id, ()),
                answered.get(link.child.person_id, {}).get(person_id, {}).keys(),
            )
            for link in links.get(person_id, ())
        )
        adult.take(obligations(PersonFacts(rows.get(person_id, ()), children, uses, adult.address)), children)
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


def _as_opened(new: signing.NewRequest, school_year: int) -> signing.RequestRow:
    due_on = people.school_year_ends(school_year)
    return signing.RequestRow(0, "", school_year, new.agreement_key, new.person_id, new.way, "open", None, due_on, None)


def _guardian(row: people.GuardianRow) -> Owed:
    return Owed(row.person_id, row.pseudonym, row.greeting_name, row.full_name, row.email, row.language)


def _colleague(row: people.StaffRow) -> Owed:
    return Owed(row.person_id, row.pseudonym, row.greeting_name, row.full_name, row.work_email)
