"""Staff lists, staff who are parents too, and headings that are guessed, chosen and remembered."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import Invalid
from oval_aup.people import roster
from oval_aup.people.roster.mapping import guess, guess_kind
from oval_aup.people.roster.staffing import staff_group
from tests.people.makers import (
    bring_in,
    class_list,
    class_row,
    contacts,
    link,
    look,
    member,
    plan_of,
    sentences,
    sheet,
    staff_list,
)


def _member(db: Session, name: str) -> people.StaffRow:
    return next(row for row in people.staff(db) if row.full_name == name)


def test_a_staff_list_brings_posts_classes_and_line_managers(db: Session) -> None:
    bring_in(db, staff_list(member(2, Class="4C"), member(1)))
    head, teacher = _member(db, "Gwen Hughes"), _member(db, "Hana Hughes2")
    assert (head.staff_group, teacher.staff_group) == ("leadership", "teaching")
    assert (teacher.class_name, teacher.line_manager_id) == ("4C", head.person_id)
    assert teacher.starts_on == dt.date(2015, 9, 1)
    assert bring_in(db, staff_list(member(1), member(2, Class="4C"))).changed_nothing


@pytest.mark.parametrize(
    ("post", "group"),
    [
        ("Head teacher", "leadership"), ("Deputy head", "leadership"), ("Class teacher", "teaching"),
        ("Teaching assistant", "support"), ("HLTA", "support"), ("Midday supervisor", "support"), ("Caretaker", "site"),
        ("Office manager", "office"), ("Clerk to the governors", "office"), ("Parent governor", "governor"),
        ("Volunteer reader", "volunteer"), ("Supply teacher", "visiting"), ("Sports coach", "visiting"),
        ("", "support"),
        ("SENCO", "teaching"),
    ],
)  # fmt: skip
def test_posts_fall_into_groups(post: str, group: str) -> None:
    assert staff_group(post) == group


@pytest.mark.parametrize("staff_first", [True, False])
def test_a_parent_who_works_here_is_one_person(db: Session, staff_first: bool) -> None:
    files = [
        staff_list(member(1), member(2, Forename="Ann", Surname="Brown", Work_Email="Adult1@example.org")),
        contacts(link(1, 1)),
    ]
    for content in files if staff_first else reversed(files):
        bring_in(db, content)
    (ann,) = people.guardians_asked(db)
    both = people.person_by_id(db, ann.person_id)
    assert (both.is_guardian, both.is_staff) == (True, True)
    assert _member(db, "Ann Brown").person_id == ann.person_id
    for content in files:
        assert bring_in(db, content).changed_nothing


@pytest.mark.parametrize("code", ["S002", ""])
def test_a_work_address_put_right_by_hand_survives_the_next_list(db: Session, code: str) -> None:
    listed = staff_list(member(1), member(2, Staff_Code=code, Work_Email="hanna@oval.example.org"))
    bring_in(db, listed)
    hana = _member(db, "Hana Hughes2").person_id
    people.set_email(db, hana, "hana@oval.example.org", SYSTEM)
    shown = look(db, listed)
    assert any("hana@oval.example.org, and it stays. The list says hanna@" in told for told in sentences(shown))
    assert plan_of(shown).is_empty
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert people.staff_member(db, hana).work_email == "hana@oval.example.org"
    (row,) = people.standing_corrections(db)
    assert (row.field, row.before, row.value) == ("work_email", "hanna@oval.example.org", "hana@oval.example.org")
    again = look(db, listed)
    roster.preview_again(db, again.public_id, answers={plan_of(again).kept[0].key: "list"}, actor=SYSTEM)
    roster.apply(db, again.public_id, actor=SYSTEM)
    assert people.staff_member(db, hana).work_email == "hanna@oval.example.org"
    assert people.standing_corrections(db) == ()


def test_spouses_who_share_an_address_stay_two_people(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    shown = look(db, staff_list(member(1, Forename="Bob", Surname="Brown", Work_Email="adult1@example.org")))
    assert "shares an email address with Ann Brown" in sentences(shown)[0]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert not people.person_by_id(db, _member(db, "Bob Brown").person_id).is_guardian


def test_a_parent_who_leaves_the_staff_stays_a_parent(db: Session) -> None:
    everybody = [member(1), member(2), member(3, Forename="Ann", Surname="Brown", Work_Email="adult1@example.org")]
    bring_in(db, contacts(link(1, 1)))
    bring_in(db, staff_list(*everybody))
    done = bring_in(db, staff_list(*everybody[:2]))
    assert done.summary["staff_leavers"] == 1
    (ann,) = people.guardians_asked(db)
    assert not people.person_by_id(db, ann.person_id).archived
    assert bring_in(db, staff_list(*everybody)).summary["staff_returners"] == 1


def test_nobody_is_thrown_out_by_their_own_import(db: Session) -> None:
    bring_in(db, staff_list(member(1), member(2), member(3)))
    me = _member(db, "Hana Hughes2")
    actor = Actor(role="admin", person_id=me.person_id, pseudonym=me.pseudonym)
    shown = roster.preview(db, "staff.csv", staff_list(member(1), member(3)), actor=actor)
    assert plan_of(shown).is_empty
    assert "is importing it, and stays" in sentences(shown)[0]


def test_a_log_in_made_at_set_up_is_not_ended_by_a_staff_list(db: Session) -> None:
    people.add_staff_member(db, forename="Eve", surname="Admin", work_email="eve@oval.example.org", actor=SYSTEM)
    shown = look(db, staff_list(member(1)))
    assert plan_of(shown).leavers == []
    (asked,) = plan_of(shown).unlisted
    assert (asked.name, asked.answer) == ("Eve Admin", "")
    assert sentences(shown) == ["0: Eve Admin has no office number and is not in this file: they stay until you say."]
    shown = roster.preview_again(db, shown.public_id, answers={asked.key: "left"}, actor=SYSTEM)
    assert [leaver.name for leaver in plan_of(shown).leavers] == ["Eve Admin"]


def test_a_mailbox_handed_on_is_another_person(db: Session) -> None:
    bring_in(db, staff_list(member(1), member(2, Work_Email="office@oval.example.org"), member(3)))
    done = bring_in(db, staff_list(member(1), member(3), member(4, Work_Email="office@oval.example.org")))
    assert (done.summary["staff_joiners"], done.summary["staff_leavers"], done.summary["staff_changed"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("rows", "severity", "sentence"),
    [
        ([member(1), member(1, Forename="Ida")], "error", "already Gwen Hughes’s in row 2"),
        ([member(1, Staff_Code="", Work_Email="")], "error", "neither a staff code nor a work email"),
        ([member(1, Surname="", Forename="")], "error", "name is missing"),
        ([member(1, Surname="")], "warning", "Gwen has one name only"),
        ([member(1, Forename="Gwen & Ida")], "error", "names several people: give each one a row"),
        ([member(1), member(2, Post="Student"), member(3)], "error", "“Student” is not a member of staff"),
        ([member(1), member(2, Post="Parent, Carer"), member(3)], "error", "“Parent, Carer” is not a member of staff"),
        ([member(1, Work_Email="gwen")], "warning", "cannot log in"),
        ([member(1, Start_Date="31/31/2020")], "warning", "calendar"),
        ([member(1, Line_Manager="S999")], "warning", "is not in this list"),
        ([member(1, Line_Manager="S001")], "warning", "is this person"),
        ([member(1, Class="Owls")], "warning", "There is no class Owls yet"),
    ],
)
def test_staff_rows_are_judged_one_by_one(
    db: Session, rows: list[dict[str, str]], severity: str, sentence: str
) -> None:
    assert any(sentence in told for told in sentences(look(db, staff_list(*rows)), severity))


@pytest.mark.parametrize(
    ("headers", "kind", "expected"),
    [
        ("Forename,Surname,UPN,Year,Reg,DOB", "classes", {"child_class": "Reg", "child_born_on": "DOB"}),
        ("First name,Last name,UPN,Year group,Registration form", "classes", {"child_forename": "First name"}),
        ("FirstName,LastName,UPN,YearGroup,Form", "classes", {"child_surname": "LastName", "child_class": "Form"}),
        ("DOB,Name,Class,Parent1Name,Parent1Email", "classes", {"parent_1_full_name": "Parent1Name"}),
        (
            "Student ID,Forename,Surname,Parent ID,Priority,Parental Responsibility,Parent Forename,Primary Email",
            "contacts",
            {"child_mis_id": "Student ID", "contact_id": "Parent ID", "child_forename": "Forename"},
        ),
        ("Name,Job title,E-mail,Line manager", "staff", {"staff_full_name": "Name", "staff_post": "Job title"}),
        ("Employee ID,First Name,Last Name,Role", "staff", {"staff_code": "Employee ID", "staff_post": "Role"}),
    ],
)  # fmt: skip
def test_headings_of_known_systems_are_guessed(headers: str, kind: str, expected: dict[str, str]) -> None:
    names = headers.split(",")
    assert guess_kind(names) == kind
    assert expected.items() <= guess(names, kind).items()


def test_unknown_headings_are_asked_for_and_then_remembered(db: Session) -> None:
    strange = {"UPN": "UPN", "Vorname": "Legal Forename", "Nachname": "Legal Surname", "Geburtstag": "Date of Birth"}
    strange |= {"Jahr": "Year", "Kontakt": "Contact Surname"}
    row = link(1, 1)
    content = sheet(list(strange), [{mine: row[theirs] for mine, theirs in strange.items()}])
    shown = look(db, content, kind="contacts")
    assert shown.plan is None
    assert len(shown.gaps) == 4
    with pytest.raises(Invalid, match="forename and surname"):
        roster.apply(db, shown.public_id, actor=SYSTEM)
    mapping = {
        "child_upn": "UPN",
        "child_forename": "Vorname",
        "child_surname": "Nachname",
        "child_born_on": "Geburtstag",
        "child_year_group": "Jahr",
        "contact_surname": "Kontakt",
        "no_such_field": "UPN",
        "contact_email": "no such column",
    }
    shown = roster.preview_again(db, shown.public_id, mapping=mapping, actor=SYSTEM)
    assert set(shown.mapping) == set(mapping) - {"no_such_field", "contact_email"}
    roster.apply(db, shown.public_id, actor=SYSTEM)
    remembered = look(db, content)
    assert (remembered.kind, remembered.mapping) == ("contacts", shown.mapping)
    assert plan_of(remembered).is_empty


def test_a_kind_changed_by_hand_is_guessed_anew(db: Session) -> None:
    shown = look(db, class_list(class_row(1, PARENT_1_NAME="Ann Brown")))
    assert shown.kind == "classes"
    again = roster.preview_again(db, shown.public_id, kind="staff", actor=SYSTEM)
    assert (again.kind, again.plan) == ("staff", None)
    with pytest.raises(Invalid):
        roster.preview_again(db, shown.public_id, kind="parents", actor=SYSTEM)


def test_a_preview_in_text_holds_counts_names_and_reasons(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2)))
    text = roster.as_text(look(db, contacts(link(1, 1, Reg="4A"), link(3, 3), link(4, 4, Date_of_Birth="nn"))))
    for expected in (
        "1 child to add",
        "row 3: Yusuf Brown (Year 4, 4C, born ",
        "1 child leaving",
        "row 2: Leo Brown: Class: 4C → 4A",
        "1 row left out",
        "row 4: “nn” is not a date",
        "Date of birth ← Date of Birth",
        "--confirm-leavers",
    ):
        assert expected in text
    done = bring_in(db, contacts(link(1, 1, Reg="4A"), link(3, 3)))
    assert "1 child joined" in roster.applied_as_text(done)
    assert roster.applied_as_text(bring_in(db, contacts(link(1, 1, Reg="4A"), link(3, 3)))).endswith(
        "nothing had to change."
    )
