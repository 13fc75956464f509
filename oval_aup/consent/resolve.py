"""Decides what the answers of several adults about one child add up to: pure functions, most restrictive first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

ANY = "any"
"""One yes is enough when nobody says no."""

ALL_ASKED = "all_asked"
"""Everybody who is asked must say yes."""

POLICIES = (ANY, ALL_ASKED)

ANSWERS = {"given": "yes", "refused": "no", "withdrawn": "no"}
"""What a recorded act says; an invalidated answer says nothing."""

SHOWN = {"public_task": "yes", "not_used": "no", "conflict": "no"}
"""Verdicts whose reason is the office's business: a class sees what follows from them."""


@dataclass(frozen=True, slots=True)
class GuardianAnswer:
    """A guardian's answer about one purpose as it stands, and the act that made it so."""

    answer: str
    act: str
    ledger_seq: int
    version_text_id: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded act in the order in which it happened."""

    guardian_id: int
    purpose_key: str
    act: str
    ledger_seq: int
    version_text_id: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the answers come to, and whose answers (or silence) keep it from being a yes."""

    verdict: str
    """``yes``, ``no``, ``conflict``, ``missing``, ``blocked``, ``public_task`` or ``not_used``."""
    broken_by: tuple[int, ...] = ()
    """Guardians who said no; where the verdict is ``missing``, those who have not answered."""

    @property
    def shown(self) -> str:
        """What a class is shown: ``yes``, ``no``, ``missing`` or ``blocked``."""
        return SHOWN.get(self.verdict, self.verdict)


def fold(decisions: Iterable[Decision]) -> dict[int, dict[str, GuardianAnswer]]:
    """Guardian to purpose to the answer that stands, from the acts of one child and school year, oldest first."""
    standing: dict[int, dict[str, GuardianAnswer]] = {}
    for decision in decisions:
        answers = standing.setdefault(decision.guardian_id, {})
        answer = ANSWERS.get(decision.act)
        if answer is None:
            answers.pop(decision.purpose_key, None)
        else:
            answers[decision.purpose_key] = GuardianAnswer(
                answer, decision.act, decision.ledger_seq, decision.version_text_id
            )
    return standing


def resolve(
    answers: Mapping[int, str | None], *, basis: str = "consent", blocked: bool = False, policy: str = ANY
) -> Resolution:
    """Add up the answers (``yes``, ``no`` or None) of every guardian who is asked, and every no that stands beside.

    A block outweighs everything; then any no, which beside a yes is a conflict; then a missing answer; then yes.
    """
    if policy not in POLICIES:
        raise Invalid(_("The policy must be one of %(policies)s.", policies=", ".join(POLICIES)))
    if blocked:
        return Resolution("blocked")
    if basis != "consent":
        return Resolution(basis)
    refusing = tuple(guardian for guardian, answer in answers.items() if answer == "no")
    agreeing = tuple(guardian for guardian, answer in answers.items() if answer == "yes")
    if refusing:
        return Resolution("conflict" if agreeing else "no", refusing)
    silent = tuple(guardian for guardian, answer in answers.items() if answer is None)
    if not agreeing or (policy == ALL_ASKED and silent):
        return Resolution("missing", silent)
    return Resolution("yes")
