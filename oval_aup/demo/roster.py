"""Makes the demonstration school's exports (pupil and contact rows, staff), always the same for a seed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import unicodedata
from dataclasses import dataclass, field

from oval_aup.demo.names import PICKS, Community

YEAR_GROUPS = ("N", "R", "1", "2", "3", "4", "5", "6")
CLASS_LETTERS = "ABC"
AGE_ON_31_AUGUST = {"N": 3, "R": 4, "1": 5, "2": 6, "3": 7, "4": 8, "5": 9, "6": 10}
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"

CONTACT_HEADERS = (
    "Adno",
    "UPN",
    "Legal Forename",
    "Legal Surname",
    "Preferred Forename",
    "Date of Birth",
    "Year",
    "Reg",
    "Contact ID",
    "Priority",
    "Title",
    "Contact Forename",
    "Contact Surname",
    "Relationship",
    "Parental Responsibility",
    "Court Order",
    "Lives With Pupil",
    "Email",
    "Mobile",
)
STAFF_HEADERS = (
    "Staff Code",
    "Title",
    "Forename",
    "Surname",
    "Post",
    "Class",
    "Work Email",
    "Start Date",
    "Line Manager",
)
POSTS = (
    ("Head teacher", 1),
    ("Deputy head", 2),
    ("Class teacher", 24),
    ("HLTA", 5),
    ("Teaching assistant", 30),
    ("Office", 4),
    ("ICT co-ordinator", 1),
    ("ICT technician", 1),
    ("Site", 3),
    ("Midday supervisor", 14),
    ("Governor", 9),
    ("Volunteer", 5),
    ("Peripatetic", 3),
)


@dataclass(slots=True)
class Adult:
    """A made-up contact."""

    number: int
    title: str
    forename: str
    surname: str
    relationship: str
    responsibility: str = "T"
    court_order: str = "N"
    lives_with: str = "T"
    email: str = ""
    mobile: str = ""


@dataclass(slots=True)
class Household:
    """Children who share their adults."""

    community: Community
    surname: str
    adults: list[Adult]
    children: list[tuple[str, str, str]] = field(default_factory=list)
    """Forename, year group, class."""


class DemoRoster:
    """A whole made-up school for the school year that begins in ``year``; ``pupils`` scales it for benchmarks."""

    def __init__(self, year: int, *, pupils: int = 698, seed: int = 20260901) -> None:
        self.year = year
        self.random = random.Random(seed)  # noqa: S311 - made-up people, not secrets
        self.next_contact = 5001
        self.households = self._households(pupils)

    def contacts_csv(self) -> bytes:
        """The pupil–contact export, UTF-8 with a byte-order mark as the office's system writes it."""
        rows: list[tuple[object, ...]] = []
        number = 10000
        for household in self.households:
            births: dict[str, dt.date] = {}
            for forename, year_group, class_name in household.children:
                number += 1
                born = births.setdefault(year_group, self._born(year_group))
                upn = self._upn(number)
                for priority, adult in enumerate(household.adults, 1):
                    rows.append(
                        (
                            number,
                            upn,
                            forename,
                            household.surname,
                            "",
                            f"{born:%d/%m/%Y}",
                            year_group,
                            class_name,
                            f"C{adult.number}",
                            priority,
                            adult.title,
                            adult.forename,
                            adult.surname,
                            adult.relationship,
                            adult.responsibility,
                            adult.court_order,
                            adult.lives_with,
                            adult.email,
                            adult.mobile,
                        )
                    )
        return _csv(CONTACT_HEADERS, rows)

    def staff_csv(self) -> bytes:
        """The staff export; three of the staff are parents here too, known by their email address."""
        classes = [f"{year_group}{letter}" for year_group in YEAR_GROUPS for letter in CLASS_LETTERS]
        parents = iter([home.adults[0] for home in self.households if home.adults[0].email][40:400:120])
        rows: list[tuple[object, ...]] = []
        for post, count in POSTS:
            for index in range(count):
                code = f"S{len(rows) + 1:03d}"
                community = self.random.choice(PICKS)
                forename = self.random.choice(community.women + community.men)
                surname = self.random.choice(community.surnames)
                email = f"{_plain(forename)}.{_plain(surname)}.{code.lower()}@oval.example.org"
                if post == "Teaching assistant" and index < 3 and (parent := next(parents, None)):
                    forename, surname, email = parent.forename, parent.surname, parent.email
                if not rows:
                    forename, surname, email = "Helen", "Marsh", "head@oval.example.org"
                if post == "Office" and index == 0:
                    forename, surname, email = "Sam", "Ellis", "office@oval.example.org"
                if post == "Class teacher" and classes[index] == "4C":
                    forename, surname, email = "Dipa", "Begum", "teacher@oval.example.org"
                if post == "Governor" and index == 0:
                    forename, surname, email = "Gwen", "Okafor", "governor@oval.example.org"
                if post == "Midday supervisor" and index == 0:
                    forename, surname, email = "Mina", "Price", "staff@oval.example.org"
                started = dt.date(self.year - self.random.randrange(15), 9, 1)
                teaches = classes[index] if post == "Class teacher" else ""
                manager = "" if not rows else "S001"
                rows.append((code, "", forename, surname, post, teaches, email, f"{started:%d/%m/%Y}", manager))
        return _csv(STAFF_HEADERS, rows)

    def _households(self, pupils: int) -> list[Household]:
        places = [
            (year_group, f"{year_group}{letter}")
            for index in range(-(-pupils // 24))
            for year_group in YEAR_GROUPS
            for letter in CLASS_LETTERS
        ][:pupils]
        self.random.shuffle(places)
        households = []
        while places:
            household = self._household()
            size = self.random.choices((1, 2, 3), (80, 16, 4))[0]
            for place in [places.pop() for _ in range(min(size, len(places)))]:
                household.children.append((self._forename(household), *place))
            households.append(household)
        return households

    def _household(self) -> Household:
        community = self.random.choice(PICKS)
        surname = self.random.choice(community.surnames)
        mother = self._adult("Mrs", self.random.choice(community.women), surname, "Mother")
        adults = [mother]
        kind = self.random.random()
        if kind < 0.70:
            adults.append(self._adult("Mr", self.random.choice(community.men), surname, "Father"))
        elif kind < 0.86:
            father = self._adult(
                "Mr", self.random.choice(community.men), self.random.choice(community.surnames), "Father"
            )
            father.lives_with = "F"
            adults.append(father)
        elif kind < 0.90:
            step = self._adult(
                "Mr", self.random.choice(community.men), self.random.choice(community.surnames), "Step parent"
            )
            step.responsibility = "F"
            adults.append(step)
        elif kind < 0.92:
            mother.relationship, mother.responsibility = "Foster carer", "F"
            worker = self._adult("Ms", "Alex", self.random.choice(community.surnames), "Social worker")
            worker.lives_with = "F"
            adults.append(worker)
        if len(adults) == 2 and adults[1].relationship == "Father":
            if self.random.random() < 0.02:
                adults[1].court_order, adults[1].lives_with = "Y", "F"
            elif self.random.random() < 0.04:
                adults[1].email = mother.email
        return Household(community, surname, adults)

    def _adult(self, title: str, forename: str, surname: str, relationship: str) -> Adult:
        number, self.next_contact = self.next_contact, self.next_contact + 1
        host = self.random.choice(("example.org", "example.com", "example.net"))
        chance = self.random.random()
        email = "" if chance < 0.035 else f"{_plain(forename)}.{_plain(surname)}{number}@{host}"
        mobile = "" if 0.03 < chance < 0.05 else f"07700 900{self.random.randrange(1000):03d}"
        return Adult(number, title, forename, surname, relationship, email=email, mobile=mobile)

    def _forename(self, household: Household) -> str:
        taken = {forename for forename, _, _ in household.children}
        names = household.community.girls + household.community.boys
        return self.random.choice([name for name in names if name not in taken])

    def _born(self, year_group: str) -> dt.date:
        last = dt.date(self.year - AGE_ON_31_AUGUST[year_group], 8, 31)
        return last - dt.timedelta(days=self.random.randrange(365))

    def _upn(self, number: int) -> str:
        digits = f"330{self.random.randrange(2000, 3000):04d}{self.year % 100:02d}{number % 1000:03d}"
        weighed = sum(int(digit) * weight for digit, weight in zip(digits, range(2, 14), strict=True))
        return UPN_LETTERS[weighed % 23] + digits


def _plain(name: str) -> str:
    """ASCII letters only, as mailboxes are usually named."""
    flat = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    return "".join(letter for letter in flat.casefold() if letter.isascii() and letter.isalnum())


def _csv(headers: tuple[str, ...], rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
