"""Names as families have them: one name, two people in one cell, names known by; and roles that are no staff."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core.actor import SYSTEM
from oval_aup.people import roster
from tests.people.makers import bring_in, class_list, class_row, contacts, link, look, member, plan_of, sentences, sheet

ONE_ROSTER = "sourcedId,status,dateLastModified,enabledUser,role,givenName,familyName,identifier,email,grades,password"


def _families(db: Session) -> dict[str, list[people.GuardianRow]]:
    return {
        child.full_name: [link.guardian for link in people.guardians_of(db, child.person_id)]
        for child in people.children(db)
    }


def test_people_with_one_name_are_people(db: Session) -> None:
    wide = class_list(
        class_row(1, CHILD_FIRST_NAME="Farzana", CHILD_LAST_NAME="", PARENT_1_NAME="Gul Bibi"),
        class_row(2, CHILD_FIRST_NAME="", CHILD_LAST_NAME="Rahmatullah", PARENT_1_NAME="Abdul"),
        class_row(3, CHILD_FIRST_NAME=".", CHILD_LAST_NAME="Thiruvalluvar", PARENT_1_NAME="Mrs Patel"),
    )
    bring_in(db, wide)
    found = _families(db)
    assert list(found) == ["Farzana", "Rahmatullah", "Thiruvalluvar"]
    assert [child.forename for child in people.children(db)] == ["Farzana", "Rahmatullah", "Thiruvalluvar"]
    assert (found["Rahmatullah"][0].full_name, found["Rahmatullah"][0].forename) == ("Abdul", "Abdul")
    assert (found["Thiruvalluvar"][0].full_name, found["Thiruvalluvar"][0].forename) == ("Mrs Patel", "Mrs Patel")
    assert bring_in(db, wide).changed_nothing


def test_a_second_name_that_a_list_lacks_is_kept_and_told(db: Session) -> None:
    bring_in(db, class_list(class_row(1)))
    shown = look(db, class_list(class_row(1, CHILD_LAST_NAME="")))
    assert plan_of(shown).is_empty
    assert "2: Leo Brown has one name only in this file; the surname is kept." in sentences(shown)


def test_two_people_in_one_cell_come_in_as_two_and_are_told(db: Session) -> None:
    wide = class_list(
        class_row(1, PARENT_1_NAME="Mr & Mrs J Patel", PARENT_1_EMAIL="patels@example.org"),
        class_row(2, PARENT_1_NAME="Mr and Mrs Reed", PARENT_1_EMAIL="reeds@example.org"),
        class_row(4, PARENT_1_NAME="Mr and Mrs Reed", PARENT_1_EMAIL="reeds@example.org"),
        class_row(3, PARENT_1_NAME="Mrs T Bello & Mr S Ade", PARENT_1_EMAIL="bello@example.org; ade@example.org"),
    )
    shown = look(db, wide)
    assert "2: “Mr & Mrs J Patel” names two people and is read as Mr J Patel and Mrs Patel." in sentences(shown)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [[(g.full_name, g.email.partition("@")[0]) for g in guardians] for guardians in _families(db).values()] == [
        [("J Patel", "patels"), ("Mrs Patel", "patels")],
        [("Mr Reed", "reeds"), ("Mrs Reed", "reeds")],
        [("T Bello", "bello"), ("S Ade", "ade")],
        [("Mr Reed", "reeds"), ("Mrs Reed", "reeds")],
    ]
    assert len({g.person_id for guardians in _families(db).values() for g in guardians}) == 6
    assert bring_in(db, wide).changed_nothing


def test_two_forenames_and_titles_in_columns_of_their_own_are_two_people(db: Session) -> None:
    together = {"Email": "home@example.org", "Relationship": "Mother and father"}
    rows = [
        link(1, 1, Title="Mr & Mrs", Contact_Forename="", Contact_Surname="Patel", **together),
        link(2, 2, Title="", Contact_Forename="Ann / Bob", Contact_Surname="Brown / Smith", **together),
    ]
    bring_in(db, contacts(*rows))
    assert [[g.full_name for g in guardians] for guardians in _families(db).values()] == [
        ["Mr Patel", "Mrs Patel"],
        ["Ann Brown", "Bob Smith"],
    ]
    told = [
        link.relationship_name for child in people.children(db) for link in people.guardians_of(db, child.person_id)
    ]
    assert told == ["Mother", "father"] * 2
    assert bring_in(db, contacts(*rows)).changed_nothing


def test_the_office_may_say_that_a_cell_names_one_person(db: Session) -> None:
    shown = look(db, class_list(class_row(1, PARENT_1_NAME="Smith & Sons Ltd")))
    (pair,) = plan_of(shown).pairs
    assert (pair.cell, pair.answer) == ("Smith & Sons Ltd", "")
    shown = roster.preview_again(db, shown.public_id, answers={pair.key: "one"}, actor=SYSTEM)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [g.full_name for g in _families(db)["Leo Brown"]] == ["Smith & Sons Ltd"]


def test_a_preferred_name_that_is_no_longer_preferred_goes(db: Session) -> None:
    bring_in(db, contacts(link(3, 1, Preferred_Forename="Yusi Brown")))
    assert list(_families(db)) == ["Yusi Brown"]
    bring_in(db, contacts(link(3, 1)))
    assert list(_families(db)) == ["Yusi Brown"]
    shown = look(db, contacts(link(3, 1, Preferred_Forename="Yusuf")))
    assert [(c.field, c.old, c.new) for c in plan_of(shown).changes] == [("Preferred forename", "Yusi", "")]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert list(_families(db)) == ["Yusuf Brown"]


def test_a_list_of_preferred_names_alone_is_read(db: Session) -> None:
    content = sheet(
        ["Chosen Forename", "Preferred Surname", "DOB", "Year"],
        [{"Chosen Forename": "Yusi", "Preferred Surname": "Khan", "DOB": "05/06/2018", "Year": "4"}],
    )
    bring_in(db, content)
    assert list(_families(db)) == ["Yusi Khan"]


def test_pupils_and_parents_in_a_list_of_all_users_never_become_staff(db: Session) -> None:
    rows = (
        "u1,active,,true,student,Ann,Ash,401,ann@pupils.example.org,03,",
        "g1,active,,true,guardian,Mo,Ash,,mo@example.org,,",
        "t1,active,,true,teacher,Lee,Reed,,lee@example.org,,",
    )
    shown = look(db, "\n".join((ONE_ROSTER, *rows)).encode())
    assert shown.kind != "staff"
    assert shown.plan is None
    assert "pupils, parents and staff in one" in shown.gaps[0]
    shown = roster.preview_again(db, shown.public_id, kind="staff", actor=SYSTEM)
    assert sentences(shown, "error") == [
        "2: “student” is not a member of staff.",
        "3: “guardian” is not a member of staff.",
    ]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [row.full_name for row in people.staff(db)] == ["Lee Reed"]


@pytest.mark.parametrize("post", ["Student teacher", "Parent governor", "Child minder", "Family support worker"])
def test_posts_that_only_sound_like_pupils_or_parents_are_posts(db: Session, post: str) -> None:
    assert sentences(look(db, sheet(list(member(1)), [member(1, Post=post)])), "error") == []


def test_a_third_parent_in_a_row_is_not_left_out_in_silence(db: Session) -> None:
    row = class_row(1, PARENT_1_NAME="Ann Brown") | {"PARENT_3_NAME": "Cass Brown"}
    (told,) = sentences(look(db, sheet(list(row), [row])))
    assert told.startswith("0: “PARENT_3_NAME” is not used: only two parents are read from one row.")


def _nadia(**second: str) -> bytes:
    told = {"PARENT_1_EMAIL": "nadia@example.org", "PARENT_1_PHONE": "07700900201"}
    return class_list(
        class_row(1, PARENT_1_NAME="Mrs Nadia Khan", **told),
        class_row(2, **({"PARENT_1_NAME": "Nadia Begum Khan"} | told | second)),
    )


def test_one_parent_spelt_two_ways_is_proposed_as_one_person_and_a_person_decides(db: Session) -> None:
    shown = look(db, _nadia())
    (double,) = plan_of(shown).doubles
    assert (double.row, double.name, double.other) == (3, "Nadia Khan", "Nadia Begum Khan (nadia@example.org)")
    assert "3: Nadia Begum Khan and Nadia Khan (row 2) may be one person: both have nadia@example.org." in sentences(
        shown
    )
    assert sum(joiner.kind == "guardian" for joiner in plan_of(shown).joiners) == 2
    shown = roster.preview_again(db, shown.public_id, answers={double.key: "one"}, actor=SYSTEM)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    (leo,), (maja,) = _families(db).values()
    assert leo.person_id == maja.person_id
    again = look(db, _nadia())
    assert (plan_of(again).is_empty, plan_of(again).doubles) == (True, [])


def test_two_people_who_were_said_to_be_two_stay_two_and_are_not_asked_about_again(db: Session) -> None:
    bring_in(db, _nadia())
    assert len({g.person_id for found in _families(db).values() for g in found}) == 2
    again = look(db, _nadia())
    assert (plan_of(again).is_empty, plan_of(again).doubles) == (True, [])


@pytest.mark.parametrize(
    ("second", "asked"),
    [
        ({"PARENT_1_NAME": "N Khan"}, True),
        ({"PARENT_1_NAME": "Nadia Kahn"}, True),
        ({"PARENT_1_NAME": "Nadia Ahmed"}, True),
        ({"PARENT_1_EMAIL": ""}, True),
        ({"PARENT_1_EMAIL": "", "PARENT_1_PHONE": ""}, False),
        ({"PARENT_1_NAME": "Imran Khan"}, False),
    ],
)
def test_only_names_alike_at_one_address_or_telephone_are_asked_about(
    db: Session, second: dict[str, str], asked: bool
) -> None:
    assert bool(plan_of(look(db, _nadia(**second))).doubles) is asked


def test_a_parent_known_by_another_spelling_is_proposed_too(db: Session) -> None:
    bring_in(db, class_list(class_row(1, PARENT_1_NAME="Nadia Khan", PARENT_1_EMAIL="nadia@example.org")))
    more = class_list(class_row(2, PARENT_1_NAME="Nadia Begum Khan", PARENT_1_EMAIL="nadia@example.org"))
    shown = look(db, more, partial=True)
    (double,) = plan_of(shown).doubles
    assert double.other == "Nadia Khan in our records (nadia@example.org)"
    shown = roster.preview_again(db, shown.public_id, answers={double.key: "one"}, actor=SYSTEM)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert len({g.person_id for found in _families(db).values() for g in found}) == 1


def test_two_rows_that_differ_in_the_contact_number_alone_are_one_person(db: Session) -> None:
    twice = link(1, 1), link(1, 1, Contact_ID="C99", Priority="2")
    shown = look(db, contacts(*twice))
    assert sentences(shown) == [
        "3: Ann Brown is also in row 2, with another contact number: they are treated as one person."
    ]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [g.full_name for g in _families(db)["Leo Brown"]] == ["Ann Brown"]
    assert plan_of(look(db, contacts(*twice))).is_empty
    assert plan_of(look(db, contacts(twice[1]))).joiners == []


def test_father_and_grandfather_of_one_name_and_address_stay_two(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(1, 1, Contact_ID="C99", Relationship="Grandmother")))
    assert len(_families(db)["Leo Brown"]) == 2


def test_namesakes_with_their_own_addresses_stay_two_though_they_share_a_telephone(db: Session) -> None:
    """Two mothers of different children, one number for both: neither becomes a contact of the other's child."""
    rows = []
    for number, email in ((1, "home@example.org"), (2, "other@example.org")):
        row = class_row(number, PARENT_1_NAME="Ann Brown", PARENT_1_EMAIL=email, PARENT_1_PHONE="07700 900123")
        rows.append(row | {"PARENT_2_NAME": "", "PARENT_2_EMAIL": "", "PARENT_2_PHONE": ""})
    content = class_list(*rows)
    for _again in range(2):
        bring_in(db, content)
        reached = [
            [link.guardian.email for link in people.guardians_of(db, child.person_id)] for child in people.children(db)
        ]
        assert reached == [["home@example.org"], ["other@example.org"]]
    assert plan_of(look(db, content)).is_empty
