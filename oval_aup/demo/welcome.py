"""What a demonstration prints when it starts: the address, the log-ins, and three families to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, people
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.templating import day
from oval_aup.demo.mark import ACCOUNTS, PASSWORD

Wanted = Callable[[campaigns.Family], bool]


@dataclass(frozen=True)
class FamilyLink:
    """One way in to be a parent."""

    story: str
    guardian_id: int
    guardian: str
    email: str
    url: str
    children: tuple[tuple[str, str, dt.date], ...]
    """Name, class and date of birth."""


@dataclass(frozen=True)
class Links:
    """The three families that the demonstration offers."""

    unsigned: FamilyLink
    single: FamilyLink
    signed: FamilyLink

    @property
    def all(self) -> tuple[FamilyLink, ...]:
        """In the order in which they are printed."""
        return (self.unsigned, self.single, self.signed)


def _untouched(family: campaigns.Family) -> bool:
    return family.request is not None and family.request.status == "open"


def _young_and_old(family: campaigns.Family) -> bool:
    ways = {each.request.way for each in family.children if each.request}
    at_home = all(each.link.lives_with for each in family.children)
    asked = _untouched(family) and len(family.choosing) == 2 and bool(family.younger)
    return at_home and asked and ways == {"guardian", "class"}


def _one_child(family: campaigns.Family) -> bool:
    return _untouched(family) and len(family.children) == 1 and len(family.choosing) == 1


def _done(family: campaigns.Family) -> bool:
    signed = family.request is not None and family.request.status == "signed"
    return signed and not family.owes_anything and any(each.answers for each in family.children)


def _two_children(family: campaigns.Family) -> bool:
    return _untouched(family) and len(family.choosing) == 2


def _half_way(family: campaigns.Family) -> bool:
    return family.owes_anything


def _anybody(family: campaigns.Family) -> bool:
    return bool(family.children)


TWO = "has two children and has not answered yet"
WAITING = ("has something left to answer", _half_way)
LAST = ("has a child here", _anybody)


def fresh_links(database: Database, settings: Settings) -> Links:
    """Mint three private links for families that still fit their stories, or the next best where all have answered."""
    with database.writing() as db:
        return Links(
            _link(db, settings, (TWO, _young_and_old), (TWO, _two_children), WAITING, LAST),
            _link(db, settings, ("has one child and has not answered yet", _one_child), WAITING, LAST),
            _link(db, settings, ("has signed and may change a choice", _done), LAST),
        )


def _link(db: Session, settings: Settings, *stories: tuple[str, Wanted]) -> FamilyLink:
    year = people.school_year(clock.today())
    guardians = [row for row in people.guardians_asked(db) if row.email]
    story, found = next(
        (story, family)
        for story, fits in stories
        for family in (campaigns.family(db, row.person_id, year) for row in guardians)
        if fits(family)
    )
    guardian = found.guardian
    token = accounts.mint_link(db, purpose="family", person_id=guardian.person_id, sent_to=guardian.email)
    return FamilyLink(
        story,
        guardian.person_id,
        guardian.full_name,
        guardian.email,
        f"{settings.school.base_url}/f/{token}",
        tuple((each.child.full_name, each.child.class_name, each.child.born_on) for each in found.children),
    )


def welcome(database: Database, settings: Settings) -> str:
    """The text to print."""
    lines = ["", f"{settings.school.name} is at  {settings.school.base_url}", "", "Log in with the password"]
    lines[-1] += f"  {PASSWORD}"
    lines += [f"  {name}@oval.example.org" for name in ACCOUNTS]
    lines += ["", "Be a parent: open a link, then give the date of birth of a child"]
    for number, link in enumerate(fresh_links(database, settings).all, 1):
        lines += [f"  {number}. {link.guardian}, who {link.story}", f"     {link.url}"]
        lines += [f"     {name}, class {class_name}, born on {day(born)}" for name, class_name, born in link.children]
    lines += ["", f"Messages: {settings.school.base_url}/dev/outbox", "Stop with Ctrl+C.", ""]
    return "\n".join(lines)
