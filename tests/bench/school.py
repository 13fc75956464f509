"""The school that is measured: the demonstration's roster, asked but with nobody's answer yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from oval_aup import accounts, campaigns, config, demo, people, schema
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.demo.roster import DemoRoster
from oval_aup.people import roster

OFFICE = Actor(role="office", channel="cli")


@dataclass(frozen=True)
class Family:
    """A guardian with a fresh private link and a date of birth that opens it."""

    token: str
    born_on: dt.date
    name: str
    children: int


class School:
    """One instance folder with its database."""

    def __init__(self, folder: Path, *, pupils: int = 698) -> None:
        self.folder = folder
        self.environment = {"OVAL_INSTANCE": str(folder), "OVAL_DEMO": "yes", "OVAL_UPLOAD_LIMIT_MB": "200"}
        self.settings = config.load(self.environment)
        self.database = Database(self.settings.database_url)
        schema.upgrade(self.database)
        with self.database.writing() as db:
            demo.mark(db)
        self.year = people.school_year(clock.today())
        self.made = DemoRoster(self.year, pupils=pupils)

    def import_roster(self) -> None:
        """Bring in both exports through the same door as the office."""
        for name, content in (("contacts.csv", self.made.contacts_csv()), ("staff.csv", self.made.staff_csv())):
            with self.database.writing() as db:
                shown = roster.preview(db, name, content, limit=len(content), actor=OFFICE)
                campaigns.apply_roster(db, shown.public_id, school=self.settings.school, actor=OFFICE)

    def ask(self) -> None:
        """Publish the rules and open this school year's sign-up."""
        today = clock.today()
        with self.database.writing() as db:
            campaigns.publish_shipped_rules(db, actor=OFFICE)
            plan = campaigns.plan(db, school_year=self.year, opens_on=today, due_on=today, actor=OFFICE)
            campaigns.open_campaign(db, plan, school=self.settings.school, actor=OFFICE)

    def families(self, count: int, *, children: int) -> list[Family]:
        """Guardians of that many children who have not begun, each with a link of their own."""
        found: list[Family] = []
        with self.database.writing() as db:
            for guardian in people.guardians_asked(db):
                family = campaigns.family(db, guardian.person_id, self.year)
                request = family.request
                if not guardian.email or request is None or request.status != "open":
                    continue
                if len(family.choosing) != children:
                    continue
                token = accounts.mint_link(db, purpose="family", person_id=guardian.person_id, sent_to=guardian.email)
                found.append(Family(token, family.children[0].child.born_on, guardian.full_name, children))
                if len(found) == count:
                    break
        return found

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()
