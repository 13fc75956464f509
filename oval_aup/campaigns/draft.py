"""What a family has answered so far in a sitting, kept between pages as plain JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oval_aup.core.canonical import canonical

JOURNEY = "family"


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers in waiting; every hash is that of the wording the page showed."""

    rules_sha256: str = ""
    """Set once the parents' rules were read and accepted."""
    pictures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Child's public id to purpose to ``yes`` or ``no``."""
    pictures_sha256: str = ""
    younger_sha256: str = ""
    """Set once the younger children's rules were read and accepted."""
    reconsiders: bool = False
    """Whether rules that were refused are read once more."""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Draft:
        """The draft as a sitting keeps it."""
        return cls(
            rules_sha256=kept.get("rules", ""),
            pictures=kept.get("pictures", {}),
            pictures_sha256=kept.get("pictures_sha256", ""),
            younger_sha256=kept.get("younger", ""),
            reconsiders=kept.get("reconsiders", False),
        )

    def kept(self) -> dict[str, Any]:
        """The form a sitting keeps."""
        return {
            "journey": JOURNEY,
            "rules": self.rules_sha256,
            "pictures": {child: dict(answers) for child, answers in self.pictures.items()},
            "pictures_sha256": self.pictures_sha256,
            "younger": self.younger_sha256,
            "reconsiders": self.reconsiders,
        }

    def with_pictures(self, child_public_id: str, answers: Mapping[str, str], sha256: str) -> Draft:
        """The draft with one child's answers; answers to other words than these are dropped."""
        others = self.pictures if self.pictures_sha256 == sha256 else {}
        return replace(self, pictures={**others, child_public_id: dict(answers)}, pictures_sha256=sha256)

    def only(self, asked: Mapping[str, Collection[str]]) -> Draft:
        """The draft without answers to what has been answered elsewhere since; ``asked`` is child to uses."""
        kept = {
            child: {use: answer for use, answer in answers.items() if use in asked[child]}
            for child, answers in self.pictures.items()
            if child in asked
        }
        return replace(self, pictures=kept)

    def reconsidering(self, now: bool) -> Draft:
        """The draft with refused rules to be read once more, or no longer; either way they are not accepted yet."""
        return replace(self, reconsiders=now, rules_sha256="")

    @property
    def fingerprint(self) -> str:
        """Names exactly these answers: the page that asks for the signature posts it back."""
        return hashlib.sha256(canonical(self.kept())).hexdigest()
