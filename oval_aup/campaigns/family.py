"""One guardian's family in a school year: their children, what each page would ask, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import consent, people, signing
from oval_aup.campaigns.obligations import (
    CHILDREN,
    PARENTS,
    PICTURES,
    RESPONSIBILITY,
    ChildFacts,
    Obligation,
    PersonFacts,
    obligations,
)

RULES, USES = PARENTS, PICTURES


@dataclass(frozen=True, slots=True)
class FamilyChild:
    """One child as this guardian stands to them, with the guardian's own answers about pictures."""

    link: people.GuardianshipRow
    request: signing.RequestRow | None
    answers: Mapping[str, str]
    asked: tuple[str, ...]
    """The uses of pictures that need a yes today."""
    unanswered: tuple[str, ...] = ()
    """The uses they have not answered: all of them at first, later only one that was added during the year."""
    refused: bool = False
    """Whether this guardian declined the younger children's rules for the child, and that answer stands."""

    @property
    def child(self) -> people.ChildRow:
        """The child."""
        return self.link.child

    @property
    def wants_choices(self) -> bool:
        """Whether this guardian is still to be asked about pictures of the child."""
        return bool(self.unanswered)


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian, the children they may be written to about, and how far they have come this school year."""

    guardian: people.GuardianRow
    school_year: int
    request: signing.RequestRow | None
    """Their own request for the parents' rules."""
    children: tuple[FamilyChild, ...]
    owed: tuple[Obligation, ...] = ()
    other_requests: tuple[signing.RequestRow, ...] = ()
    """What else is, or was, asked of them: the staff rules, where they work here."""

    @property
    def wants_rules(self) -> bool:
        """Whether the parents' rules wait for an answer."""
        return any(each.what == RULES and each.is_open for each in self.owed)

    @property
    def has_children(self) -> bool:
        """Whether there is a child for whose sake they are asked; not so once the last has left, or they are barred."""
        return any(each.link.is_asked for each in self.children)

    @property
    def has_refused(self) -> bool:
        """Whether they said no to the parents' rules, which they may take back by signing."""
        return any(each.what == RULES and not each.is_open for each in self.owed)

    @property
    def refused_for(self) -> tuple[FamilyChild, ...]:
        """The children for whom they declined the younger children's rules, which they may take back by signing."""
        return tuple(each for each in self.children if each.refused)

    @property
    def choosing(self) -> tuple[FamilyChild, ...]:
        """The children about whose pictures they are still to be asked."""
        return tuple(each for each in self.children if each.wants_choices)

    @property
    def undeclared(self) -> tuple[FamilyChild, ...]:
        """The children of whom nobody has said yet whether this guardian has parental responsibility."""
        return self._about(RESPONSIBILITY)

    @property
    def younger(self) -> tuple[FamilyChild, ...]:
        """The children for whom they are still to accept the children's rules."""
        return self._about(CHILDREN)

    @property
    def owes_anything(self) -> bool:
        """Whether there is a reason to sit down."""
        return any(each.what in (RULES, CHILDREN, USES, RESPONSIBILITY) and each.is_open for each in self.owed)

    def _about(self, what: str) -> tuple[FamilyChild, ...]:
        ids = {each.child.person_id for each in self.owed if each.what == what and each.child is not None}
        return tuple(each for each in self.children if each.child.person_id in ids)


def family(db: Session, guardian_id: int, school_year: int) -> Family:
    """One guardian's family as of now; raises NotFound for somebody who is not a guardian."""
    links = people.children_of(db, guardian_id)
    guardian = links[0].guardian if links else people.guardian(db, guardian_id)
    rows = signing.standing_of(db, (guardian_id, *(link.child.person_id for link in links)), school_year)
    answers = consent.answers_of_guardian(db, guardian_id, school_year)
    asked = tuple(use.key for use in consent.asked_purposes(db))
    own = rows.get(guardian_id, ())
    refused = _refused_by(db, guardian_id, rows, school_year)
    children = tuple(
        ChildFacts(link, rows.get(link.child.person_id, ()), answers.get(link.child.person_id, {}).keys())
        for link in links
    )
    owed = obligations(PersonFacts(own, children, asked, guardian.email))
    unanswered = {each.child.person_id: each.uses for each in owed if each.what == USES and each.child is not None}
    return Family(
        guardian=guardian,
        school_year=school_year,
        request=_request(own, RULES),
        owed=owed,
        other_requests=tuple(row for row in own if row.agreement_key != RULES),
        children=tuple(
            FamilyChild(
                link=link,
                request=_request(rows.get(link.child.person_id, ()), CHILDREN),
                answers=answers.get(link.child.person_id, {}),
                asked=asked,
                unanswered=unanswered.get(link.child.person_id, ()),
                refused=link.is_asked and link.child.person_id in refused,
            )
            for link in links
        ),
    )


def _refused_by(
    db: Session, guardian_id: int, rows: Mapping[int, tuple[signing.RequestRow, ...]], school_year: int
) -> frozenset[int]:
    """The children whose younger rules this guardian declined; another adult's refusal is not shown to them."""
    declined = [
        person_id
        for person_id, own in rows.items()
        if any(row.way == "guardian" and row.status == "declined" for row in own)
    ]
    marks = signing.signatures_for(db, declined, school_year) if declined else {}
    last = {
        person_id: [row for row in made if row.outcome == "declined" and row.stands][-1:]
        for person_id, made in marks.items()
    }
    return frozenset(person_id for person_id, made in last.items() if any(r.signed_by_id == guardian_id for r in made))


def _request(rows: tuple[signing.RequestRow, ...], agreement_key: str) -> signing.RequestRow | None:
    return next((row for row in rows if row.agreement_key == agreement_key), None)


def not_in_use(db: Session, mine: Family) -> dict[int, frozenset[str]]:
    """Child's person id to the uses for which the school does not use pictures today.

    Whether another adult, the school or nobody's answer is the reason makes no difference here: a guardian is shown
    their own answer and whether pictures are used, never why.
    """
    children = [each.child.person_id for each in mine.children if each.link.may_choose]
    found = consent.permissions(db, children, mine.school_year) if children else {}
    return {
        child_id: frozenset(key for key, each in uses.items() if not each.allowed) for child_id, uses in found.items()
    }
