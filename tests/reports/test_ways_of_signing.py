"""Who answered, who entered it and who was present: the same three facts on every document, for each way of signing."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from oval_aup import agreements, campaigns, consent, evidence, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Session
from oval_aup.reports import ledger_acts
from tests.reports.conftest import SCHOOL, YEAR, Answered
from tests.reports.test_golden_papers import text_of
from tests.signing import small_school

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "papers" / "ways-of-signing.txt"
DEVICE = Actor(role="kiosk", assurance="in-class", channel="class")
LABELS = ("Answered by", "Entered by", "Present")
Whose = people.ChildRow | people.GuardianRow | people.StaffRow


def _sign(
    db: Session, whose: Whose, key: str, signer: Whose, actor: Actor, *, level: str = "full", outcome: str = "signed"
) -> int:
    wording = agreements.current(db, key, reading_level=level)
    owed = next(row for row in signing.standing(db, whose.person_id, YEAR) if row.agreement_key == key)
    return signing.sign(
        db,
        owed.id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        typed_name=signer.full_name,
        signed_by_id=signer.person_id,
        outcome=outcome,
        idempotency_key="way",
        actor=actor,
    ).ledger_seq


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ({"typed_name": "Ann Ali", "name_matches": True}, "name as typed"),
        ({"typed_name": "Annie", "name_matches": False, "name_confirmed": "spelling"}, "confirmed is theirs"),
        (
            {"typed_name": "Priya", "name_matches": False, "name_confirmed": "other", "signer_name": "Ann Ali"},
            "not the name the school holds: asked about it, the signer said they are Ann Ali",
        ),
        ({"typed_name": "Priya", "name_matches": False}, "which is not the name the school holds"),
        ({"picked_name": "Max"}, "name picked in class"),
    ],
)
def test_a_name_that_is_not_the_signers_is_marked_in_words(kept: dict[str, object], says: str) -> None:
    assert says in ledger_acts._name_given(kept)


def _in_class(db: Session, answered: Answered, child: people.ChildRow, *, by_teacher: bool) -> int:
    school = answered.people
    teacher = small_school.staff_actor(school.di, "admin")
    assert child.class_id is not None
    room = people.class_by_id(db, child.class_id)
    lesson = signing.open_class_session(db, room.public_id, school_year=YEAR, actor=teacher)
    wording = agreements.current(db, "children")
    if by_teacher:
        rows = signing.record_present(db, lesson.public_id, [child.public_id], wording=wording, actor=teacher)
        return rows[0].ledger_seq
    return signing.make_mark(
        db,
        lesson.public_id,
        child.public_id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        actor=DEVICE,
    ).ledger_seq


def _by_office(db: Session, answered: Answered, channel: str) -> int:
    return campaigns.record_on_behalf(
        db,
        person_id=answered.people.bob.person_id,
        school_year=YEAR,
        channel=channel,
        identified="Ms Begum knows him well",
        idempotency_key="way",
        school=SCHOOL,
        actor=small_school.staff_actor(answered.people.eve, "admin"),
    ).entries[0]


def _on_school_device(db: Session, answered: Answered) -> int:
    school = answered.people
    office = small_school.staff_actor(school.eve, "admin")
    evidence.append(
        db,
        "identified",
        subject=school.bob.pseudonym,
        act={"school_year": YEAR, "witness": office.pseudonym},
        idempotency_key="handed over",
        actor=office,
    )
    bob = small_school.guardian_actor(school.bob)
    actor = Actor("guardian", bob.person_id, bob.pseudonym, assurance="in-person", channel="person")
    return _sign(db, school.bob, "parents", school.bob, actor)


def _choices(db: Session, answered: Answered) -> int:
    school = answered.people
    return consent.record(
        db,
        child=school.max,
        guardian=school.bob,
        answers={use.key: "no" for use in consent.asked_purposes(db)},
        wording=agreements.current(db, "image-uses"),
        school_year=YEAR,
        idempotency_key="way",
        actor=small_school.guardian_actor(school.bob),
    ).seq


WAYS: dict[str, Callable[[Session, Answered], int]] = {
    "parent, private link": lambda db, a: _sign(
        db, a.people.bob, "parents", a.people.bob, small_school.guardian_actor(a.people.bob)
    ),
    "parent, private link, does not agree": lambda db, a: _sign(
        db, a.people.bob, "parents", a.people.bob, small_school.guardian_actor(a.people.bob), outcome="declined"
    ),
    "parent, private link, choices about pictures": _choices,
    "parent, school device, handed over by the office": _on_school_device,
    "parent, paper form": lambda db, a: _by_office(db, a, "paper"),
    "parent, telephone": lambda db, a: _by_office(db, a, "phone"),
    "parent, in person, entered by the office": lambda db, a: _by_office(db, a, "person"),
    "member of staff, logged in": lambda db, a: _sign(
        db, a.people.di, "staff", a.people.di, small_school.staff_actor(a.people.di, "teacher")
    ),
    "older child, class device": lambda db, a: _in_class(db, a, a.people.max, by_teacher=False),
    "older child, teacher’s list": lambda db, a: _in_class(db, a, a.people.max, by_teacher=True),
    "younger child, class device": lambda db, a: _in_class(db, a, a.people.mia, by_teacher=False),
    "younger child, teacher’s list": lambda db, a: _in_class(db, a, a.people.mia, by_teacher=True),
}


def _facts_in_rows(text: str) -> list[tuple[str, ...]]:
    found = re.findall(r"^Answered by (.*)\nEntered by (.*)\nPresent (.*)$", text, re.MULTILINE)
    return [tuple(each) for each in found]


def _facts_in_lines(text: str) -> list[tuple[str, ...]]:
    found = re.findall(r"Answered by: (.*?)\. Entered by: (.*?)\. Present: (.*?)\.(?: |$)", text, re.MULTILINE)
    return [tuple(each) for each in found]


def _told(answered: Answered, seq: int) -> tuple[str, ...]:
    """The three facts as every document about one entry gives them; fails where two documents differ."""
    with answered.database.reading() as db:
        entry = evidence.entries(db, [seq])[seq]
        subject = people.persons_by_pseudonym(db, [entry.body["subject"]["pseudonym"]])
    (whose,) = subject.values()
    at = clock.iso(dt.datetime(2026, 11, 22, 23, 59, tzinfo=dt.UTC))
    record = text_of(answered.paper("record", whose.pseudonym, person_id=whose.person_id))
    story, _heading, timeline = record.partition("\nTimeline\n")
    receipt = text_of(answered.receipt(entries=[seq], person_id=whose.person_id))
    told = _facts_in_rows(receipt)[0]
    assert told in _facts_in_rows(story) + _facts_in_lines(story)
    assert told in _facts_in_lines(timeline)
    if not entry.kind.startswith("consent_"):
        statement = text_of(answered.paper("as_at", whose.pseudonym, person_id=whose.person_id, at=at))
        assert told in _facts_in_lines(statement)
    return told


@pytest.mark.parametrize("way", list(WAYS))
def test_each_way_of_signing_has_its_three_facts_in_one_wording(answered: Answered, way: str) -> None:
    with answered.database.writing() as db:
        seq = WAYS[way](db, answered)
    told = f"{way}\n" + "".join(
        f"    {label}: {fact}\n" for label, fact in zip(LABELS, _told(answered, seq), strict=True)
    )
    kept = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    if os.environ.get("OVAL_GOLDEN") == "write":
        known = {each.partition("\n")[0]: each for each in re.split(r"(?m)^(?=\S)", kept) if each}
        known[way] = told
        kept = "".join(known[each] for each in WAYS if each in known)
        GOLDEN.write_text(kept, encoding="utf-8")
    assert told in kept


def test_a_childs_own_mark_is_not_said_to_be_entered_by_the_teacher(answered: Answered) -> None:
    with answered.database.writing() as db:
        seq = WAYS["younger child, class device"](db, answered)
    by, entered, present = _told(answered, seq)
    assert by == "Mia Ali"
    assert "Di Dunn" not in entered
    assert "Di Dunn" in present
