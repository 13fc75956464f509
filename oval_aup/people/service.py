"""What the office may change about people by hand, at enrolment or afterwards; each act is an entry in the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import rows_changed
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.people import families, history, queries
from oval_aup.people.changes import Changes, DetailsChange, LinkChange
from oval_aup.people.corrections import CONTACT, EMAIL, ENDED, LEFT, MOBILE, RESPONSIBILITY, WORK_EMAIL, correct
from oval_aup.people.models import Child, Guardian, Guardianship, Person, StaffMember
from oval_aup.people.names import cleaned, folded, normal_email
from oval_aup.people.relationships import is_likely_parent
from oval_aup.people.rows import GuardianRow, StaffRow
from oval_aup.people.telephones import telephones_in

STAFF_GROUPS = ("leadership", "teaching", "support", "office", "site", "governor", "volunteer", "visiting")
RESPONSIBILITIES = ("yes", "no", "unknown", "declared", "denied")
LINK_FACTS = ("parental_responsibility", "likely_parent", "contact_allowed", "lives_with", "ended")
"""What of a link decides who may sign, be written to and choose."""


def keep_declarations(db: Session, guardian_id: int, said: Mapping[int, str]) -> None:
    """Keep on untold links what their guardian said of them, child to ``declared`` or ``denied``.

    The caller has entered it in the ledger as the guardian's own act.
    """
    untold = sa.and_(
        Guardianship.guardian_id == guardian_id,
        Guardianship.child_id.in_(said),
        Guardianship.parental_responsibility == "unknown",
    )
    for link in db.scalars(sa.select(Guardianship).where(untold)):
        link.parental_responsibility = said[link.child_id]
    history.keep(db, said)


@dataclass(frozen=True, slots=True)
class SaidOfLink:
    """What the lists say of one guardian and one child, as the ledger keeps it."""

    parental_responsibility: str | None = None
    likely_parent: bool | None = None
    contact_allowed: bool | None = None
    lives_with: bool | None = None
    ended: bool | None = None


def said_of(link: Guardianship | None) -> SaidOfLink:
    """A link as it stands now; of none, nothing."""
    if link is None:
        return SaidOfLink()
    return SaidOfLink(
        link.parental_responsibility,
        is_likely_parent(link.relationship_name),
        link.contact_allowed,
        link.lives_with,
        link.ended_on is not None,
    )


def link_change(child: Person, guardian: Person, before: SaidOfLink, after: SaidOfLink) -> LinkChange | None:
    """What is different, for the ledger; None where it is nothing that it keeps."""
    changed = {
        name: (getattr(before, name), getattr(after, name))
        for name in LINK_FACTS
        if getattr(before, name) != getattr(after, name)
    }
    return LinkChange(child.pseudonym, guardian.pseudonym, changed) if changed else None


def enter_link(
    db: Session, child: Person, guardian: Person, before: SaidOfLink, after: SaidOfLink, *, actor: Actor
) -> None:
    """Enter in the ledger how a link was changed by hand, where it was."""
    change = link_change(child, guardian, before, after)
    if change is not None:
        Changes(links=[change]).enter(db, actor=actor)


def change_link(
    db: Session,
    *,
    child_id: int,
    guardian_id: int,
    parental_responsibility: str | None = None,
    contact_allowed: bool | None = None,
    ended: bool = False,
    actor: Actor,
) -> bool:
    """Change what is given about a current link and leave the rest; whether anything was different before.

    Raises NotFound where there is no current link, Invalid for a responsibility that is none.
    """
    link = db.scalar(
        sa.select(Guardianship).where(
            Guardianship.child_id == child_id,
            Guardianship.guardian_id == guardian_id,
            Guardianship.ended_on.is_(None),
        )
    )
    if link is None:
        raise NotFound
    before = said_of(link)
    if parental_responsibility is not None:
        if parental_responsibility not in RESPONSIBILITIES:
            raise Invalid(fields={"parental_responsibility": _("Choose yes, no or unknown.")})
        link.parental_responsibility = parental_responsibility
    if contact_allowed is not None:
        link.contact_allowed = contact_allowed
    if ended:
        link.ended_on = clock.today()
    after = said_of(link)
    if after == before:
        return False
    _correct_link(db, link, before, after)
    history.keep(db, [child_id])
    enter_link(db, link.child.person, link.guardian.person, before, after, actor=actor)
    return True


def _correct_link(db: Session, link: Guardianship, before: SaidOfLink, after: SaidOfLink) -> None:
    told = {None: "", True: "yes", False: "no"}
    for field, then, now in (
        (RESPONSIBILITY, before.parental_responsibility or "", after.parental_responsibility or ""),
        (CONTACT, told[before.contact_allowed], told[after.contact_allowed]),
        (ENDED, told[before.ended], told[after.ended]),
    ):
        if then != now:
            correct(db, link.guardian_id, field, before=then, value=now, child_id=link.child_id)


def add_staff_member(
    db: Session,
    *,
    forename: str,
    surname: str,
    work_email: str,
    post: str = "",
    staff_group: str = "support",
    title: str = "",
    staff_code: str = "",
    class_id: int | None = None,
    line_manager_id: int | None = None,
    starts_on: dt.date | None = None,
    actor: Actor,
) -> StaffRow:
    """Add a staff member by hand; a guardian of the same email address and forename becomes both."""
    names, address = _names(forename, surname), normal_email(work_email)
    if staff_group not in STAFF_GROUPS:
        raise Invalid(fields={"staff_group": _("Choose a staff group.")})
    if address and db.scalar(sa.select(StaffMember.person_id).where(StaffMember.work_email == address)):
        raise Conflict(_("A staff member with this email address is already on the list."))
    person_id = _guardian_behind(db, address, names["forename"])
    if person_id is None:
        person = Person(**names, title=cleaned(title))
        db.add(person)
        db.flush()
        person_id = person.id
    db.add(
        StaffMember(
            person_id=person_id,
            staff_code=cleaned(staff_code) or None,
            post=cleaned(post),
            staff_group=staff_group,
            work_email=address,
            starts_on=starts_on,
            line_manager_id=line_manager_id,
            class_id=class_id,
        )
    )
    history.keep(db, [person_id])
    Changes(joined=[(queries.person_by_id(db, person_id).pseudonym, "staff")]).enter(db, actor=actor)
    return queries.staff_member(db, person_id)


def _guardian_behind(db: Session, email: str, forename: str) -> int | None:
    """The guardian of this address and forename; spouses who share a mailbox are two people."""
    if not email:
        return None
    found = db.execute(
        sa.select(Guardian.person_id, Person.forename, Person.preferred_forename)
        .join(Person, Person.id == Guardian.person_id)
        .outerjoin(StaffMember, StaffMember.person_id == Guardian.person_id)
        .where(Guardian.email == email, StaffMember.person_id.is_(None))
    ).all()
    named = [id_ for id_, *names in found if folded(forename) in {folded(name) for name in names}]
    return int(named[0]) if len(named) == 1 else None


def set_email(db: Session, person_id: int, email: str, actor: Actor) -> GuardianRow | StaffRow:
    """Change the address a guardian is written to, or a staff member's where they are no guardian."""
    address = normal_email(email)
    guardian = db.get(Guardian, person_id)
    if guardian is not None:
        before, guardian.email = guardian.email, address
        db.flush()
        _enter_details(db, guardian.person, {"email": (before, address)}, actor=actor)
        correct(db, person_id, EMAIL, before=before, value=address)
        return families.guardian(db, person_id)
    member = db.get(StaffMember, person_id)
    if member is None:
        raise NotFound
    before, member.work_email = member.work_email, address
    db.flush()
    _enter_details(db, member.person, {"email": (before, address)}, actor=actor)
    correct(db, person_id, WORK_EMAIL, before=before, value=address)
    return queries.staff_member(db, person_id)


