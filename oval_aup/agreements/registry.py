"""Every agreement and audience, each fact about them once, in the order in which the office looks at them.

Words are in English here and translated where they are shown. A new agreement is an entry here and a wording in
``rulesets``, and is asked for, listed, counted and reported from then on; the pages on which it is signed are those of
its audience, which have one rule set each so far. A new audience also needs its people, in ``campaigns/audiences.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from oval_aup.core.i18n import gettext_noop


@dataclass(frozen=True, slots=True)
class AgreementKind:
    """One agreement: a rule set that is signed, or the list of image uses about which is chosen."""

    key: str
    audience: str
    """Whom it is for: a key of ``AUDIENCES``."""
    people: str
    """Those who are asked, as a heading."""
    title: str
    """What it is called on lists and documents."""
    in_a_sentence: str
    task: str
    """What a letter asks of somebody who owes it for themselves; empty where letters have words of their own."""
    reading_levels: tuple[str, ...] = ("full",)
    is_signed: bool = True
    """Whether there is a request that is signed; choices about pictures have none."""


AGREEMENTS: dict[str, AgreementKind] = {
    one.key: one
    for one in (
        AgreementKind(
            "parents",
            "guardians",
            gettext_noop("Parents and carers"),
            gettext_noop("Rules for parents and carers"),
            gettext_noop("the rules for parents and carers"),
            gettext_noop("Read and sign our rules for parents and carers"),
        ),
        AgreementKind(
            "staff",
            "staff",
            gettext_noop("Staff"),
            gettext_noop("Rules for staff"),
            gettext_noop("the rules for staff"),
            gettext_noop("Read and sign this year’s rules for staff"),
        ),
        AgreementKind(
            "children",
            "children",
            gettext_noop("Children"),
            gettext_noop("Rules for children"),
            gettext_noop("the rules for children"),
            "",
            reading_levels=("full", "younger"),
        ),
        AgreementKind(
            "image-uses",
            "guardians",
            gettext_noop("Parents and carers"),
            gettext_noop("Choices about pictures"),
            gettext_noop("the choices about pictures"),
            "",
            is_signed=False,
        ),
    )
}

SIGNED: tuple[str, ...] = tuple(key for key, kind in AGREEMENTS.items() if kind.is_signed)
"""Keys of the agreements that are signed."""

AUDIENCES: tuple[str, ...] = tuple(dict.fromkeys(kind.audience for kind in AGREEMENTS.values()))
"""Keys of the audiences that a sign-up can ask."""


def signed_by(audience: str) -> tuple[str, ...]:
    """Keys of the agreements that an audience signs."""
    return tuple(key for key in SIGNED if AGREEMENTS[key].audience == audience)
