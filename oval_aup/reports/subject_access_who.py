"""Says of anybody what they are to the person who asks, and their name only where it is the person's own child."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core.db import Base
from oval_aup.core.i18n import _


class Who:
    """One person who asks, and the words for everybody else."""

    def __init__(self, db: Session, person: people.PersonRow) -> None:
        self._db, self.person = db, person
        earlier = people.joined_records(db, person.person_id)
        self.records = (person, *earlier)
        """Every record of this person: their own, and those that were joined to it."""
        self.ids = frozenset(row.person_id for row in self.records)
        self.pseudonyms = frozenset(row.pseudonym for row in self.records)
        link = Base.metadata.tables["guardianship"]
        speaks_for = sa.and_(
            link.c.ended_on.is_(None), link.c.contact_allowed.is_(True), link.c.parental_responsibility != "no"
        )
        linked = sa.select(link.c.child_id, speaks_for.label("speaks")).where(link.c.guardian_id == person.person_id)
        rows = db.execute(linked).all()
        self._linked = {row.child_id for row in rows}
        self.own_children = people.children_by_id(db, [row.child_id for row in rows if row.speaks])
        """Those the person may answer for, by row id."""
        relations = sa.select(link.c.guardian_id, link.c.relationship_name).where(link.c.child_id == person.person_id)
        self._relations = {row.guardian_id: row.relationship_name for row in db.execute(relations)}
        self._known: dict[int, people.PersonRow] = {person.person_id: person}
        self._words = dict.fromkeys(self.pseudonyms, _("this person")) | {"": "", "school": _("the school")}

    def is_own_child(self, pseudonym: str) -> bool:
        """Whether a pseudonym stands for a child of the person's own."""
        return any(child.pseudonym == pseudonym for child in self.own_children.values())

    def prefetch(self, *, ids: Collection[int | None] = (), pseudonyms: Collection[str] = ()) -> None:
        """Read many people at once, so that ``of`` and ``of_pseudonym`` need not read them one by one."""
        unknown = {id_ for id_ in ids if id_ is not None} - set(self._known) - self.ids - set(self.own_children)
        unknown -= self._linked | set(self._relations)
        if unknown:
            self._known |= people.persons_by_id(self._db, unknown)
        if unnamed := set(pseudonyms) - set(self._words):
            found = people.persons_by_pseudonym(self._db, unnamed)
            self._known |= {row.person_id: row for row in found.values()}
            self._words |= {
                name: self.of(found[name].person_id) if name in found else _("somebody else") for name in unnamed
            }

    def of(self, person_id: int | None) -> str:
        """What somebody is to the person; empty for nobody."""
        if person_id is None:
            return ""
        if person_id in self.ids:
            return _("this person")
        if person_id in self.own_children:
            return _("own child: %(name)s", name=self.own_children[person_id].full_name)
        if person_id in self._relations:
            relation = self._relations[person_id]
            return _("a parent or carer (%(relation)s)", relation=relation) if relation else _("a parent or carer")
        if person_id in self._linked:
            return _("a child linked to this person")
        self.prefetch(ids=[person_id])
        return _part(self._known.get(person_id))

    def of_pseudonym(self, pseudonym: str) -> str:
        """The same by what the ledger calls people; empty for the system."""
        if pseudonym not in self._words:
            self.prefetch(pseudonyms=[pseudonym])
        return self._words[pseudonym]


def _part(row: people.PersonRow | None) -> str:
    if row is None:
        return _("somebody else")
    if row.is_child:
        return _("a child")
    return _("a member of staff") if row.is_staff else _("a parent or carer")
