"""Who is acting, in the terms the ledger keeps: a pseudonym and a role, never a name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting person or part of the system.

    ``person_id`` is None for the system itself; ``assurance`` says how the person was identified
    (see ``evidence.ASSURANCES``) and ``channel`` how they came: ``link``, ``login``, ``class``, ``office``,
    ``cli`` or ``system``.
    ``browser`` is personal and only ever stored among the erasable details.
    """

    role: str
    person_id: int | None = None
    pseudonym: str = ""
    assurance: str = "none"
    channel: str = "system"
    sent_to: str = ""
    browser: str = ""


SYSTEM = Actor(role="system")
