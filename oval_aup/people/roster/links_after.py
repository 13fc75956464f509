"""How adults would stand to children once a plan is carried out: what differs, and of whom nobody has said enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oval_aup.people.relationships import is_likely_parent
from oval_aup.people.roster.current import Current
from oval_aup.people.roster.plan import ImportPlan, LinkAfter
from oval_aup.people.rows import GuardianshipRow


@dataclass(frozen=True, slots=True)
class Untold:
    """How many links of one relationship say nothing of parental responsibility."""

    relationship_name: str
    number: int
    likely: bool
    """Whether these people are asked, and say it themselves while signing; the others wait for the office."""


def links_after(now: Current, plan: ImportPlan) -> Iterator[LinkAfter]:
    """Every link of the children who are on roll afterwards."""
    writes = plan.writes
    gone = {leaver.person_id for leaver in plan.leavers}
    ended = set(writes.ended_links)
    back = {ref for ref, values in writes.child_changes.items() if "archived_on" in values}
    for link in now.links.values():
        child = now.children[link.child_id]
        if link.child_id in gone or (child.archived and link.child_id not in back):
            continue
        new = writes.link_changes.get(link.id, {})
        after = LinkAfter(
            link.child_id,
            link.guardian_id,
            str(new.get("relationship_name", link.relationship_name)),
            str(new.get("parental_responsibility", link.parental_responsibility)),
            bool(new.get("contact_allowed", link.contact_allowed)),
            link.id in ended or (link.ended and "ended_on" not in new),
            changed=bool(new) or link.id in ended,
        )
        if not (link.ended and after.ended):
            yield after
    for (child_id, guardian_id), values in writes.links.items():
        yield LinkAfter(
            child_id,
            guardian_id,
            str(values["relationship_name"]),
            str(values["parental_responsibility"]),
            bool(values["contact_allowed"]),
            ended=False,
            changed=True,
        )


def untold(links: Iterable[LinkAfter]) -> tuple[Untold, ...]:
    """Of whom it is not told whether they have parental responsibility, by relationship, those who wait first."""
    return _counted(
        link.relationship_name
        for link in links
        if link.parental_responsibility == "unknown" and link.contact_allowed and not link.ended
    )


def untold_now(links: Iterable[GuardianshipRow]) -> tuple[Untold, ...]:
    """The same of links that are current."""
    return _counted(
        link.relationship_name for link in links if link.contact_allowed and link.parental_responsibility == "unknown"
    )


def _counted(relationships: Iterable[str]) -> tuple[Untold, ...]:
    found = Counter(relationships)
    rows = (Untold(name, number, is_likely_parent(name)) for name, number in found.items())
    return tuple(sorted(rows, key=lambda row: (row.likely, -row.number, row.relationship_name)))
