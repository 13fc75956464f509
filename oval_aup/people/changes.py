"""Enters in the ledger what changes who may sign, see, be written to or choose: by hand, or by a list.

``joined`` and ``left`` are about anybody on the lists, ``details_changed`` about names and addresses, ``link_changed``
about how a guardian stands to a child: its subject is the child, and its act names the guardian, so that it stands in
the story of both; which word a list has for it is not kept here, only whether it is that of a likely parent. What
somebody is called or where they are reached is among the erasable details.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id

OFFICE, LIST = "office", "list"
"""By which way: by hand, or with a list."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """One guardian and one child, as pseudonyms, and what is different: column to old and new value."""

    child: str
    guardian: str
    changed: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class DetailsChange:
    """One person, as pseudonym, and what is different about them: field to old and new value."""

    person: str
    changed: Mapping[str, tuple[str, str]]


@dataclass(slots=True)
class Changes:
    """Everything one act or one list changed, on its way into the ledger."""

    how: str = OFFICE
    key: str = field(default_factory=new_public_id)
    """Names the act; the entries of a list bear the import's."""
    joined: list[tuple[str, str]] = field(default_factory=list)
    """Pseudonym and part: child, guardian or staff."""
    left: list[tuple[str, str]] = field(default_factory=list)
    links: list[LinkChange] = field(default_factory=list)
    details: list[DetailsChange] = field(default_factory=list)

    def enter(self, db: Session, *, actor: Actor) -> tuple[evidence.EntryRow, ...]:
        """Append an entry for each."""
        entries = list(self._entries())
        return evidence.append_all(db, entries, actor=actor) if entries else ()

    def _entries(self) -> Iterable[evidence.NewEntry]:
        for kind, people in (("joined", self.joined), ("left", self.left)):
            for pseudonym, part in people:
                key = f"{kind}:{self.key}:{pseudonym}:{part}"
                yield evidence.NewEntry(kind, pseudonym, {"how": self.how, "part": part}, key)
        for link in self.links:
            act: dict[str, Any] = {"how": self.how, "guardian": link.guardian}
            act |= {"changed": {name: [_told(each) for each in values] for name, values in link.changed.items()}}
            key = f"link:{self.key}:{link.child}:{link.guardian}"
            yield evidence.NewEntry("link_changed", link.child, act, key)
        for each in self.details:
            personal = {
                "old": {name: old for name, (old, _new) in each.changed.items()},
                "new": {name: new for name, (_old, new) in each.changed.items()},
            }
            key = f"details:{self.key}:{each.person}"
            facts = {"how": self.how, "fields": sorted(each.changed)}
            yield evidence.NewEntry("details_changed", each.person, facts, key, details=personal)


def _told(value: Any) -> str:
    """A value as an act holds it: nothing at all where there was no link, or nobody knew."""
    return (
        {None: "", True: "yes", False: "no"}.get(value, "") if value is None or isinstance(value, bool) else str(value)
    )
