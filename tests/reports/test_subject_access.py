"""A person who asks gets everything that is kept about them and nothing of anybody else."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from oval_aup import documents, people, printing, reports
from oval_aup.core import clock
from oval_aup.core.db import Base, Database
from oval_aup.reports import documents_subject_access as subject_access_paper
from oval_aup.reports.documents_subject_access import DATA_NAME, LABELS
from oval_aup.reports.subject_access import subject_access
from oval_aup.reports.subject_access_names import OtherNames
from oval_aup.reports.subject_access_tables import HOLDINGS, LEDGER, LEFT_OUT
from oval_aup.reports.subject_access_who import Who
from tests.reports import canaries
from tests.reports.canaries import SCHOOL, Aviary
from tests.reports.conftest import unsigned_head

Data = dict[str, Any]


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Any:
    """Built once: the tests only read it."""
    path = tmp_path_factory.mktemp("aviary") / "oval.db"
    path.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{path}")
    built = canaries.build(database)
    clock.travel_to(None)
    yield built
    database.dispose()


def paper(aviary: Aviary, key: str) -> printing.PrintJob:
    row = aviary.rows[key]
    document = documents.DocumentRow(
        public_id="00000000-0000-4000-8000-000000000000",
        kind="subject_access",
        subject=row.pseudonym,
        params={"person_id": row.person_id},
        status="rendering",
        attempts=1,
        lease_no=1,
        error="",
        requested_at=dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC),
        requested_by_id=None,
        ready_at=None,
        sha256="",
        size=0,
    )
    with aviary.database.reading() as db:
        return reports.paper(db, document, school=SCHOOL, head=unsigned_head(db))


def data_of(found: printing.PrintJob) -> Data:
    (file,) = found.embedded
    assert file.name == DATA_NAME
    parsed: Data = json.loads(file.content)
    return parsed


def section(found: Data, table: str) -> list[Data]:
    return [row for each in found["sections"] if each["table"] == table for row in each["rows"]]


KEYS = ("max", "cy", "mia", "ann", "bob", "gran", "bill", "cass", "eve", "di", "hal")


@pytest.mark.parametrize("key", KEYS)
def test_nobody_else_is_in_it(aviary: Aviary, key: str) -> None:
    found = paper(aviary, key)
    (file,) = found.embedded
    for text in (file.content.decode("utf-8"), found.html):
        for other, canary in aviary.canaries.items():
            if other == key:
                continue
            own_child = other in aviary.own_children.get(key, ())
            telling = canary.others if own_child else (*canary.names, *canary.others)
            assert [each for each in telling if each.casefold() in text.casefold()] == [], other


@pytest.mark.parametrize("key", KEYS)
def test_no_secret_is_in_it(aviary: Aviary, key: str) -> None:
    found = paper(aviary, key)
    (file,) = found.embedded
    with aviary.database.reading() as db:
        secrets = [
            value
            for table, column in (
                ("account", "password_hash"),
                ("private_link", "token_sha256"),
                ("access_session", "token_sha256"),
                ("class_session", "join_code"),
            )
            for value in db.scalars(
                Base.metadata.tables[table].select().with_only_columns(Base.metadata.tables[table].c[column])
            )
            if value
        ]
    assert secrets
    assert [each for each in secrets if each in found.html or each in file.content.decode()] == []
    assert "PRIVATE-LINK" not in found.html
    pseudonyms = {each.pseudonym for each in aviary.rows.values()} - {aviary.rows[key].pseudonym}
    assert [each for each in pseudonyms if each in found.html or each in file.content.decode()] == []


@pytest.mark.parametrize("key", KEYS)
def test_paper_says_it_in_words_and_not_in_the_names_of_columns(aviary: Aviary, key: str) -> None:
    shown = re.sub(r"<[^>]+>", " ", re.sub(r"<style.*?</style>", "", paper(aviary, key).html, flags=re.DOTALL))
    shown = re.sub(r"\S+@\S+", " ", html.unescape(shown)).replace("kind, true things", "")  # a rule's own words
    assert set(re.findall(r"\b[a-z]+_[a-z_]+\b", shown)) == set()
    assert re.findall(r"[{}\[\]]\s*\"|\b(?:true|false|null)\b", shown) == []


@pytest.mark.parametrize("key", KEYS)
def test_paper_has_no_empty_column_and_no_word_of_the_machine(aviary: Aviary, key: str) -> None:
    shown = paper(aviary, key).html
    for table in re.findall(r"<table class=\"list.*?</table>", shown, flags=re.DOTALL):
        assert ">More</th>" not in table or re.search(r"</td><td>[^<]", table)
    text = html.unescape(re.sub(r"<[^>]+>", " ", shown))
    assert [word for word in ("sha256", "by the system itself, by the system") if word in text] == []


def test_answers_that_wait_are_told_under_the_childs_name(aviary: Aviary) -> None:
    with aviary.database.reading() as db:
        child = next(row for row in people.children(db) if row.full_name == "Qwillon Vertrax")
        ann = people.persons_by_id(db, [aviary.rows["ann"].person_id])[aviary.rows["ann"].person_id]
        names = subject_access_paper.names_of_keys(db, Who(db, ann).own_children.values())
    said = subject_access_paper.said("", {"pictures": {child.public_id: {"website": "yes"}}}, names)
    assert child.public_id not in said
    assert said.startswith("Choices about pictures: Qwillon Vertrax: ")


def test_a_parent_gets_all_that_is_theirs(aviary: Aviary) -> None:
    found = data_of(paper(aviary, "ann"))
    (person,) = section(found, "person")
    assert (person["forename"], person["surname"]) == ("Brixanne", "Tolvane")
    (guardian,) = section(found, "guardian")
    assert (guardian["email"], guardian["mobile"]) == ("ann.canary@families.example", "07700 900001")
    assert {row["child"] for row in section(found, "guardianship")} == {
        "own child: Qwillon Vertrax",
        "own child: Jofrina Oskwell",
    }
    assert len(section(found, "consent_decision")) == 20
    assert {row["outcome"] for row in section(found, "signature")} == {"signed", "withdrawn"}
    assert section(found, "message")[0]["status"] == "bounced"
    assert "[private link]" in section(found, "message")[0]["text"]
    assert section(found, "access_session")
    assert section(found, "private_link")
    assert section(found, "failed_attempt")
    assert section(found, "address_trouble")
    assert section(found, "document")
    signed = next(entry for entry in found["ledger"] if entry["kind"] == "signed")
    assert signed["details"]["typed_name"] == "Brixanne Tolvane"
    assert signed["details"]["mark"] == canaries.MARK
    assert signed["details"]["came_by"] == {"browser": "Test/1.0", "sent_to": "ann.canary@families.example"}
    assert found["lists_naming_this_person"]


def test_a_child_is_told_what_was_chosen_and_not_by_whom(aviary: Aviary) -> None:
    found = data_of(paper(aviary, "max"))
    assert {row["guardian"] for row in section(found, "consent_decision")} == {
        "a parent or carer (Mother)",
        "a parent or carer (Father)",
    }
    assert section(found, "image_block")[0]["placed_by"] == "a member of staff"
    chosen = next(entry for entry in found["ledger"] if entry["kind"] == "consent_recorded")
    assert chosen["act"]["answers"]["website"] == "yes"
    assert chosen["act"]["guardian"] == "a parent or carer (Mother)"
    assert {"typed_name", "signer_name", "mark", "came_by"} <= set(chosen["held_back"])


def test_an_answer_recorded_by_the_office_is_the_parents_own(aviary: Aviary) -> None:
    found = data_of(paper(aviary, "cass"))
    on_paper = [entry for entry in found["ledger"] if entry["channel"] == "paper" and entry["kind"] != "signed"]
    assert on_paper
    assert all(entry["by"] == "a member of staff" for entry in on_paper)
    assert all("recorded_by_name" in entry["held_back"] for entry in on_paper)
    assert any("[another person]" in entry["details"].get("note", "") for entry in on_paper)


def test_staff_are_told_what_they_did_and_not_for_whom(aviary: Aviary) -> None:
    found = data_of(paper(aviary, "eve"))
    void = next(entry for entry in found["ledger"] if entry["kind"] == "consent_invalidated")
    assert (void["by"], void["about"], void["act"], void["details"]) == ("this person", "a child", {}, {})


def test_the_pdf_holds_the_same_for_a_computer(aviary: Aviary, printed: Callable[[printing.PrintJob], Path]) -> None:
    found = paper(aviary, "ann")
    path = printed(found)
    with pikepdf.open(path) as pdf:
        carried = pdf.attachments[DATA_NAME].get_file().read_bytes()
    assert carried == found.embedded[0].content


def test_every_table_and_column_has_been_decided_on() -> None:
    tables = Base.metadata.tables
    given = {each.table for each in HOLDINGS}
    assert given | set(LEFT_OUT) | set(LEDGER) == set(tables), "say in subject_access_tables what a person is given"
    assert not given & set(LEFT_OUT)
    for name in given:
        decided = {
            column
            for each in HOLDINGS
            if each.table == name
            for column in (*each.shown, *each.left_out, *each.except_for)
        }
        undecided = {column.name for column in tables[name].columns} - decided
        assert undecided == set(), f"say of {name} whether these are given, or why not"


def test_every_column_that_refers_to_a_person_makes_its_row_found() -> None:
    """A row is a person's when any of its references to persons is theirs."""
    for name, table in Base.metadata.tables.items():
        if name in LEFT_OUT or name in LEDGER:
            continue
        pointing = {
            column.name
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table.name in ("person", "child", "guardian", "staff_member")
        }
        found = {column for each in HOLDINGS if each.table == name for column in each.mine}
        assert pointing - found <= {"line_manager_id"}, name


