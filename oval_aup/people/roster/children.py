"""Which child of a list is which child of the roster: by UPN or office number; name and birthday only ever propose."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from oval_aup.core import templating
from oval_aup.core.i18n import _, gettext_noop, ngettext
from oval_aup.people.names import folded
from oval_aup.people.roster import values
from oval_aup.people.roster.current import Current, CurrentChild
from oval_aup.people.roster.entries import ChildEntry, FamilyLine, Parsed
from oval_aup.people.roster.plan import CHILD, Change, ImportPlan, Joiner, Leaver, ProposedMatch
from oval_aup.people.roster.values import year_words
from oval_aup.people.years import year_rank

_LABELS = {
    "forename": gettext_noop("Forename"),
    "surname": gettext_noop("Surname"),
    "preferred_forename": gettext_noop("Preferred forename"),
    "born_on": gettext_noop("Date of birth"),
    "upn": gettext_noop("UPN"),
    "mis_id": gettext_noop("Office number"),
    "year_group": gettext_noop("Year group"),
    "class_name": gettext_noop("Class"),
}
WHOLE_CLASS, SEVERAL = 5, 3
"""How many children a class has that cannot be missing by chance, and how many looking wrong make a list look old."""
_NAMES = ("forename", "surname", "preferred_forename")
_IDENTITY = ("upn", "mis_id", "forename", "surname", "born_on")


@dataclass(eq=False, slots=True)
class ChildOfFile:
    """A child as the whole file gives them, over all their rows."""

    entry: ChildEntry
    lines: list[FamilyLine] = field(default_factory=list)
    existing: CurrentChild | None = None
    ref: int = 0
    """Person id, or the negative number that stands for it."""
    doubtful: bool = False
    """Whether a contact of theirs was left out, so that no link may be ended for being missing."""

    @property
    def row(self) -> int:
        return self.lines[0].row

    @property
    def name(self) -> str:
        return f"{self.entry.preferred_forename or self.entry.forename} {self.entry.surname}".strip()

    @property
    def key(self) -> str:
        """What an answer about this child is filed under."""
        entry = self.entry
        if entry.upn:
            return f"upn:{entry.upn}"
        return f"mis:{entry.mis_id}" if entry.mis_id else f"name:{folded(self.name)}:{entry.born_on}"

    @property
    def complete(self) -> bool:
        """Whether everything the file says about the child's contacts could be used."""
        return not self.doubtful and all(line.complete for line in self.lines)


def children_of_file(parsed: Parsed, plan: ImportPlan) -> list[ChildOfFile]:
    """Gather the rows of each child; a row that contradicts an earlier one of the same child is left out."""
    by_key: dict[tuple[str, ...], ChildOfFile] = {}
    by_name: dict[tuple[str, dt.date], list[ChildOfFile]] = defaultdict(list)
    gathered: list[ChildOfFile] = []
    for line in parsed.families:
        entry = line.child
        keys = [(name, value) for name, value in (("upn", entry.upn), ("mis", entry.mis_id)) if value]
        named = by_name[folded(f"{entry.forename} {entry.surname}"), entry.born_on]
        found = list(dict.fromkeys(by_key[key] for key in keys if key in by_key)) if keys else named
        if len(found) > 1:
            plan.error(line.row, _("This row fits two different children of this file."))
            continue
        if found:
            child = found[0]
            if clash := _clash(child.entry, entry):
                told = _(
                    "%(field)s differs from row %(row)s, which is about the same child.",
                    field=_(_LABELS[clash]),
                    row=child.row,
                )
                plan.error(line.row, told)
                child.lines.append(replace(line, contacts=(), complete=False))
                continue
            child.entry = _filled(child.entry, entry)
            child.lines.append(line)
        else:
            child = ChildOfFile(entry, [line])
            gathered.append(child)
            named.append(child)
        for key in keys:
            by_key[key] = child
    return gathered


def _clash(first: ChildEntry, later: ChildEntry) -> str:
    for name in _IDENTITY:
        one, other = getattr(first, name), getattr(later, name)
        if one and other and one != other and (name in {"upn", "mis_id", "born_on"} or folded(one) != folded(other)):
            return name
    return ""


