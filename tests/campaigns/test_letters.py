"""Every email word for word, as golden files; run with OVAL_GOLDEN=write to accept new words after reading them."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from oval_aup import people
from oval_aup.campaigns import letters
from oval_aup.core.school import School
from oval_aup.core.templating import TEMPLATES
from oval_aup.notifications import LINK_MARK, Letter

GOLDEN = Path(__file__).parent.parent / "golden" / "emails"
SCHOOL = School(
    name="The Oval School",
    phone="0121 496 0000",
    email="office@oval.example.org",
    base_url="https://aup.oval.example.org",
)
DUE_ON = dt.date(2026, 10, 5)
CLASS_PAGE = "https://aup.oval.example.org/staff/classes/11111111-2222-3333-4444-555555555555"
CHANGES_PAGE = "https://aup.oval.example.org/staff/classes/changes"
TASKS = ("Read and sign our rules for parents and carers", "Tell us where we may use pictures of your children")
STAFF_TASKS = ("Read and sign this year’s rules for staff",)


def _reminder(*, last: bool = False, family: bool = True, works_here: bool = False) -> Letter:
    return letters.reminder(
        SCHOOL,
        forename="Ann",
        language="en",
        tasks=TASKS if family else STAFF_TASKS,
        due_on=DUE_ON,
        today=dt.date(2026, 10, 12) if last else dt.date(2026, 9, 21),
        family=family,
        works_here=works_here,
        last=last,
    )


KINDS: dict[str, Callable[[], Letter]] = {
    "ask": lambda: letters.ask(SCHOOL, forename="Ann", language="en", tasks=TASKS, due_on=DUE_ON),
    "ask-works-here": lambda: letters.ask(
        SCHOOL, forename="Ann", language="en", tasks=TASKS, due_on=DUE_ON, works_here=True
    ),
    "staff-ask": lambda: letters.staff_ask(SCHOOL, forename="Di", due_on=DUE_ON),
    "staff-ask-first": lambda: letters.staff_ask(SCHOOL, forename="Di", due_on=DUE_ON, no_password=True),
    "reminder": _reminder,
    "reminder-works-here": lambda: _reminder(works_here=True),
    "reminder-staff": lambda: _reminder(family=False, works_here=True),
    "last-reminder": lambda: _reminder(last=True),
    "last-reminder-staff": lambda: _reminder(last=True, family=False, works_here=True),
    "escalation-teacher": lambda: letters.escalation(SCHOOL, forename="Di", families=3, colleagues=0),
    "escalation-office": lambda: letters.escalation(
        SCHOOL, forename="colleague", families=2, colleagues=1, office=True
    ),
    "escalation-manager": lambda: letters.escalation(SCHOOL, forename="Eve", families=1, colleagues=1),
    "receipt": lambda: letters.receipt(SCHOOL, forename="Ann", language="en", next_year=2027, family=True),
    "receipt-staff": lambda: letters.receipt(SCHOOL, forename="Di", language="en", next_year=2027, family=False),
    "new-link": lambda: letters.new_link(SCHOOL, forename="Ann", language="en"),
    "new-link-shared": lambda: letters.new_link(SCHOOL, forename="Ann", language="en", only_for="Ann Khan"),
    "set-password": lambda: letters.set_password(SCHOOL, forename="Di"),
    "set-password-first": lambda: letters.set_password(SCHOOL, forename="Di", first=True),
    "test": lambda: letters.test(SCHOOL, asked_at=dt.datetime(2026, 9, 7, 9, 15, tzinfo=dt.UTC)),
    "declined": lambda: letters.declined(SCHOOL, person_public_id="11111111-2222-3333-4444-555555555555"),
    "head": lambda: letters.head(
        SCHOOL,
        today=dt.date(2026, 11, 23),
        size=4120,
        line="OVAL-HEAD 1 4120 …",
        checker="verify.py",
        checker_sha256="0123456789abcdef" * 4,
    ),
    "ledger-alarm": lambda: letters.ledger_alarm(
        SCHOOL, today=dt.date(2026, 11, 23), finding="Entry 17 was edited after it was written."
    ),
    "erasure-proposed": lambda: letters.erasure_proposed(SCHOOL, batch="11111111-2222-3333-4444-555555555555"),
    "pack-erased": lambda: letters.pack_erased(
        SCHOOL, forename="Eve", title="Class 4C", at=dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    ),
    "papers-late": lambda: letters.papers_late(SCHOOL, number=3, reason="The private key seal-1.pem is missing."),
    "certificate": lambda: letters.certificate(SCHOOL, ends_on=dt.date(2026, 12, 22), days=30),
    "choice-changed": lambda: letters.permission_ended(SCHOOL, forename="Di", children=1, page=CLASS_PAGE),
    "choice-changed-office": lambda: letters.permission_ended(SCHOOL, forename="", children=2, page=CHANGES_PAGE),
    "choices-today": lambda: letters.permissions_changed(SCHOOL, forename="Di", children=3, page=CLASS_PAGE),
    "choices-today-office": lambda: letters.permissions_changed(SCHOOL, forename="", children=1, page=CHANGES_PAGE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_letter_reads_exactly_as_agreed(kind: str) -> None:
    made = KINDS[kind]()
    shown = f"Subject: {made.subject}\n\n{made.text}\n{'-' * 30} html {'-' * 30}\n{made.html}\n"
    path = GOLDEN / f"{kind}.txt"
    if os.environ.get("OVAL_GOLDEN") == "write":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_letter_has_a_short_subject_one_button_and_no_loose_ends(kind: str) -> None:
    made = KINDS[kind]()
    assert len(made.subject) <= 78
    assert "\n" not in made.subject
    assert "\n\n\n" not in made.text
    assert made.html.count("border-radius:8px") <= 1
    assert not re.search(r"https?://", made.html.replace(SCHOOL.base_url, ""))
    assert (LINK_MARK in made.text) == (LINK_MARK in made.html)
    assert "<script" not in made.html


def test_every_folder_of_letters_is_written_by_a_function() -> None:
    folders = {path.name for path in (TEMPLATES / "email").iterdir() if path.is_dir()}
    written = {"set-password"} | {next(folder for folder in folders if kind.startswith(folder)) for kind in KINDS}
    assert folders <= written


def test_a_name_cannot_smuggle_markup_into_a_letter() -> None:
    made = letters.new_link(SCHOOL, forename="<img src=x>", language="en")
    assert "<img" not in made.html


def test_a_receipt_put_together_once_greets_each_family_by_its_own_name() -> None:
    ann, odd = (
        letters.receipt(SCHOOL, forename=name, language="en", next_year=2027, family=True) for name in ("Ann", "<b>Zoë")
    )
    assert ann.text.startswith("Dear Ann,")
    assert odd.text.startswith("Dear <b>Zoë,")
    assert "Dear &lt;b&gt;Zoë," in odd.html
    assert "Ann" not in odd.html


def test_a_letter_in_a_language_that_nobody_translated_says_that_it_is_english() -> None:
    made = letters.new_link(SCHOOL, forename="نادیہ", language="ur")
    assert 'lang="en" dir="ltr"' in made.html


@pytest.mark.parametrize(
    ("forename", "full_name", "said"),
    [
        ("Ann", "Ann Okoro", "Dear Ann,"),
        ("", "Kumaran", "Dear Kumaran,"),
        (".", ". Thiruvalluvar", "Dear Thiruvalluvar,"),
        ("& Mrs J", "& Mrs J Patel", "Hello,"),
        ("and Mrs", "and Mrs Reed", "Hello,"),
        ("J", "J Patel", "Dear J Patel,"),
        ("Mrs", "Mrs Reed", "Dear Mrs Reed,"),
        ("明", "明 王", "Dear 明,"),
        ("", "", "Hello,"),
    ],
)
def test_a_greeting_is_never_made_from_half_a_name(forename: str, full_name: str, said: str) -> None:
    made = letters.new_link(SCHOOL, forename=people.greeting_name(forename, full_name), language="en")
    assert made.text.startswith(f"{said}\n")
    assert f"<p>{said}</p>" in made.html


@pytest.mark.parametrize(("name", "said"), [("Ann", "Dear Ann,"), ("", "Hello,")])
def test_a_receipt_greets_likewise(name: str, said: str) -> None:
    made = letters.receipt(SCHOOL, forename=name, language="en", next_year=2027, family=True)
    assert made.text.startswith(f"{said}\n")
