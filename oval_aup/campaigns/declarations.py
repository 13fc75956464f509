"""A likely parent says whether they have parental responsibility for each child: an act of its own while signing.

It counts from that moment, and the office confirms it or says otherwise. Where somebody says that they have none, they
are not asked about pictures of the child any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.core.i18n import _, languages, use_language

if TYPE_CHECKING:
    from oval_aup.campaigns.family import Family, FamilyChild

SAID = {"yes": "declared", "no": "denied"}


@dataclass(frozen=True, slots=True)
class Declarations:
    """What one guardian says about several children, on its way into the ledger and then onto the lists."""

    guardian_id: int
    said: Mapping[int, str]
    """Child to ``declared`` or ``denied``."""
    entries: tuple[evidence.NewEntry, ...]

    def keep(self, db: Session) -> None:
        """Let it count, now that the ledger has it."""
        if self.said:
            people.keep_declarations(db, self.guardian_id, self.said)


def declarations(
    family: Family,
    answers: Mapping[str, str],
    *,
    key: str,
    extra: Mapping[str, Any] | None = None,
    recorded_by: str = "",
) -> Declarations:
    """What ``answers`` (child's public id to ``yes`` or ``no``) say for the children who wait for it, and no others.

    ``key`` names the act of which they are part; ``extra`` joins the erasable details of each.
    """
    waiting = [each for each in family.undeclared if answers.get(each.child.public_id) in SAID]
    return Declarations(
        family.guardian.person_id,
        {each.child.person_id: SAID[answers[each.child.public_id]] for each in waiting},
        tuple(_entries(family, waiting, answers, key=key, extra=extra or {}, recorded_by=recorded_by)),
    )


def _entries(
    family: Family,
    waiting: Iterable[FamilyChild],
    answers: Mapping[str, str],
    *,
    key: str,
    extra: Mapping[str, Any],
    recorded_by: str,
) -> Iterable[evidence.NewEntry]:
    guardian = family.guardian
    for each in waiting:
        answer = answers[each.child.public_id]
        act = {"school_year": family.school_year, "guardian": guardian.pseudonym, "answer": answer}
        if recorded_by:
            act["recorded_by"] = recorded_by
        details: dict[str, Any] = dict(extra) | {
            "signer_name": guardian.full_name,
            "child_name": each.child.full_name,
            "relationship": each.link.relationship_name,
            "declarations": {question(each.child.forename, guardian.language): answer},
        }
        yield evidence.NewEntry(
            "responsibility_declared",
            each.child.pseudonym,
            act,
            f"responsibility:{key}:{each.child.public_id}",
            details=details,
        )


def question(forename: str, language: str) -> str:
    """The question as the guardian was asked it."""
    with use_language(languages(language)):
        return _("Do you have parental responsibility for %(name)s?", name=forename)