def _filled(first: ChildEntry, later: ChildEntry) -> ChildEntry:
    blanks = {name: getattr(later, name) for name in _LABELS if not getattr(first, name) and getattr(later, name)}
    return replace(first, **blanks) if blanks else first


@dataclass(slots=True)
class KeptChild:
    """Roster children whom this file does not settle, and who therefore stay."""

    children: set[int] = field(default_factory=set)


def identify(
    gathered: list[ChildOfFile], now: Current, plan: ImportPlan, answers: Mapping[str, str]
) -> tuple[list[ChildOfFile], KeptChild]:
    """Find each child on the roster; returns those who can be used and the roster children left undecided."""
    by_upn = {child.upn: child for child in now.children.values() if child.upn}
    by_mis = {child.mis_id: child for child in now.children.values() if child.mis_id}
    kept = KeptChild()
    taken: dict[int, ChildOfFile] = {}
    usable, unfound = [], []
    for child in gathered:
        one, other = by_upn.get(child.entry.upn), by_mis.get(child.entry.mis_id)
        fault = _fault(child, one, other, taken)
        if fault:
            _leave_out(child, plan, fault)
            kept.children.update(found.person_id for found in (one, other) if found)
            continue
        child.existing = one or other
        if child.existing:
            taken[child.existing.person_id] = child
            usable.append(child)
        else:
            unfound.append(child)
    by_name = _by_name(found for found in now.children.values() if found.person_id not in taken)
    for child in unfound:
        if _propose(child, by_name, plan, answers, kept, taken):
            usable.append(child)
    usable.sort(key=lambda child: child.row)
    return usable, kept


def _leave_out(child: ChildOfFile, plan: ImportPlan, sentence: str) -> None:
    for row in sorted({line.row for line in child.lines}):
        plan.error(row, sentence)


def _fault(
    child: ChildOfFile, one: CurrentChild | None, other: CurrentChild | None, taken: Mapping[int, ChildOfFile]
) -> str:
    if one and other and one is not other:
        return _("The UPN is %(one)s’s but the office number is %(other)s’s.", one=one.full_name, other=other.full_name)
    found = one or other
    if found is None:
        return ""
    if found.person_id in taken:
        row = taken[found.person_id].row
        return _(
            "%(name)s is in this file twice, with different numbers; see row %(row)s.",
            name=found.full_name,
            row=row,
        )
    same_day = found.born_on == child.entry.born_on
    shared = {folded(found.forename), folded(found.preferred_forename)} & {
        folded(child.entry.forename),
        folded(child.entry.preferred_forename),
    } - {""}
    same_surname = folded(found.surname) == folded(child.entry.surname) != ""
    one_name = shared and not (found.surname and child.entry.surname)
    if (same_day and (shared or same_surname)) or (shared and same_surname) or one_name:
        return ""
    number = _("UPN") if one else _("office number")
    return _(
        "The %(number)s is %(known)s’s, born %(date)s: too unlike %(name)s to be one child.",
        number=number,
        known=found.full_name,
        date=f"{found.born_on:%d/%m/%Y}",
        name=child.name,
    )


def _by_name(children: Iterable[CurrentChild]) -> dict[tuple[str, dt.date], list[CurrentChild]]:
    found: dict[tuple[str, dt.date], list[CurrentChild]] = defaultdict(list)
    for child in children:
        for forename in {child.forename, child.preferred_forename or child.forename}:
            found[folded(f"{forename} {child.surname}"), child.born_on].append(child)
    return found


