"""What a person owes the school this year: one rule over facts, without a look at the database.

Whoever asks, reminds, lists or shows pages goes by it: ``owed`` for everybody at once, ``family`` for one guardian. The
office's list of what is outstanding is its mirror in SQL (``reports.outstanding``), and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from oval_aup import agreements, consent, people, signing

PARENTS, CHILDREN = "parents", "children"
STAFF = frozenset(agreements.signed_by("staff"))
"""What staff sign."""
PICTURES = consent.AGREEMENT
RESPONSIBILITY = "responsibility"
"""That a likely parent says whether they have parental responsibility, which nobody has said yet."""


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """One child as a guardian stands to them: the child's own requests, and the uses of pictures they answered."""

    link: people.GuardianshipRow
    requests: tuple[signing.RequestRow, ...] = ()
    answered: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of one person in a school year."""

    requests: tuple[signing.RequestRow, ...]
    """Their own, of whatever status."""
    children: tuple[ChildFacts, ...] = ()
    asked_uses: tuple[str, ...] = ()
    """The uses of pictures that need a yes; empty where nobody is asked about pictures."""
    address: str = ""
    bounces: bool = False
    """Whether mail does not reach the address."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing that is still to be said; a refusal is an answer, and is told by ``why``."""

    what: str
    """The key of an agreement, ``PICTURES`` or ``RESPONSIBILITY``."""
    why: str
    """A key of ``document_labels.WHYS``: how far it is, or what hinders it."""
    way: str = "self"
    """``self``; ``guardian`` for a young child; ``class`` for a child who signs in class."""
    child: people.ChildRow | None = None
    """On whose behalf, or about whom."""
    request: signing.RequestRow | None = None
    uses: tuple[str, ...] = ()
    """With ``PICTURES``, the uses that have not been answered."""

    @property
    def is_open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.why != "declined"


def obligations(facts: PersonFacts) -> tuple[Obligation, ...]:
    """Everything a person owes: for themselves, and for the children for whose sake they are asked."""
    found = [_of_request(row, facts) for row in facts.requests if _counts(row, facts)]
    for child in facts.children:
        if child.link.is_asked:
            found += [
                _of_request(row, facts, child.link.child)
                for row in child.requests
                if row.way == "guardian" and row.is_outstanding
            ]
        missing = tuple(use for use in facts.asked_uses if use not in child.answered)
        if child.link.may_choose and missing:
            why = why_of_choices(_own(facts, PARENTS), facts)
            found.append(Obligation(PICTURES, why, child=child.link.child, uses=missing))
        if child.link.must_declare:
            found.append(Obligation(RESPONSIBILITY, "asked", child=child.link.child))
    return tuple(found)


def to_be_reminded(owed: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Of what somebody owes, what they may be reminded of: nothing of the family’s once they declined its rules.

    That a responsibility is undeclared is no reason to write: they are asked when they come.
    """
    rows = tuple(owed)
    refused = any(row.what == PARENTS and not row.is_open for row in rows)
    return tuple(
        row
        for row in rows
        if row.is_open and row.what != RESPONSIBILITY and not (refused and row.what in (PARENTS, CHILDREN, PICTURES))
    )


def why_of(row: signing.RequestRow, facts: PersonFacts) -> str:
    """How far a request is, or what hinders it; ``facts`` are those of the person whose request it is."""
    if row.status in ("declined", "started"):
        return row.status
    if row.way == "class":
        return "in-class"
    if row.way == "self" and (hindrance := _hindrance(facts)):
        return hindrance
    return "not-asked" if row.asked_at is None else "asked"


def why_of_choices(own: signing.RequestRow | None, facts: PersonFacts) -> str:
    """The same of choices about pictures, which are asked for with the parents' rules."""
    return _hindrance(facts) or ("not-asked" if own is None or own.asked_at is None else "asked")


def _of_request(row: signing.RequestRow, facts: PersonFacts, child: people.ChildRow | None = None) -> Obligation:
    return Obligation(row.agreement_key, why_of(row, facts), row.way, child, row)


def _counts(row: signing.RequestRow, facts: PersonFacts) -> bool:
    """A guardian's own rules are asked for the sake of a child: not once the last has left, or they are barred."""
    if row.status not in ("open", "started", "declined"):
        return False
    return row.agreement_key != PARENTS or any(child.link.is_asked for child in facts.children)


def _own(facts: PersonFacts, key: str) -> signing.RequestRow | None:
    return next((row for row in facts.requests if row.agreement_key == key), None)


def _hindrance(facts: PersonFacts) -> str:
    if not facts.address:
        return "no-address"
    return "bounced" if facts.bounces else ""