def set_telephone(db: Session, person_id: int, mobile: str, *, actor: Actor) -> GuardianRow:
    """Change a guardian's telephone number. Raises Invalid for what is none, NotFound for somebody else."""
    guardian = db.get(Guardian, person_id)
    if guardian is None:
        raise NotFound
    number = cleaned(mobile)
    if number and (len(number) > 40 or len(telephones_in(number)) != 1):
        raise Invalid(fields={"mobile": _("This is not a telephone number.")})
    before, guardian.mobile = guardian.mobile, number
    db.flush()
    _enter_details(db, guardian.person, {"mobile": (before, number)}, actor=actor)
    correct(db, person_id, MOBILE, before=before, value=number)
    return families.guardian(db, person_id)


def set_writing(db: Session, person_id: int, *, stopped: bool, actor: Actor) -> None:
    """Stop asking and reminding somebody by email, or begin again; they can answer all the same. NotFound."""
    guardian = db.get(Guardian, person_id)
    if guardian is None:
        raise NotFound
    if guardian.writing_stopped == stopped:
        return
    guardian.writing_stopped = stopped
    db.flush()
    words = {False: _("yes"), True: _("stopped")}
    _enter_details(db, guardian.person, {"writing": (words[not stopped], words[stopped])}, actor=actor)


def _enter_details(db: Session, person: Person, changed: Mapping[str, tuple[str, str]], *, actor: Actor) -> None:
    differing = {name: values for name, values in changed.items() if values[0] != values[1]}
    if differing:
        Changes(details=[DetailsChange(person.pseudonym, differing)]).enter(db, actor=actor)


def archive_person(db: Session, person_id: int, *, actor: Actor) -> None:
    """Take a leaver off the current lists in every part they play; nothing about them is deleted."""
    row = queries.person_by_id(db, person_id)
    today = clock.today()
    left: list[tuple[str, str]] = []
    for name, part in (("child", Child), ("guardian", Guardian), ("staff", StaffMember)):
        found = db.execute(
            sa.update(part).where(part.person_id == person_id, part.archived_on.is_(None)).values(archived_on=today)
        )
        if rows_changed(found):
            left.append((row.pseudonym, name))
    for link in db.scalars(
        sa.select(Guardianship).where(Guardianship.guardian_id == person_id, Guardianship.ended_on.is_(None))
    ):
        link.ended_on = today
        correct(db, person_id, ENDED, before="no", value="yes", child_id=link.child_id)
    if (row.pseudonym, "child") in left:
        correct(db, person_id, LEFT, before="no", value="yes")
    history.keep_of_person(db, person_id)
    Changes(left=left).enter(db, actor=actor)


def _names(forename: str, surname: str) -> dict[str, str]:
    """Cleaned names; somebody with one name has it as forename."""
    names = {"forename": cleaned(forename), "surname": cleaned(surname)}
    if not names["forename"]:
        names = {"forename": names["surname"], "surname": ""}
    if not names["forename"]:
        raise Invalid(fields={field: _("Enter a name.") for field in names})
    return names
