"""Which row of a staff list is which staff member, who is a parent too, and what the list changes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from oval_aup.core.i18n import _, gettext_noop
from oval_aup.people.names import folded
from oval_aup.people.roster.current import Current, CurrentGuardian, CurrentStaff
from oval_aup.people.roster.entries import Parsed, StaffLine
from oval_aup.people.roster.plan import STAFF, Change, ImportPlan, Joiner, Leaver
from oval_aup.people.roster.values import class_year, renamed

_GROUPS: tuple[tuple[str, str], ...] = (
    (r"clerk", "office"),
    (r"governor|trustee", "governor"),
    (r"volunteer|parent helper", "volunteer"),
    (r"visiting|peripatetic|supply|agency|contractor|tutor|coach|therapist|psychologist|student|trainee", "visiting"),
    (
        r"\bhead ?teacher|^head$|\b(deputy|assistant|executive|acting|co) head|^head of school|principal|\bslt\b",
        "leadership",
    ),
    (
        r"assistant|\bh?lta\b|\bta\b|support|supervisor|midday|lunch|mentor|learning|nurse|practitioner|playworker",
        "support",
    ),
    (r"office|admin|business|bursar|finance|secretar|reception|data|\bhr\b|\bict\b|technician", "office"),
    (r"caretaker|site|premises|clean|cook|kitchen|catering|crossing", "site"),
    (r"teacher|senco|sendco|lecturer|\bppa\b|phase lead|year lead|\bect\b", "teaching"),
)
_LABELS = {
    "title": gettext_noop("Title"),
    "forename": gettext_noop("Forename"),
    "surname": gettext_noop("Surname"),
    "code": gettext_noop("Staff code"),
    "post": gettext_noop("Post"),
    "staff_group": gettext_noop("Group"),
    "class_name": gettext_noop("Class"),
    "email": gettext_noop("Work email"),
    "starts_on": gettext_noop("Start date"),
}


def staff_group(post: str) -> str:
    """The group a post belongs to, as schools word posts; ``support`` where it tells nothing."""
    plain = folded(post)
    return next((group for pattern, group in _GROUPS if re.search(pattern, plain)), "support")


@dataclass(eq=False, slots=True)
class StaffOfFile:
    """A usable row of the staff list."""

    line: StaffLine
    existing: CurrentStaff | None
    ref: int = 0


def compare_staff(
    parsed: Parsed,
    now: Current,
    plan: ImportPlan,
    answers: Mapping[str, str],
    *,
    protected: frozenset[int],
    listed_as: Mapping[str, int],
) -> list[StaffOfFile]:
    """Note who joins and leaves the staff and what changes; ``protected`` people never leave through a file.

    ``answers`` maps ``gone:<person id>`` to ``left`` for members without a staff code whom the list lacks.
    ``listed_as`` maps addresses that the office has corrected to whose they were: a list may go on naming them.
    """
    members, kept = _identify(parsed, now, plan, listed_as)
    parents: dict[str, list[CurrentGuardian]] = {}
    for guardian in now.guardians.values():
        if guardian.email and guardian.person_id not in now.staff:
            parents.setdefault(guardian.email, []).append(guardian)
    by_code = {member.code: member.person_id for member in now.staff.values() if member.code}
    for member in members:
        _place(member, parents.get(member.line.email, []), plan)
        if member.line.code:
            by_code[member.line.code] = member.ref
    managers = _managers(members, now, by_code)
    for member in members:
        _compare(member, now, plan)
        _compare_manager(member, managers, plan, now)
    plan.read = len(members)
    if not plan.partial:
        _find_leavers(members, kept, parsed, now, plan, answers, protected)
    return members


def _identify(
    parsed: Parsed, now: Current, plan: ImportPlan, listed_as: Mapping[str, int]
) -> tuple[list[StaffOfFile], set[int]]:
    by_code = {member.code: member for member in now.staff.values() if member.code}
    by_email = {email: now.staff[person_id] for email, person_id in listed_as.items() if person_id in now.staff}
    by_email |= {member.email: member for member in now.staff.values() if member.email}
    codes_in_file = {line.code for line in parsed.staff if line.code}
    members: list[StaffOfFile] = []
    seen: dict[object, StaffLine] = {}
    kept: set[int] = set()
    for line in parsed.staff:
        keys = [key for key in (("code", line.code), ("email", line.email)) if key[1]]
        earlier = next((seen[key] for key in keys if key in seen), None)
        if earlier is not None:
            plan.error(
                line.row,
                _(
                    "The staff code or email address in this row is already %(name)s’s in row %(row)s.",
                    name=earlier.full_name,
                    row=earlier.row,
                ),
            )
            continue
        found, mailed = by_code.get(line.code), by_email.get(line.email)
        if found and mailed and found is not mailed:
            plan.error(
                line.row,
                _(
                    "The staff code is %(one)s’s but the email address is %(other)s’s.",
                    one=found.full_name,
                    other=mailed.full_name,
                ),
            )
            kept |= {found.person_id, mailed.person_id}
            continue
        if found is None and mailed and _alike(line, mailed):
            if mailed.code and line.code and mailed.code in codes_in_file:
                plan.error(
                    line.row,
                    _(
                        "The email address in this row is %(name)s’s, who has another staff code.",
                        name=mailed.full_name,
                    ),
                )
                continue
            found = mailed
        if found and not (_alike(line, found) or (line.email and line.email == found.email)):
            plan.error(
                line.row,
                _(
                    "This was %(one)s and is now %(other)s: too unlike to be one person.",
                    one=found.full_name,
                    other=line.full_name,
                ),
            )
            kept.add(found.person_id)
            continue
        seen |= dict.fromkeys(keys, line)
        members.append(StaffOfFile(line, found))
    return members, kept


def _alike(line: StaffLine, found: CurrentStaff) -> bool:
    """Whether a name has at least a forename or a surname in common; an office mailbox passes from hand to hand."""
    forenames = {folded(found.forename), folded(found.preferred_forename)}
    return folded(line.forename) in forenames or folded(line.surname) == folded(found.surname) != ""


def _place(member: StaffOfFile, at_address: list[CurrentGuardian], plan: ImportPlan) -> None:
    """Give a known member their id, a parent their own person, and anybody else a new number."""
    line = member.line
    if member.existing:
        member.ref = member.existing.person_id
        return
    same = [g for g in at_address if folded(line.forename) in {folded(g.forename), folded(g.preferred_forename)}]
    if len(same) == 1:
        member.ref = same[0].person_id
        return
    if at_address:
        plan.warn(
            line.row,
            _(
                "%(one)s shares an email address with %(other)s; they stay two people.",
                one=line.full_name,
                other=at_address[0].full_name,
            ),
        )
    member.ref = plan.writes.new_person(line.title, line.forename, line.surname)


def _managers(members: list[StaffOfFile], now: Current, by_code: Mapping[str, int]) -> dict[str, int]:
    """Everything a line manager may be called in the file: code, email address or, where only one has it, name."""
    named: dict[str, set[int]] = {}
    for current in now.staff.values():
        if not current.archived:
            named.setdefault(folded(f"{current.forename} {current.surname}"), set()).add(current.person_id)
            named.setdefault(current.email, set()).add(current.person_id)
    for member in members:
        named.setdefault(folded(member.line.full_name), set()).add(member.ref)
        named.setdefault(member.line.email, set()).add(member.ref)
    return {name: next(iter(ids)) for name, ids in named.items() if name and len(ids) == 1} | dict(by_code)


def _compare(member: StaffOfFile, now: Current, plan: ImportPlan) -> None:
    line, writes, found = member.line, plan.writes, member.existing
    class_name = _known_class(line, now, plan)
    group = staff_group(line.post) if line.post else ""
    if found is None:
        writes.staff[member.ref] = {
            "staff_code": line.code,
            "post": line.post,
            "staff_group": group or "support",
            "class_name": class_name,
            "work_email": line.email,
            "starts_on": line.starts_on,
        }
        described = _("%(post)s (also a parent or carer here)", post=line.post) if member.ref > 0 else line.post
        plan.joiners.append(Joiner(line.row, STAFF, line.full_name, described))
        return
    if found.archived:
        plan.joiners.append(Joiner(line.row, STAFF, line.full_name, line.post, returning=True))
        writes.staff_changes.setdefault(found.person_id, {})["archived_on"] = None
    told: dict[str, object] = {
        "code": line.code,
        "post": line.post,
        "staff_group": group,
        "class_name": class_name,
        "email": line.email,
    }
    told["starts_on"] = line.starts_on
    named: dict[str, object] = {"title": line.title} if line.title else {}
    named |= renamed((found.forename, found.surname), (line.forename, line.surname))
    if found.person_id not in now.guardians:  # a parent is called what the contacts list calls them
        told = named | told
    columns = {"code": "staff_code", "email": "work_email"}
    for name, new in told.items():
        old = getattr(found, name)
        if (new or name in named) and new != old and not (name == "staff_group" and line.post == found.post):
            shown = [_shown(value) for value in (old, new)]
            plan.changes.append(
                Change(line.row, STAFF, found.person_id, found.full_name, _(_LABELS[name]), shown[0], shown[1])
            )
            target = writes.person_changes if name in named else writes.staff_changes
            target.setdefault(found.person_id, {})[columns.get(name, name)] = new


def _shown(value: object) -> str:
    return value.strftime("%d/%m/%Y") if isinstance(value, dt.date) else str(value or "")


def _known_class(line: StaffLine, now: Current, plan: ImportPlan) -> str:
    if not line.class_name or (line.class_name in now.classes and not now.classes[line.class_name].archived):
        return line.class_name
    year_group = class_year(line.class_name)
    if year_group:
        plan.writes.classes[line.class_name] = year_group
        return line.class_name
    told = _("There is no class %(name)s yet; import the children first, then this list again.", name=line.class_name)
    plan.warn(line.row, told)
    return ""


def _compare_manager(member: StaffOfFile, managers: Mapping[str, int], plan: ImportPlan, now: Current) -> None:
    line, found = member.line, member.existing
    if not line.line_manager:
        return
    told = line.line_manager
    manager = managers.get(told) or managers.get(told.lower()) or managers.get(folded(told))
    if manager is None or manager == member.ref:
        if manager:
            fault = _("The line manager “%(name)s” is this person; it was left out.", name=told)
        else:
            fault = _("The line manager “%(name)s” is not in this list; it was left out.", name=told)
        plan.warn(line.row, fault)
        return
    if found is None:
        plan.writes.staff[member.ref]["line_manager_id"] = manager
    elif found.line_manager_id != manager:
        old = now.staff[found.line_manager_id].full_name if found.line_manager_id else ""
        new = now.staff[manager].full_name if manager in now.staff else told
        plan.changes.append(Change(line.row, STAFF, found.person_id, found.full_name, _("Line manager"), old, new))
        plan.writes.staff_changes.setdefault(found.person_id, {})["line_manager_id"] = manager


def _find_leavers(
    members: list[StaffOfFile],
    kept: set[int],
    parsed: Parsed,
    now: Current,
    plan: ImportPlan,
    answers: Mapping[str, str],
    protected: frozenset[int],
) -> None:
    present = {member.ref for member in members} | kept
    slips = {key for unread in parsed.unread for key in unread.keys}
    coded = "staff_code" in parsed.fields
    for member in now.staff.values():
        if member.archived or member.person_id in present:
            continue
        if slips & ({member.code, member.email, folded(f"{member.forename} {member.surname}")} - {""}):
            continue
        if member.person_id in protected:
            plan.warn(0, _("%(name)s is not in this file but is importing it, and stays.", name=member.full_name))
        elif (
            not coded or member.code or plan.not_named(STAFF, member.person_id, member.full_name, member.post, answers)
        ):
            plan.leavers.append(Leaver(member.person_id, STAFF, member.full_name, member.post))
            plan.writes.archived[STAFF].append(member.person_id)
