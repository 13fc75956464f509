"""Whoever reads a receipt can tell which child each choice is for: any number of children, any length of name."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from oval_aup import agreements, consent, printing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from tests.people import builders
from tests.reports.conftest import Answered
from tests.signing import small_school
from tests.tools import tool

YEAR = small_school.YEAR
NAMES = (
    ("Bartholomew-Alexander Oluwaseunfunmi", "Featherstonehaugh-Cholmondeley"),
    ("Wilhelmina", "Featherstonehaugh"),
    ("Maximilianalexanderchristophersebastian", "Featherstonehaugh"),
    ("Ayesha Noor-ul-Ain", "Venkatanarasimharajuvaripeta"),
    ("Jo", "Li"),
    ("Persephone", "Featherstonehaugh"),
)
SCRIPTS = (
    ("আনন্দময়ী সুভাষিণী", "বন্দ্যোপাধ্যায়-মুখোপাধ্যায়"),
    ("ਹਰਪ੍ਰੀਤਕੌਰ ਗੁਰਲੀਨ", "ਧਾਲੀਵਾਲਸਿੰਘਬਰਾੜ"),
    ("عبدالرحمن محمد", "الهاشمي-القرشي"),
)
PAGE_WIDTH, MARGIN = 595.28, 51.02
"""Of a sheet of A4, in points."""


@dataclass(frozen=True)
class Word:
    """One word of a page and where it stands, in points from the top left."""

    page: int
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Word) -> bool:
        """Whether two words are printed over each other by more than the rounding of their boxes."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return self.page == other.page and across > 1 and down > 3


def words_of(path: Path) -> list[Word]:
    """Every word of a PDF."""
    shown = subprocess.run(
        [tool("pdftotext"), "-bbox", str(path), "-"], capture_output=True, check=True, text=True
    ).stdout
    found: list[Word] = []
    page = 0
    for line in shown.splitlines():
        page += "<page " in line
        box = re.search(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)</word>', line)
        if box:
            left, top, right, bottom = (float(value) for value in box.groups()[:4])
            found.append(Word(page, box[5], left, top, right, bottom))
    return found


def receipt_of(answered: Answered, names: tuple[tuple[str, str], ...]) -> printing.PrintJob:
    """Ann's receipt for choices about children of these names."""
    seqs = []
    clock.freeze(dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC))
    with answered.database.writing() as db:
        for number, (forename, surname) in enumerate(names):
            child = builders.add_child(
                db,
                forename=forename,
                surname=surname,
                born_on=dt.date(2018, 1, 1 + number),
                year_group="4",
                class_id=answered.people.older.id,
                actor=SYSTEM,
            )
            builders.link_guardian(
                db,
                child_id=child.person_id,
                guardian_id=answered.people.ann.person_id,
                parental_responsibility="yes",
                actor=SYSTEM,
            )
            entry = consent.record(
                db,
                child=child,
                guardian=answered.people.ann,
                answers={use.key: "no" if number % 2 else "yes" for use in consent.asked_purposes(db)},
                wording=agreements.current(db, "image-uses"),
                school_year=YEAR,
                idempotency_key=f"names:{number}",
                details={"typed_name": " ".join(NAMES[0])},
                actor=small_school.guardian_actor(answered.people.ann),
            )
            seqs.append(entry.seq)
    return answered.receipt(entries=seqs)


@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:2], NAMES, SCRIPTS], ids=["one", "two", "six", "scripts"])
def test_every_childs_name_is_legible_above_their_choices(
    answered: Answered,
    database: Database,
    printed: Callable[[printing.PrintJob], Path],
    names: tuple[tuple[str, str], ...],
) -> None:
    paper = receipt_of(answered, names)
    for forename, surname in names:
        assert paper.html.count(f"<h3>Pictures of {forename} {surname}</h3>") == 1
    found = words_of(printed(paper))
    assert [word for word in found if word.right > PAGE_WIDTH - MARGIN + 2 and word.top > 100] == []
    crossing = [
        (one.text, other.text)
        for place, one in enumerate(found)
        for other in found[place + 1 : place + 60]
        if one.overlaps(other)
    ]
    assert crossing == []


def test_the_choices_of_a_child_stay_on_one_page_with_the_name(
    answered: Answered, printed: Callable[[printing.PrintJob], Path]
) -> None:
    path = printed(receipt_of(answered, NAMES))
    shown = subprocess.run(
        [tool("pdftotext"), "-layout", str(path), "-"], capture_output=True, check=True, text=True
    ).stdout
    for page in shown.split("\f"):
        headed = len(re.findall(r"^ *Pictures of (?!your child)", page, re.MULTILINE))
        assert len(re.findall(r"^ *Use of pictures +Answer", page, re.MULTILINE)) == headed


def test_a_name_from_right_to_left_leaves_the_numbers_after_it_in_place(
    answered: Answered, printed: Callable[[printing.PrintJob], Path]
) -> None:
    forename, surname = SCRIPTS[2]
    ann = answered.people.ann
    receipt = words_of(printed(receipt_of(answered, SCRIPTS[2:])))
    (number,) = [word for word in receipt if word.page == 1 and word.text == "10" and word.top > 150]
    (yes,) = [word for word in receipt if word.page == 1 and word.text.startswith("yes,")]
    assert 0 < yes.left - number.right < 10
    record = answered.paper("record", ann.pseudonym, person_id=ann.person_id).html
    assert f"\u2068{forename} {surname}\u2069 (4C, born 1 January 2018)" in record
