"""What a family has answered so far in a signing session, kept between pages as plain JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oval_aup.core.canonical import canonical

PAGES = "family"


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers in waiting; every hash is that of the wording the page showed."""

    rules_sha256: str = ""
    """Set once the parents' rules were read and accepted, or declined."""
    rules_declined: bool = False
    rules_reason: str = ""
    pictures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Child's public id to purpose to ``yes`` or ``no``."""
    pictures_sha256: str = ""
    younger_sha256: str = ""
    """Set once the younger children's rules were read and accepted, or declined."""
    younger_declined: bool = False
    younger_reason: str = ""
    mark: str = ""
    """A drawing that came with a form that was sent back, as the form carries it; no part of the answers."""
    reconsiders: bool = False
    """Whether rules that were refused are read once more."""
    responsibility: Mapping[str, str] = field(default_factory=dict)
    """Child's public id to ``yes`` or ``no``: whether they have parental responsibility, where nobody has said so."""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Draft:
        """The draft as a signing session keeps it."""
        return cls(
            rules_sha256=kept.get("rules", ""),
            rules_declined=kept.get("rules_declined", False),
            rules_reason=kept.get("rules_reason", ""),
            pictures=kept.get("pictures", {}),
            pictures_sha256=kept.get("pictures_sha256", ""),
            younger_sha256=kept.get("younger", ""),
            younger_declined=kept.get("younger_declined", False),
            younger_reason=kept.get("younger_reason", ""),
            mark=kept.get("mark", ""),
            reconsiders=kept.get("reconsiders", False),
            responsibility=kept.get("responsibility", {}),
        )

    def kept(self) -> dict[str, Any]:
        """The form a signing session keeps."""
        return {
            "journey": PAGES,
            "rules": self.rules_sha256,
            "rules_declined": self.rules_declined,
            "rules_reason": self.rules_reason,
            "pictures": {child: dict(answers) for child, answers in self.pictures.items()},
            "pictures_sha256": self.pictures_sha256,
            "younger": self.younger_sha256,
            "younger_declined": self.younger_declined,
            "younger_reason": self.younger_reason,
            "reconsiders": self.reconsiders,
            "responsibility": dict(self.responsibility),
        } | ({"mark": self.mark} if self.mark else {})

    def with_rules(self, sha256: str, *, declined: bool = False, reason: str = "") -> Draft:
        """The draft with the parents' rules accepted or declined."""
        return replace(self, rules_sha256=sha256, rules_declined=declined, rules_reason=reason if declined else "")

    def with_younger(self, sha256: str, *, declined: bool = False, reason: str = "") -> Draft:
        """The draft with the younger children's rules accepted or declined."""
        return replace(
            self, younger_sha256=sha256, younger_declined=declined, younger_reason=reason if declined else ""
        )

    def declines(self, step: str) -> bool:
        """Whether the answer to ``rules`` or ``younger`` is that they do not agree."""
        return {"rules": self.rules_declined, "younger": self.younger_declined}.get(step, False)

    def with_pictures(self, child_public_id: str, answers: Mapping[str, str], sha256: str) -> Draft:
        """The draft with one child's answers; answers to other words than these are dropped."""
        others = self.pictures if self.pictures_sha256 == sha256 else {}
        return replace(self, pictures={**others, child_public_id: dict(answers)}, pictures_sha256=sha256)

    def with_picture(self, child_public_id: str, answers: Mapping[str, str], sha256: str) -> Draft:
        """The draft with some of one child's answers, beside those it has."""
        others = self.pictures if self.pictures_sha256 == sha256 else {}
        return self.with_pictures(child_public_id, {**others.get(child_public_id, {}), **answers}, sha256)

    def only(self, asked: Mapping[str, Collection[str]]) -> Draft:
        """The draft without answers to what has been answered elsewhere since; ``asked`` is child to uses."""
        kept = {
            child: {use: answer for use, answer in answers.items() if use in asked[child]}
            for child, answers in self.pictures.items()
            if child in asked
        }
        return replace(self, pictures=kept)

    def reconsidering(self, now: bool) -> Draft:
        """The draft with refused rules to be read once more, or no longer; either way they are not answered yet."""
        return replace(self.with_rules("").with_younger(""), reconsiders=now)

    @property
    def fingerprint(self) -> str:
        """Names exactly these answers: the page that asks for the signature posts it back."""
        return hashlib.sha256(canonical(replace(self, mark="").kept())).hexdigest()
