"""One guardian's visit for all their children: which pages it has, which of them are done, and what was kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, signing
from oval_aup.campaigns.draft import PAGES, Draft
from oval_aup.campaigns.family import RULES, USES, Family, FamilyChild, family
from oval_aup.campaigns.obligations import CHILDREN
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _


@dataclass(frozen=True, slots=True)
class FamilyVisit:
    """A signing session with everything its pages need: the family, the wordings in force and the answers so far."""

    signing_session: signing.SigningSessionRow
    family: Family
    rules: agreements.Wording
    uses: agreements.Wording
    children_rules: agreements.Wording
    draft: Draft
    confirmed: str = ""
    """While it is signed: what the record says of the typed name, as ``_check_name`` finds it."""

    @property
    def wants_rules(self) -> bool:
        """Whether the parents' rules are a page of this visit: they wait, or a refusal is thought over."""
        return self.family.wants_rules or (self.draft.reconsiders and self.family.has_refused)

    @property
    def younger(self) -> tuple[FamilyChild, ...]:
        """The children whose rules are a page of this visit: they wait, or a refusal is thought over."""
        thought_over = self.family.refused_for if self.draft.reconsiders else ()
        return tuple(each for each in (*self.family.younger, *thought_over) if not self._denies(each))

    @property
    def choosing(self) -> tuple[FamilyChild, ...]:
        """The children whose pictures this visit asks about: not those for whom they say they are not responsible."""
        return tuple(each for each in self.family.choosing if not self._denies(each))

    def _denies(self, each: FamilyChild) -> bool:
        return each.link.must_declare and self.draft.responsibility.get(each.child.public_id) == "no"

    @property
    def answers_nothing_else(self) -> bool:
        """Whether every page of this signing session so far says that they do not agree."""
        return all(self.is_done(step) and self.draft.declines(step) for step in self.steps[:-1])

    @property
    def steps(self) -> tuple[str, ...]:
        """The pages in order: ``responsibility``, ``rules``, one ``pictures/<child>`` each, ``younger``, ``check``."""
        found = ["responsibility"] if self.family.undeclared else []
        found += ["rules"] if self.wants_rules else []
        found += [f"pictures/{each.child.public_id}" for each in self.choosing]
        found += ["younger"] if self.younger else []
        return (*found, "check")

    def is_done(self, step: str) -> bool:
        """Whether a page was answered, to the words now in force."""
        if step == "responsibility":
            return all(each.child.public_id in self.draft.responsibility for each in self.family.undeclared)
        if step == "rules":
            return self.draft.rules_sha256 == self.rules.text_sha256
        if step == "younger":
            return self.draft.younger_sha256 == self.children_rules.text_sha256
        if step.startswith("pictures/"):
            answered = self.draft.pictures if self.draft.pictures_sha256 == self.uses.text_sha256 else {}
            each = self.child(step.removeprefix("pictures/"))
            return each is not None and set(each.unanswered) == set(answered.get(each.child.public_id, ()))
        return False

    @property
    def next_step(self) -> str:
        """The first page that has not been answered; ``check`` when all have."""
        return next(step for step in self.steps if not self.is_done(step))

    def child(self, public_id: str) -> FamilyChild | None:
        """One of the children asked about in this signing session."""
        return next((each for each in self.choosing if each.child.public_id == public_id), None)


def begin_for_family(
    db: Session, guardian_id: int, school_year: int, *, language: str, actor: Actor
) -> signing.SigningSessionRow:
    """Start, or go on with, a guardian's signing session; raises Conflict where nothing is owed."""
    mine = family(db, guardian_id, school_year)
    if not mine.owes_anything:
        raise Conflict(_("You’ve answered everything for this school year."))
    return _begin(db, mine, language, actor)


def begin_family_visit(db: Session, guardian_id: int, school_year: int, *, actor: Actor) -> FamilyVisit:
    """``begin_for_family`` in the guardian's own language, with everything the first page needs."""
    mine = family(db, guardian_id, school_year)
    if not mine.owes_anything:
        raise Conflict(_("You’ve answered everything for this school year."))
    return _family_visit(db, _begin(db, mine, mine.guardian.language, actor), mine)


def _begin(db: Session, mine: Family, language: str, actor: Actor) -> signing.SigningSessionRow:
    return signing.begin(
        db,
        mine.guardian.person_id,
        mine.school_year,
        language,
        pages=PAGES,
        agreement_keys=(RULES,),
        actor=actor,
    )


def reconsider_rules(
    db: Session, guardian_id: int, school_year: int, *, language: str, actor: Actor
) -> signing.SigningSessionRow:
    """Ask once more for the rules a guardian said no to; the no stands until they sign. Conflict where it does not."""
    mine = family(db, guardian_id, school_year)
    if not (mine.has_refused or mine.refused_for):
        raise Conflict(_("You’ve answered everything for this school year."))
    found = _begin(db, mine, language, actor)
    signing.save_draft(db, found.public_id, Draft.read(found.draft).reconsidering(True).kept())
    return signing.signing_session(db, found.public_id)


def signing_session_of_family(
    db: Session, guardian_id: int, school_year: int, *, hold: bool = False
) -> signing.SigningSessionRow | None:
    """Their newest signing session of this school year, open or over; ``hold`` as in ``signing.signing_session``."""
    return signing.latest_signing_session(db, guardian_id, school_year, pages=PAGES, hold=hold)


def unfinished(db: Session, guardian_id: int, school_year: int) -> tuple[str, ...]:
    """What a guardian has still to answer, by kind of page: ``rules``, ``pictures``, ``younger``, and last ``sign``.

    Empty where nothing waits for them.
    """
    mine = family(db, guardian_id, school_year)
    signing_session = signing_session_of_family(db, guardian_id, school_year)
    if signing_session is not None and signing_session.status == "reading":
        visit = _family_visit(db, signing_session, mine)
        steps = [step for step in visit.steps[:-1] if not visit.is_done(step)]
        waits = len(visit.steps) > 1
    else:
        steps = ["rules"] * mine.wants_rules + ["pictures"] * bool(mine.choosing) + ["younger"] * bool(mine.younger)
        waits = mine.owes_anything
    return (*dict.fromkeys(step.partition("/")[0] for step in steps), "sign") if waits else ()


def family_visit(db: Session, signing_session: signing.SigningSessionRow) -> FamilyVisit:
    """Everything the pages of a signing session need."""
    return _family_visit(db, signing_session, family(db, signing_session.person_id, signing_session.school_year))


def _family_visit(db: Session, signing_session: signing.SigningSessionRow, mine: Family) -> FamilyVisit:
    return FamilyVisit(
        signing_session=signing_session,
        family=mine,
        rules=agreements.current(db, RULES, language=signing_session.language),
        uses=agreements.current(db, USES, language=signing_session.language),
        children_rules=agreements.current(db, CHILDREN, language=signing_session.language, reading_level="younger"),
        draft=Draft.read(signing_session.draft).only({each.child.public_id: each.unanswered for each in mine.choosing}),
    )
