"""Says of anybody what they are to the person who asks, and their name only where it is the person's own child."""

from __future__ import annotations

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
        self.ids = frozenset({person.person_id, *(row.person_id for row in earlier)})
        """Of every record of this person: their own, and those that were joined to it."""
        self.pseudonyms = frozenset({person.pseudonym, *(row.pseudonym for row in earlier)})
        link = Base.metadata.tables["guardianship"]
        speaks_for = sa.and_(
            link.c.guardian_id == person.person_id,
            link.c.ended_on.is_(None),
            link.c.contact_allowed.is_(True),
            link.c.parental_responsibility != "no",
        )
        ids = db.scalars(sa.select(link.c.child_id).where(speaks_for)).all()
        self.own_children = people.children_by_id(db, ids)
        """Those the person may answer for, by row id."""
        relations = sa.select(link.c.guardian_id, link.c.relationship_name).where(link.c.child_id == person.person_id)
        self._relations = {row.guardian_id: row.relationship_name for row in db.execute(relations)}
        self._linked = set(db.scalars(sa.select(link.c.child_id).where(link.c.guardian_id == person.person_id)))
        self._known: dict[int, people.PersonRow] = {person.person_id: person}
        self._words = dict.fromkeys(self.pseudonyms, _("this person")) | {"": "", "school": _("the school")}

    def is_own_child(self, pseudonym: str) -> bool:
        """Whether a pseudonym stands for a child of the person's own."""
        return any(child.pseudonym == pseudonym for child in self.own_children.values())

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
        if person_id not in self._known:
            self._known |= people.persons_by_id(self._db, [person_id])
        return _part(self._known.get(person_id))

    def of_pseudonym(self, pseudonym: str) -> str:
        """The same by what the ledger calls people; empty for the system."""
        if pseudonym not in self._words:
            row = people.persons_by_pseudonym(self._db, [pseudonym]).get(pseudonym)
            if row is not None:
                self._known[row.person_id] = row
            self._words[pseudonym] = self.of(row.person_id) if row else _("somebody else")
        return self._words[pseudonym]


def _part(row: people.PersonRow | None) -> str:
    if row is None:
        return _("somebody else")
    if row.is_child:
        return _("a child")
    return _("a member of staff") if row.is_staff else _("a parent or carer")
