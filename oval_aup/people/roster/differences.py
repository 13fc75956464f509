"""What a list has changed about whom, for the ledger: the roster as it was held against the roster as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from oval_aup.people.changes import LIST, Changes, DetailsChange, LinkChange
from oval_aup.people.relationships import is_likely_parent
from oval_aup.people.roster.current import Current, CurrentLink

_WATCHED = {"title", "forename", "surname", "preferred_forename", "born_on", "year_group", "class_name"}
_WATCHED |= {"email", "mobile", "language", "post", "staff_group", "archived"}
"""What decides how somebody is called, reached or let in, and who sees them; numbers of other systems do not."""


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    before: Mapping[int, Any]
    after: Mapping[int, Any]


def differences(before: Current, after: Current, *, key: str) -> tuple[Changes, frozenset[int]]:
    """The changes with row ids in place of pseudonyms, and everybody they name; ``named`` puts the pseudonyms in."""
    changes = Changes(how=LIST, key=key)
    details: dict[int, dict[str, tuple[str, str]]] = {}
    for part in (
        _Part("child", before.children, after.children),
        _Part("guardian", before.guardians, after.guardians),
        _Part("staff", before.staff, after.staff),
    ):
        for person_id, now in part.after.items():
            then = part.before.get(person_id)
            if now.archived and (then is None or then.archived):
                continue
            if now.archived:
                changes.left.append((str(person_id), part.name))
            elif then is None or then.archived:
                changes.joined.append((str(person_id), part.name))
            if then is not None:
                found = {name: values for name, values in _differing(then, now) if name != "archived"}
                details.setdefault(person_id, {}).update(found)
    changes.details = [DetailsChange(str(id_), found) for id_, found in details.items() if found]
    for (child_id, guardian_id), link in after.links.items():
        changed = dict(_link(before.links.get((child_id, guardian_id)), link))
        if changed:
            changes.links.append(LinkChange(str(child_id), str(guardian_id), changed))
    return changes, frozenset(_named(changes))


def with_pseudonyms(changes: Changes, pseudonyms: Mapping[int, str]) -> Changes:
    """The same changes as the ledger names people."""
    return Changes(
        how=changes.how,
        key=changes.key,
        joined=[(pseudonyms[int(id_)], part) for id_, part in changes.joined],
        left=[(pseudonyms[int(id_)], part) for id_, part in changes.left],
        links=[
            LinkChange(pseudonyms[int(each.child)], pseudonyms[int(each.guardian)], each.changed)
            for each in changes.links
        ],
        details=[DetailsChange(pseudonyms[int(each.person)], each.changed) for each in changes.details],
    )


def _named(changes: Changes) -> Iterable[int]:
    yield from (int(id_) for id_, _part in (*changes.joined, *changes.left))
    yield from (int(each.person) for each in changes.details)
    for link in changes.links:
        yield from (int(link.child), int(link.guardian))


def _differing(then: Any, now: Any) -> Iterable[tuple[str, tuple[str, str]]]:
    for each in fields(now):
        old, new = getattr(then, each.name), getattr(now, each.name)
        if each.name in _WATCHED and old != new:
            yield each.name, ("" if old is None else str(old), "" if new is None else str(new))


def _link(then: CurrentLink | None, now: CurrentLink) -> Iterable[tuple[str, tuple[Any, Any]]]:
    for name in ("parental_responsibility", "contact_allowed", "lives_with", "ended"):
        old, new = getattr(then, name, None), getattr(now, name)
        if old != new:
            yield name, (old, new)
    likely_then = is_likely_parent(then.relationship_name) if then else None
    likely = is_likely_parent(now.relationship_name)
    if likely_then != likely:
        yield "likely_parent", (likely_then, likely)
