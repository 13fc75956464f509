"""Compares a list with the roster: who joins, who leaves, what changes, what is wrong. It reads nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from oval_aup.core.i18n import _
from oval_aup.people.corrections import WORK_EMAIL, Corrections
from oval_aup.people.roster import children as children_
from oval_aup.people.roster.children import ChildOfFile
from oval_aup.people.roster.contacts import Link, compare_contacts, compare_links, identify_contacts, links_of_file
from oval_aup.people.roster.current import Current
from oval_aup.people.roster.entries import ERROR, Parsed
from oval_aup.people.roster.grouping import contacts_of_file, known_as
from oval_aup.people.roster.kept_corrections import children_kept_off, keep_details, keep_links, keep_work_addresses
from oval_aup.people.roster.links_after import links_after
from oval_aup.people.roster.mapping import CONTACTS, STAFF
from oval_aup.people.roster.plan import GUARDIAN, Change, ImportPlan, Joiner, Leaver
from oval_aup.people.roster.staffing import compare_staff


def diff(
    now: Current,
    parsed: Parsed,
    *,
    kind: str,
    partial: bool = False,
    answers: Mapping[str, str] | None = None,
    protected: frozenset[int] = frozenset(),
    corrections: Corrections | None = None,
) -> ImportPlan:
    """The plan that would bring the roster in line with the list.

    ``corrections`` are what the office put right by hand: they are kept unless an answer says ``list``.
    ``partial`` lists make nobody a leaver. ``answers`` maps a ``Match.key`` (or ``*`` for all) to ``same`` or
    ``different``. ``protected`` people never leave through a staff list.
    """
    plan = ImportPlan(kind=kind, partial=partial, problems=list(parsed.problems), pairs=list(parsed.pairs))
    if kind == STAFF:
        plan.on_roll = sum(1 for member in now.staff.values() if not member.archived)
        listed_as = {
            row.before: row.person_id for row in (corrections or {}).values() if row.field == WORK_EMAIL and row.before
        }
        members = compare_staff(parsed, now, plan, answers or {}, protected=protected, listed_as=listed_as)
        keep_work_addresses(members, corrections or {}, plan, answers or {})
    else:
        plan.on_roll = sum(1 for child in now.children.values() if not child.archived)
        _compare_families(now, parsed, plan, answers or {}, corrections or {})
    plan.problems.sort(key=lambda problem: (problem.row, problem.severity, problem.sentence))
    return plan


def _compare_families(
    now: Current, parsed: Parsed, plan: ImportPlan, answers: Mapping[str, str], corrections: Corrections
) -> None:
    gathered = children_.children_of_file(parsed, plan)
    usable, kept = children_.identify(gathered, now, plan, answers)
    children_.doubt_slips(usable, parsed)
    usable = children_kept_off(usable, corrections, plan, answers, whole=not plan.partial)
    plan.read = len(usable)
    if not plan.partial:
        if _mostly_left_out(parsed, plan):
            plan.warn(0, _("Most rows of this list were left out, so nobody counts as having left."))
        else:
            children_.find_leavers(usable, kept, parsed, now, plan, answers)
    children_.doubt_old_list(usable, plan)
    children_.compare_children(usable, now, plan)
    contacts = identify_contacts(contacts_of_file(usable, now, plan, answers), now, plan, answers)
    authoritative = plan.kind == CONTACTS
    compare_contacts(contacts, plan, tell_blank_emails=authoritative and "contact_email" in parsed.fields)
    keep_details(contacts, corrections, plan, answers)
    links = links_of_file(contacts)
    compare_links(links, now, plan, authoritative=authoritative)
    links = keep_links(links, now, corrections, plan, answers)
    if authoritative and not plan.partial:
        _end_links(usable, links, now, plan, numbered="contact_id" in parsed.fields)
    _settle_guardians(usable, links, now, plan)
    plan.links = list(links_after(now, plan))


def _mostly_left_out(parsed: Parsed, plan: ImportPlan) -> bool:
    """Whether so little of the list could be used that whom it lacks says nothing, as with another school's list."""
    left_out = {problem.row for problem in plan.problems if problem.severity == ERROR}
    rows = {line.row for line in parsed.families} | left_out
    return 2 * len(left_out) > len(rows)


def _end_links(usable: list[ChildOfFile], links: list[Link], now: Current, plan: ImportPlan, *, numbered: bool) -> None:
    """End the links a whole list of contacts no longer shows, for children whose rows could all be used."""
    named = {(link.child.ref, link.contact.ref) for link in links}
    names_beside: dict[int, set[str]] = {}
    for link in links:
        names_beside.setdefault(link.child.ref, set()).add(link.contact.name)
    sure = {child.ref: child for child in usable if child.existing and child.complete}
    for (child_id, guardian_id), standing in now.links.items():
        if standing.ended or child_id not in sure or (child_id, guardian_id) in named:
            continue
        guardian, child = now.guardians[guardian_id], sure[child_id]
        replaced = known_as(guardian.title, guardian.forename, guardian.surname) in names_beside.get(child_id, ())
        if numbered and not guardian.contact_id and not replaced:
            told = _(
                "%(name)s is not among the contacts of %(child)s here, and stays as entered.",
                name=guardian.full_name,
                child=child.name,
            )
            plan.warn(child.row, told)
            continue
        plan.writes.ended_links.append(standing.id)
        field, described = _("Contact of %(name)s", name=child.name), standing.relationship_name or _("yes")
        plan.changes.append(Change(child.row, GUARDIAN, guardian_id, guardian.full_name, field, described, _("ended")))


def _settle_guardians(usable: list[ChildOfFile], links: list[Link], now: Current, plan: ImportPlan) -> None:
    """Archive guardians who are left without a child on roll, and bring back those who have one again."""
    gone = {leaver.person_id for leaver in plan.leavers}
    on_roll = {child.person_id for child in now.children.values() if not child.archived and child.person_id not in gone}
    on_roll |= {child.ref for child in usable}
    ended = set(plan.writes.ended_links)
    needed = {link.contact.ref for link in links}
    for (child_id, guardian_id), standing in now.links.items():
        if child_id in on_roll and not standing.ended and standing.id not in ended:
            needed.add(guardian_id)
    rows = {link.contact.ref: link.row for link in links}
    for guardian in now.guardians.values():
        if guardian.archived and guardian.person_id in needed:
            plan.writes.revived_guardians.append(guardian.person_id)
            row = rows.get(guardian.person_id, 0)
            plan.joiners.append(
                Joiner(row, GUARDIAN, guardian.full_name, _("with a child on roll again"), returning=True)
            )
        elif not guardian.archived and guardian.person_id not in needed:
            plan.writes.archived[GUARDIAN].append(guardian.person_id)
            plan.leavers.append(Leaver(guardian.person_id, GUARDIAN, guardian.full_name, _("no child on roll")))