def test_every_column_that_is_given_has_a_name_on_paper() -> None:
    plain = {column for each in HOLDINGS for column in (*each.given, *each.own_texts, *each.others_texts)}
    pointing = {column.removesuffix("_id") for each in HOLDINGS for column in (*each.people, *each.classes)}
    assert plain | pointing | {"wording"} == set(LABELS)


@pytest.mark.parametrize(
    ("text", "own", "others"),
    [
        ("Brixanne Tolvane rang.", "[another person] rang.", "[another person] rang."),
        ("brixanne tolvane’s mother", "[another person] mother", "[another person] mother"),
        ("Brixanne rang", "Brixanne rang", "[another person] rang"),
        ("ann.canary@families.example", "[another person’s address]", "[another person’s address]"),
        ("new@elsewhere.example", "new@elsewhere.example", "[another person’s address]"),
        ("born 19/10/2017 or 19 October 2017", "born [another person] or [another person]", None),
        ("Call 07700 900002", "Call [another person]", None),
        ("Zebdor Hulmick and I", "Zebdor Hulmick and I", "Zebdor Hulmick and I"),
        ("", "", ""),
    ],
)
def test_others_are_taken_out_of_a_text(aviary: Aviary, text: str, own: str, others: str | None) -> None:
    with aviary.database.reading() as db:
        names = OtherNames(
            db,
            aviary.canaries["cass"].id,
            child_ids={aviary.canaries["cy"].id},
            own_addresses={"cass.canary@families.example"},
            harmless=SCHOOL.name,
        )
    assert names.out_of(text, own_words=True) == own
    assert names.out_of(text, own_words=False) == (own if others is None else others)


def test_it_is_gathered_in_time_for_a_person_with_a_long_story(aviary: Aviary) -> None:
    with aviary.database.reading() as db:
        found = subject_access(db, aviary.canaries["eve"].id, school=SCHOOL)
    assert found.ledger
    assert not re.search("Vertrax", str(found.sections))