def _propose(
    child: ChildOfFile,
    by_name: Mapping[tuple[str, dt.date], list[CurrentChild]],
    plan: ImportPlan,
    answers: Mapping[str, str],
    kept: KeptChild,
    taken: dict[int, ChildOfFile],
) -> bool:
    """Look for the child by name and birthday; whether the child can be used as things stand."""
    entry = child.entry
    names = {
        folded(f"{forename} {entry.surname}") for forename in (entry.forename, entry.preferred_forename) if forename
    }
    alike = {
        found.person_id: found
        for name in names
        for found in by_name.get((name, entry.born_on), ())
        if found.person_id not in taken
    }
    if not alike:
        return True
    found = next(iter(alike.values()))
    described = f"{found.full_name}{', ' + found.class_name if found.class_name else ''}"
    if len(alike) > 1:
        told = _("Several children in our records are called %(name)s and born that day.", name=found.full_name)
        _leave_out(child, plan, told)
        kept.children.update(alike)
        return False
    unnumbered = not (entry.upn or entry.mis_id or found.upn or found.mis_id)
    answer = "same" if unnumbered else answers.get(child.key) or answers.get("*", "")
    if not unnumbered:
        numbers = " ".join(filter(None, (found.upn, found.mis_id))) or _("no number")
        plan.matches.append(
            ProposedMatch(
                child.row, child.key, child.name, entry.born_on.strftime("%d/%m/%Y"), f"{described} ({numbers})", answer
            )
        )
    if answer == "same":
        child.existing = found
        taken[found.person_id] = child
        return True
    if answer == "different":
        return True
    told = _(
        "%(name)s may be %(known)s, who has the same name and birthday:"
        " say whether this is the same child; until then the row is left out.",
        name=child.name,
        known=described,
    )
    _leave_out(child, plan, told)
    kept.children.add(found.person_id)
    return False


def compare_children(usable: list[ChildOfFile], now: Current, plan: ImportPlan) -> None:
    """Note who joins, who returns and what changes."""
    writes = plan.writes
    for child in usable:
        entry = child.entry
        where = _(
            "%(place)s, born %(day)s",
            place=f"{year_words(entry.year_group)}{', ' + entry.class_name if entry.class_name else ''}",
            day=templating.day(entry.born_on),
        )
        if child.existing is None:
            preferred = "" if entry.preferred_forename == entry.forename else entry.preferred_forename
            child.ref = writes.new_person("", entry.forename, entry.surname, preferred)
            writes.children[child.ref] = {
                name: getattr(entry, name) for name in ("mis_id", "upn", "born_on", "year_group", "class_name")
            }
            plan.joiners.append(Joiner(child.row, CHILD, child.name, where))
            continue
        found = child.existing
        child.ref = found.person_id
        if found.archived:
            plan.joiners.append(Joiner(child.row, CHILD, child.name, where, returning=True))
            writes.child_changes.setdefault(found.person_id, {})["archived_on"] = None
        told = _differences(entry, found)
        if entry.forename and not entry.surname and found.surname and "surname" not in told:
            sentence = _(
                "%(name)s has one name only in this file; the surname is kept.",
                name=found.full_name,
            )
            plan.warn(child.row, sentence)
        for name, new in told.items():
            old, label = getattr(found, name), _LABELS[name]
            plan.changes.append(
                Change(child.row, CHILD, found.person_id, found.full_name, _(label), _shown(old), _shown(new))
            )
            target = writes.person_changes if name in _NAMES else writes.child_changes
            target.setdefault(found.person_id, {})[name] = new
    _compare_classes(usable, now, plan)


def _differences(entry: ChildEntry, found: CurrentChild) -> dict[str, object]:
    """What the file says otherwise than the roster, in the order of the labels; blank cells change nothing."""
    told: dict[str, object] = {}
    for name in _LABELS:
        old, new = getattr(found, name), getattr(entry, name)
        if name not in {"forename", "surname"} and new and old != new:
            told[name] = new
    told |= values.renamed((found.forename, found.surname), (entry.forename, entry.surname))
    if entry.preferred_forename == entry.forename:
        told.pop("preferred_forename", None)
        if found.preferred_forename and entry.forename:
            told["preferred_forename"] = ""
    return {name: told[name] for name in _LABELS if name in told}


def _shown(value: object) -> str:
    return value.strftime("%d/%m/%Y") if isinstance(value, dt.date) else str(value)


