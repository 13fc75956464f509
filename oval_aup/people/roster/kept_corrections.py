"""Keeps what the office corrected by hand when a list says otherwise, says so by row, and notes where it agrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oval_aup.core.i18n import _
from oval_aup.people.corrections import (
    CONTACT,
    EMAIL,
    ENDED,
    LEFT,
    MOBILE,
    RESPONSIBILITY,
    WORK_EMAIL,
    CorrectionRow,
    Corrections,
)
from oval_aup.people.roster.children import ChildOfFile
from oval_aup.people.roster.contacts import Link
from oval_aup.people.roster.current import Current
from oval_aup.people.roster.grouping import ContactOfFile
from oval_aup.people.roster.plan import ImportPlan, KeptCorrection
from oval_aup.people.roster.staffing import StaffOfFile
from oval_aup.people.telephones import telephone_key

THEIRS = "list"
"""The answer that takes what the list says."""


def field_words(field: str) -> str:
    """What a correction is about."""
    return {
        EMAIL: _("Email"),
        WORK_EMAIL: _("Work email"),
        MOBILE: _("Telephone"),
        RESPONSIBILITY: _("Parental responsibility"),
        CONTACT: _("Contact allowed"),
        ENDED: _("A contact of the child"),
        LEFT: _("At this school"),
    }[field]


def value_words(field: str, value: str) -> str:
    """A corrected value as the office reads it beside what the correction is about."""
    if field in (ENDED, LEFT):  # kept as “has ended” and “has left”, asked as “is a contact” and “is at this school”
        value = {"yes": "no", "no": "yes"}.get(value, value)
    return {"yes": _("yes"), "no": _("no"), "unknown": _("not known"), "": _("none")}.get(value, value)


def children_kept_off(
    usable: list[ChildOfFile], corrections: Corrections, plan: ImportPlan, answers: Mapping[str, str], *, whole: bool
) -> list[ChildOfFile]:
    """The children of a list without those whom the office took off the roll by hand."""
    found = []
    for child in usable:
        row = corrections.get((LEFT, child.existing.person_id, None)) if child.existing else None
        if (
            row is None
            or not child.existing
            or not child.existing.archived
            or not _keeps(plan, row, child.row, _("yes"), answers)
        ):
            found.append(child)
    if whole:
        named = {child.existing.person_id for child in usable if child.existing}
        plan.agreed += [row.id for row in corrections.values() if row.field == LEFT and row.person_id not in named]
    return found


def keep_details(
    contacts: Iterable[ContactOfFile], corrections: Corrections, plan: ImportPlan, answers: Mapping[str, str]
) -> None:
    """Keep the addresses and telephone numbers that were put right by hand."""
    for contact in contacts:
        if contact.existing is None:
            continue
        changes = plan.writes.guardian_changes.get(contact.ref, {})
        for field in (EMAIL, MOBILE):
            row, told = corrections.get((field, contact.ref, None)), contact.first(field)
            if row is None or not told:
                continue
            if told == row.value or (field == MOBILE and telephone_key(told) == telephone_key(row.value)):
                plan.agreed.append(row.id)
            elif field in changes and _keeps(plan, row, contact.row, told, answers):
                del changes[field]
                _forget(plan, contact.ref, told)


def keep_work_addresses(
    members: Iterable[StaffOfFile], corrections: Corrections, plan: ImportPlan, answers: Mapping[str, str]
) -> None:
    """Keep the work addresses that were put right by hand."""
    for member in members:
        row, told = corrections.get((WORK_EMAIL, member.ref, None)), member.line.email
        if row is None or not told:
            continue
        changes = plan.writes.staff_changes.get(member.ref, {})
        if told == row.value:
            plan.agreed.append(row.id)
        elif WORK_EMAIL in changes and _keeps(plan, row, member.line.row, told, answers):
            del changes[WORK_EMAIL]
            _forget(plan, member.ref, told)


def keep_links(
    links: list[Link], now: Current, corrections: Corrections, plan: ImportPlan, answers: Mapping[str, str]
) -> list[Link]:
    """Keep how adults stand to children where it was put right by hand; returns the links that are not ended for it."""
    found = []
    for link in links:
        standing = now.links.get((link.child.ref, link.contact.ref))
        if standing is None:
            found.append(link)
            continue
        changes = plan.writes.link_changes.get(standing.id, {})
        ended = corrections.get((ENDED, link.contact.ref, link.child.ref))
        if ended is not None and standing.ended and _keeps(plan, ended, link.row, _("yes"), answers):
            plan.writes.link_changes.pop(standing.id, None)
            _forget_link(plan, link)
            continue
        found.append(link)
        barred = None if link.barred is None else "no" if link.barred else "yes"
        for field, told in ((RESPONSIBILITY, link.parental_responsibility), (CONTACT, barred)):
            row = corrections.get((field, link.contact.ref, link.child.ref))
            if row is None or not told:
                continue
            if told == row.value:
                plan.agreed.append(row.id)
            elif field in changes and _keeps(plan, row, link.row, value_words(field, told), answers):
                del changes[field]
                _forget(plan, link.contact.ref, value_words(field, told) if field == CONTACT else told)
    return found


def _keeps(plan: ImportPlan, row: CorrectionRow, line: int, told: str, answers: Mapping[str, str]) -> bool:
    """Note what is kept, or taken from the list as the office answered; whether it is kept."""
    answer = answers.get(row.key, "")
    about = f"{field_words(row.field)}: {row.child_name}" if row.child_id else field_words(row.field)
    plan.kept.append(
        KeptCorrection(line, row.key, row.full_name, about, value_words(row.field, row.value), told, answer)
    )
    if answer == THEIRS:
        plan.agreed.append(row.id)
        return False
    plan.warn(
        line,
        _(
            "%(name)s, %(about)s: you corrected this by hand to %(ours)s, and it stays. The list says %(theirs)s.",
            name=row.full_name,
            about=about,
            ours=value_words(row.field, row.value),
            theirs=told,
        ),
    )
    return True


def _forget(plan: ImportPlan, person_id: int, told: str) -> None:
    """Take a change off the plan that is not made."""
    plan.changes = [each for each in plan.changes if (each.person_id, each.new) != (person_id, told)]


def _forget_link(plan: ImportPlan, link: Link) -> None:
    about = _("Contact of %(name)s", name=link.child.name)
    plan.changes = [
        each
        for each in plan.changes
        if each.person_id != link.contact.ref
        or (each.field != about and not each.field.endswith(f": {link.child.name}"))
    ]