def _compare_classes(usable: list[ChildOfFile], now: Current, plan: ImportPlan) -> None:
    years: dict[str, Counter[str]] = defaultdict(Counter)
    for child in usable:
        if child.entry.class_name:
            years[child.entry.class_name][child.entry.year_group] += 1
    for name, counted in years.items():
        year_group = max(counted, key=lambda group: (counted[group], group))
        found = now.classes.get(name)
        if found is None or found.archived or (found.year_group != year_group and not plan.partial):
            plan.writes.classes[name] = year_group
    if plan.partial:
        return
    settled = {child.existing.person_id for child in usable if child.existing}
    settled |= {leaver.person_id for leaver in plan.leavers}
    elsewhere = (found for found in now.children.values() if not found.archived and found.person_id not in settled)
    used = set(years) | {found.class_name for found in elsewhere}
    plan.writes.closed_classes = sorted(
        found.name for found in now.classes.values() if not found.archived and found.name not in used
    )


def doubt_slips(usable: list[ChildOfFile], parsed: Parsed) -> None:
    """A row left out may have named a contact of a child whose other rows could be used: no contact of theirs ends."""
    slips = {key for unread in parsed.unread for key in unread.keys}
    for child in usable:
        entry, known = child.entry, child.existing
        keys = {entry.upn, entry.mis_id, folded(f"{entry.forename} {entry.surname}"), folded(child.name)}
        if known:
            keys |= {known.upn, known.mis_id, folded(f"{known.forename} {known.surname}"), folded(known.full_name)}
        if slips & (keys - {""}):
            child.doubtful = True


def find_leavers(
    usable: list[ChildOfFile],
    kept: KeptChild,
    parsed: Parsed,
    now: Current,
    plan: ImportPlan,
    answers: Mapping[str, str],
) -> None:
    """Note the children on roll whom a whole-school list no longer names; a slip in a cell makes nobody a leaver.

    Of a child without a number the office says whether they left: ``answers`` maps ``gone:<person id>`` to ``left``.
    """
    present = {child.existing.person_id for child in usable if child.existing} | kept.children
    slips = {key for unread in parsed.unread for key in unread.keys}
    numbered = bool({"child_upn", "child_mis_id"} & parsed.fields)
    gone_by_class: Counter[str] = Counter()
    years = {child.class_name: child.year_group for child in now.children.values() if not child.archived}
    for child in now.children.values():
        if child.archived or child.person_id in present:
            continue
        if slips & {child.upn, child.mis_id, folded(f"{child.forename} {child.surname}"), folded(child.full_name)} - {
            ""
        }:
            continue
        unnumbered = numbered and not (child.upn or child.mis_id)
        if unnumbered and not plan.not_named(CHILD, child.person_id, child.full_name, child.class_name, answers):
            continue
        gone_by_class[child.class_name] += 1
        plan.leavers.append(Leaver(child.person_id, CHILD, child.full_name, child.class_name))
        plan.writes.archived[CHILD].append(child.person_id)
    named = {child.entry.class_name for child in usable}
    for class_name, count in sorted(gone_by_class.items()):
        if class_name and class_name not in named and count > 1:
            told = _(
                "Nobody of class %(name)s is in this file; if the file is only part of the school, tick that.",
                name=class_name,
            )
            plan.warn(0, told)
            if count >= WHOLE_CLASS and years[class_name] != "6":
                plan.guards.append(told)


def doubt_old_list(usable: list[ChildOfFile], plan: ImportPlan) -> None:
    """A list that moves many children down a year, or brings many leavers back, looks older than the roster."""
    known = [(child.entry, child.existing) for child in usable if child.existing]
    down = sum(
        year_rank(entry.year_group) < year_rank(found.year_group) for entry, found in known if not found.archived
    )
    if down >= SEVERAL and 5 * down > len(known):
        told = ngettext(
            "%(children)s child would move down to a lower year: this list looks older than the one you imported last.",
            "%(children)s children would move down to a lower year:"
            " this list looks older than the one you imported last.",
            down,
            children=down,
        )
        plan.guards.append(told)
    back = sum(found.archived for _entry, found in known)
    if back >= SEVERAL:
        told = ngettext(
            "%(children)s child who left would come back: check that this is not an old list.",
            "%(children)s children who left would come back: check that this is not an old list.",
            back,
            children=back,
        )
        plan.guards.append(told)
