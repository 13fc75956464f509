"""Children and their contacts come in from two shapes of list and are never doubled, merged or lost."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.people import roster
from tests.people import builders
from tests.people.makers import bring_in, class_list, class_row, contacts, link, look, plan_of, sentences, upn


def _counts(db: Session) -> dict[str, int]:
    tables = ("person", "child", "guardian", "guardianship", "staff_member", "school_class")
    return {name: db.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0 for name in tables}


def _child(db: Session, name: str) -> people.ChildRow:
    return next(child for child in people.children(db) if child.full_name == name)


def _links(db: Session, name: str) -> dict[str, people.GuardianshipRow]:
    return {link.guardian.full_name: link for link in people.guardians_of(db, _child(db, name).person_id)}


def test_a_preview_changes_nobody(db: Session) -> None:
    shown = look(db, contacts(link(1, 1), link(1, 2)))
    assert [joiner.name for joiner in plan_of(shown).joiners] == ["Leo Brown", "Ann Brown", "Bob Brown"]
    assert _counts(db) == dict.fromkeys(_counts(db), 0)


def test_a_contacts_list_brings_children_guardians_and_classes(db: Session) -> None:
    done = bring_in(db, contacts(link(1, 1), link(1, 2, Relationship="Father", Lives_With_Pupil="F"), link(2, 1)))
    assert (done.summary["child_joiners"], done.summary["guardian_joiners"]) == (2, 2)
    assert len(done.joiner_ids) == 4
    leo = _child(db, "Leo Brown")
    assert (leo.born_on, leo.year_group, leo.class_name) == (dt.date(2018, 6, 2), "4", "4C")
    father = _links(db, "Leo Brown")["Bob Brown"]
    assert (father.relationship_name, father.parental_responsibility, father.lives_with) == ("Father", "yes", False)
    assert [link.child.forename for link in people.children_of(db, father.guardian.person_id)] == ["Leo"]
    assert [group.name for group in people.classes(db)] == ["4C"]


def test_the_same_file_twice_changes_nothing(db: Session) -> None:
    content = contacts(link(1, 1), link(1, 2), link(2, 3))
    bring_in(db, content)
    before = _counts(db)
    again = bring_in(db, content)
    assert again.changed_nothing
    assert _counts(db) == before


def test_rows_in_another_order_change_nothing(db: Session) -> None:
    rows = [link(1, 1), link(1, 2), link(2, 3), link(3, 4)]
    bring_in(db, contacts(*rows))
    assert plan_of(look(db, contacts(*reversed(rows)))).is_empty


def _both_shapes() -> tuple[bytes, bytes]:
    """Two siblings and another child, with a father of no address; the class list knows no contact numbers."""
    long = contacts(
        link(1, 1),
        link(1, 2, Email="", Mobile="", Priority="2"),
        link(2, 1, Legal_Surname="Brown"),
        link(2, 2, Email="", Mobile="", Priority="2"),
        link(3, 9, Preferred_Forename="Yusi"),
    )
    parents = {
        "PARENT_1_NAME": "Ann Brown",
        "PARENT_1_RELATIONSHIP": "Mother",
        "PARENT_1_EMAIL": "adult1@example.org",
        "PARENT_1_PHONE": "07700 900001",
        "PARENT_2_NAME": "Bob Brown",
        "PARENT_2_RELATIONSHIP": "Mother",
    }
    wide = class_list(
        class_row(1, **parents),
        class_row(2, **parents, CHILD_LAST_NAME="Brown"),
        class_row(
            3,
            CHILD_PREFERRED_FIRST_NAME="Yusi",
            PARENT_1_NAME="Cass Nowak",
            PARENT_1_RELATIONSHIP="Mother",
            PARENT_1_EMAIL="adult9@example.org",
            PARENT_1_PHONE="07700 900009",
        ),
    )
    return long, wide


def test_a_class_list_after_the_contacts_list_adds_nothing(db: Session) -> None:
    long, wide = _both_shapes()
    bring_in(db, long)
    assert bring_in(db, wide).changed_nothing


def test_a_contacts_list_after_the_class_list_only_fills_blanks(db: Session) -> None:
    long, wide = _both_shapes()
    bring_in(db, wide)
    before = _counts(db)
    assert (before["child"], before["guardian"], before["guardianship"]) == (3, 3, 5)
    shown = look(db, long)
    assert {change.old for change in plan_of(shown).changes} <= {"", "unknown", "not known", "Parent or carer"}
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert _counts(db) == before
    assert bring_in(db, wide).changed_nothing
    assert bring_in(db, long).changed_nothing


def test_twins_stay_two(db: Session) -> None:
    twin = {"Date_of_Birth": "05/06/2018", "Legal_Surname": "Khan"}
    bring_in(db, contacts(link(1, 1, **twin), link(2, 1, **twin)))
    assert sorted(child.full_name for child in people.children(db)) == ["Leo Khan", "Maja Khan"]
    assert len(people.guardians_asked(db)) == 1


def test_two_people_at_one_mailbox_stay_two(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Email="home@example.org"), link(1, 2, Email="home@example.org")))
    assert people.mailbox_sharers(db, "HOME@example.org") == 2
    assert bring_in(
        db, contacts(link(1, 1, Email="home@example.org"), link(1, 2, Email="home@example.org"))
    ).changed_nothing


def test_guardians_of_one_name_in_two_families_stay_apart(db: Session) -> None:
    wide = class_list(class_row(1, PARENT_1_NAME="Ann Khan"), class_row(2, PARENT_1_NAME="Ann Khan"))
    bring_in(db, wide)
    assert _counts(db)["guardian"] == 2
    assert bring_in(db, wide).changed_nothing


def test_father_and_son_of_one_name_beside_one_child_stay_two(db: Session) -> None:
    wide = class_list(
        class_row(
            1,
            PARENT_1_NAME="Ali Khan",
            PARENT_1_EMAIL="elder@example.org",
            PARENT_2_NAME="Ali Khan",
            PARENT_2_EMAIL="younger@example.org",
        )
    )
    bring_in(db, wide)
    assert _counts(db)["guardian"] == 2
    assert bring_in(db, wide).changed_nothing


def test_a_leaver_is_archived_and_their_guardian_with_them(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2), link(3, 3)))
    gone = _child(db, "Maja Brown")
    shown = look(db, contacts(link(1, 1), link(3, 3)))
    assert [(leaver.kind, leaver.name) for leaver in plan_of(shown).leavers] == [
        ("child", "Maja Brown"),
        ("guardian", "Bob Brown"),
    ]
    done = roster.apply(db, shown.public_id, actor=SYSTEM)
    assert gone.person_id in done.leaver_ids
    assert people.child_by_id(db, gone.person_id).archived_on == dt.date(2026, 11, 22)
    assert people.person(db, gone.public_id).archived
    assert len(people.guardians_asked(db)) == 2
    assert _counts(db)["child"] == 3


def test_a_leaver_who_returns_is_the_same_person_again(db: Session) -> None:
    everybody = contacts(link(1, 1), link(2, 2), link(3, 3))
    bring_in(db, everybody)
    maja = _child(db, "Maja Brown")
    bring_in(db, contacts(link(1, 1), link(3, 3)))
    shown = look(db, everybody)
    assert [(joiner.name, joiner.returning) for joiner in plan_of(shown).joiners] == [
        ("Maja Brown", True),
        ("Bob Brown", True),
    ]
    roster.apply(db, shown.public_id, confirm_leavers=True, actor=SYSTEM)
    assert _child(db, "Maja Brown") == maja
    assert _links(db, "Maja Brown")["Bob Brown"].guardian.archived_on is None


def test_a_list_of_part_of_the_school_makes_nobody_a_leaver(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2)))
    shown = look(db, contacts(link(1, 1)), partial=True)
    assert plan_of(shown).is_empty
    assert roster.preview_again(db, shown.public_id, partial=False, actor=SYSTEM).plan != shown.plan


def test_a_file_that_would_empty_the_school_needs_a_clear_yes(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2), link(3, 3)))
    shown = look(db, contacts(link(1, 1)))
    assert (plan_of(shown).leaving_share, plan_of(shown).needs_confirmation) == (67, True)
    with pytest.raises(Invalid, match="67 %") as refusal:
        roster.apply(db, shown.public_id, actor=SYSTEM)
    assert "confirm_leavers" in refusal.value.fields
    assert len(people.children(db)) == 3
    roster.apply(db, shown.public_id, confirm_leavers=True, actor=SYSTEM)
    assert len(people.children(db)) == 1


def test_a_class_that_is_missing_as_a_whole_is_pointed_out(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2), link(3, 3, Reg="4A"), link(4, 4, Reg="4A"), link(5, 5, Reg="4C")))
    assert "Nobody of class 4A is in this file" in sentences(look(db, contacts(link(1, 1), link(2, 2), link(5, 5))))[0]


def test_a_slip_in_a_date_makes_nobody_a_leaver(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2), link(3, 3)))
    shown = look(db, contacts(link(1, 1), link(2, 2, Date_of_Birth="31/02/2018"), link(3, 3)))
    assert plan_of(shown).is_empty
    assert sentences(shown) == ["3: “31/02/2018” is not a day in the calendar (day/month/year is expected)."]


def test_a_slip_in_one_row_of_a_child_ends_none_of_their_contacts(db: Session) -> None:
    rows = [link(1, 1), link(1, 2, Relationship="Father"), link(2, 3)]
    bring_in(db, contacts(*rows))
    for slip in ({"Date_of_Birth": "31/02/2018"}, {"Legal_Forename": "", "Legal_Surname": ""}):
        shown = look(db, contacts(rows[0], link(1, 2, Relationship="Father", **slip), rows[2]))
        assert plan_of(shown).is_empty
        assert len(sentences(shown, "error")) == 1


def test_the_list_of_another_school_makes_nobody_a_leaver(db: Session) -> None:
    """Their office numbers are ours with other children behind them; the one number that is missing is chance."""
    bring_in(db, contacts(link(1, 1), link(2, 2), link(3, 3)))
    others = [link(n, n + 6, Legal_Forename="Ola", Legal_Surname="Wu", Date_of_Birth="09/09/2017") for n in (1, 2)]
    shown = look(db, contacts(*others))
    assert plan_of(shown).leavers == []
    assert any("nobody counts as having left" in told for told in sentences(shown))


def test_dates_with_the_month_first_are_refused_as_a_whole(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Date_of_Birth="05/06/2018"), link(2, 2, Date_of_Birth="14/06/2018")))
    turned = contacts(link(1, 1, Date_of_Birth="06/05/2018"), link(2, 2, Date_of_Birth="6/14/2018"))
    shown = look(db, turned)
    assert shown.plan is None
    assert shown.gaps == (
        (
            "The dates in “Date of Birth” have the month first, such as 6/14/2018."
            " Export them as day/month/year or as 2018-06-05."
        ),
    )
    with pytest.raises(Invalid, match="month first"):
        roster.apply(db, shown.public_id, actor=SYSTEM)
    assert _child(db, "Leo Brown").born_on == dt.date(2018, 6, 5)


def test_a_name_that_lost_letters_on_the_way_changes_and_doubles_nobody(db: Session) -> None:
    """Excel’s plain CSV writes a question mark for every letter that Windows-1252 lacks."""
    rows = [link(6, 1, Contact_Surname="Łukasik"), link(1, 2)]
    bring_in(db, contacts(*rows))
    lost = [
        {key: cell.encode("cp1252", "replace").decode("cp1252") for key, cell in row.items()}
        for row in (*rows, link(1, 1, Contact_Surname="Łukasik"))
    ]
    shown = look(db, contacts(*lost))
    assert plan_of(shown).is_empty
    assert sentences(shown) == [
        "2: “?tefan” has lost a letter: save the list as “CSV UTF-8” and choose it again.",
        "4: “?ukasik” has lost a letter: save the list as “CSV UTF-8” and choose it again. This contact was left out.",
    ]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"Date_of_Birth": "01/01/2031"}, "lies in the future"),
        ({"Date_of_Birth": "01/01/1931"}, "too long ago"),
        ({"Date_of_Birth": ""}, "date of birth is missing"),
        ({"Legal_Forename": "", "Legal_Surname": "."}, "name is missing"),
        ({"Year": "11"}, "not a year group"),
        ({"Adno": "9" * 60}, "too long for an office number"),
    ],
)
def test_a_row_with_an_error_is_left_out_and_the_others_apply(
    db: Session, cells: dict[str, str], sentence: str
) -> None:
    shown = look(db, contacts(link(1, 1), link(2, 2, **cells)))
    assert sentence in sentences(shown, "error")[0]
    assert sentences(shown, "error")[0].startswith("3: ")
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [child.full_name for child in people.children(db)] == ["Leo Brown"]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"UPN": "A123"}, "does not pass its check"),
        ({"Email": "ann.example.org"}, "is not an email address"),
        ({"Mobile": "ask mum"}, "is not a telephone number"),
        ({"Parental_Responsibility": "perhaps"}, "Parental responsibility is unknown"),
        ({"Year": "R"}, "one of the two looks wrong"),
        ({"Year": "Owls"}, "is not a year group from Nursery to Year 6. Year 4 is taken from the class."),
        ({"Year": "Owls", "Reg": "Owls"}, "Year 4 is taken from the date of birth."),
        ({"Legal_Surname": "-"}, "Leo has one name only"),
        ({"Email": "a@example.org; b@example.org"}, "several email addresses; a@example.org is used."),
        ({"Mobile": "07700 900001 / 07700 900002"}, "several telephone numbers; 07700 900001 is used."),
        ({"Mobile": "7700900001"}, "7700900001 has lost its first 0; 07700900001 is used."),
        ({"Mobile": "7.7009E+09"}, "a telephone number that a spreadsheet has rounded"),
        ({"Date_of_Birth": "2018-06-04T22:00:00Z"}, "with a time of day: it is read as 04/06/2018"),
        ({"Contact_Surname": "Brown/Smith", "Contact_Forename": "Ann/Bob/Cy"}, "names several people"),
        ({"Legal_Forename": "SiÃ¢n"}, "wrong encoding"),
        ({"Contact_Surname": "", "Contact_Forename": ""}, "has no name and was left out"),
        ({"UPN": "", "Adno": ""}, "known by name and date of birth only"),
    ],
)
def test_a_doubtful_cell_is_a_warning_and_the_row_still_counts(
    db: Session, cells: dict[str, str], sentence: str
) -> None:
    shown = look(db, contacts(link(1, 1, **cells)))
    assert [sentence in told for told in sentences(shown)] == [True]
    assert sentences(shown, "error") == []
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert len(people.children(db)) == 1


def test_a_bad_address_is_stored_blank_and_never_wipes_a_good_one(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Email="adult1@@example.org")))
    assert _links(db, "Leo Brown")["Ann Brown"].guardian.email == ""
    bring_in(db, contacts(link(1, 1)))
    bring_in(db, contacts(link(1, 1, Email="adult1@@example.org")))
    assert _links(db, "Leo Brown")["Ann Brown"].guardian.email == "adult1@example.org"


def test_an_empty_address_keeps_the_one_the_office_entered_and_says_so(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Email="")))
    ann = _links(db, "Leo Brown")["Ann Brown"].guardian
    people.set_email(db, ann.person_id, "Ann@Home.example.org", SYSTEM)
    shown = look(db, contacts(link(1, 1, Email="")))
    assert plan_of(shown).is_empty
    assert "ann@home.example.org is kept" in sentences(shown)[0]


def test_a_contact_barred_by_a_court_is_neither_asked_nor_written_to(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(1, 2, Court_Order="Y")))
    barred = _links(db, "Leo Brown")["Bob Brown"]
    assert (barred.contact_allowed, barred.is_asked, barred.may_choose) == (False, False, False)
    assert people.children_of(db, barred.guardian.person_id) == ()
    assert [guardian.forename for guardian in people.guardians_asked(db)] == ["Ann"]


def test_an_unclear_court_order_bars_until_it_is_put_right(db: Session) -> None:
    shown = look(db, contacts(link(1, 1, Court_Order="see DSL")))
    assert "treated as barred" in sentences(shown)[0]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert not _links(db, "Leo Brown")["Ann Brown"].contact_allowed


def test_lifting_a_bar_is_pointed_out(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Court_Order="Y")))
    assert "no longer barred" in sentences(look(db, contacts(link(1, 1))))[0]


def test_responsibility_is_yes_no_or_unknown_and_a_blank_forgets_nothing(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(1, 2, Parental_Responsibility="F"), link(1, 3, Parental_Responsibility="")))
    bring_in(db, contacts(link(1, 1, Parental_Responsibility=""), link(1, 2, Parental_Responsibility=""), link(1, 3)))
    assert [row.parental_responsibility for row in _links(db, "Leo Brown").values()] == ["yes", "no", "yes"]


def test_a_class_list_knows_nothing_of_responsibility(db: Session) -> None:
    bring_in(db, class_list(class_row(1, PARENT_1_NAME="Mrs Ann van der Berg", PARENT_1_EMAIL="ann@example.org")))
    found = _links(db, "Leo Brown")["Ann van der Berg"]
    assert (found.parental_responsibility, found.is_asked, found.may_choose) == ("unknown", True, True)
    assert (found.relationship_name, found.must_declare, found.counts) == ("Parent or carer", True, False)


def test_a_contact_no_longer_listed_is_ended_and_kept_in_history(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(1, 2)))
    bob = _links(db, "Leo Brown")["Bob Brown"].guardian
    shown = look(db, contacts(link(1, 1)))
    assert [(change.name, change.new) for change in plan_of(shown).changes] == [("Bob Brown", "ended")]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert list(_links(db, "Leo Brown")) == ["Ann Brown"]
    assert people.guardian(db, bob.person_id).archived_on is not None


def test_a_guardian_added_at_the_desk_is_not_ended_by_a_file(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    leo = _child(db, "Leo Brown")
    builders.add_guardian(db, child_id=leo.person_id, forename="Gran", surname="Brown", actor=SYSTEM)
    shown = look(db, contacts(link(1, 1)))
    assert plan_of(shown).is_empty
    assert "stays as entered" in sentences(shown)[0]


def test_a_child_enrolled_at_the_desk_stays_until_the_file_has_them(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    builders.add_child(db, forename="Maja", surname="Brown", born_on=dt.date(2018, 6, 3), year_group="4", actor=SYSTEM)
    assert "Maja Brown has no office number and is not in this file" in sentences(look(db, contacts(link(1, 1))))[0]
    shown = look(db, contacts(link(1, 1), link(2, 2)))
    (question,) = plan_of(shown).matches
    assert (question.name, question.answer) == ("Maja Brown", "")
    assert plan_of(shown).joiners == []
    shown = roster.preview_again(db, shown.public_id, answers={question.key: "same"}, actor=SYSTEM)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert len(people.children(db)) == 2
    assert plan_of(look(db, contacts(link(1, 1), link(2, 2)))).is_empty


def test_same_name_and_birthday_may_be_another_child(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    other = link(1, 2, Adno="777", UPN=upn(777))
    shown = look(db, contacts(link(1, 1), other))
    assert plan_of(shown).matches == []  # both numbers are in this file, so they are two children
    assert [joiner.name for joiner in plan_of(shown).joiners] == ["Leo Brown", "Bob Brown"]
    alone = look(db, contacts(other))
    assert [match.answer for match in plan_of(alone).matches] == [""]
    assert plan_of(alone).leavers == []
    answered = roster.preview_again(db, alone.public_id, answers={"*": "different"}, actor=SYSTEM)
    assert len(plan_of(answered).joiners) == 2


def test_a_list_without_numbers_meets_the_children_it_made_before(db: Session) -> None:
    row = class_row(1, CHILD_UPN="", PARENT_1_NAME="Ann Brown")
    bring_in(db, class_list(row))
    assert bring_in(db, class_list(row)).changed_nothing


def test_a_upn_that_becomes_another_child_is_held_back(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    shown = look(db, contacts(link(1, 1, Legal_Forename="Zara", Legal_Surname="Li", Date_of_Birth="01/02/2019")))
    assert "too unlike" in sentences(shown, "error")[0]
    assert plan_of(shown).is_empty


def test_a_renamed_child_keeps_their_history(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    before = _child(db, "Leo Brown")
    shown = look(db, contacts(link(1, 1, Legal_Surname="Khan-Brown", Preferred_Forename="Lee")))
    assert {(change.field, change.old, change.new) for change in plan_of(shown).changes} == {
        ("Surname", "Brown", "Khan-Brown"),
        ("Preferred forename", "", "Lee"),
    }
    roster.apply(db, shown.public_id, actor=SYSTEM)
    after = _child(db, "Lee Khan-Brown")
    assert (after.person_id, after.pseudonym) == (before.person_id, before.pseudonym)
    assert [found.full_name for found in people.search(db, "khan lee")] == ["Lee Khan-Brown"]


def test_a_new_management_system_with_new_numbers_doubles_nobody(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(1, 2), link(2, 1)))
    before = _counts(db)
    rows = [link(1, 1), link(1, 2), link(2, 1)]
    renumbered = [row | {"Adno": "A-" + row["Adno"], "Contact ID": "X" + row["Contact ID"]} for row in rows]
    done = bring_in(db, contacts(*renumbered))
    assert (done.joiner_ids, done.leaver_ids) == ((), ())
    assert _counts(db) == before


def test_a_guardian_with_a_new_surname_is_known_by_number_or_by_address(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    bring_in(db, contacts(link(1, 1, Contact_Surname="Taylor")))
    wide = class_list(class_row(1, PARENT_1_NAME="Ann Taylor-Smith", PARENT_1_EMAIL="adult1@example.org"))
    bring_in(db, wide)
    assert list(_links(db, "Leo Brown")) == ["Ann Taylor-Smith"]
    assert _counts(db)["guardian"] == 1


def test_a_contact_number_passed_on_to_somebody_else_is_held_back(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    stranger = link(1, 1, Contact_Forename="Zoë", Contact_Surname="Li", Email="zoe@example.org")
    shown = look(db, contacts(stranger))
    assert "too unlike to be one person" in sentences(shown)[0]
    assert plan_of(shown).is_empty


def test_rows_about_one_child_that_disagree_are_told(db: Session) -> None:
    shown = look(db, contacts(link(1, 1), link(1, 2, Date_of_Birth="09/09/2018")))
    assert sentences(shown, "error") == ["3: Date of birth differs from row 2, which is about the same child."]
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert list(_links(db, "Leo Brown")) == ["Ann Brown"]


def test_moving_up_a_year_moves_children_and_closes_empty_classes(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2, Reg="4B")))
    shown = look(db, contacts(link(1, 1, Year="5", Reg="5C"), link(2, 2, Year="5", Reg="5C")))
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [(group.name, group.year_group) for group in people.classes(db)] == [("5C", "5")]
    assert bring_in(db, contacts(link(1, 1), link(2, 2, Reg="4B"))).summary["child_changed"] == 2
    assert [group.name for group in people.classes(db)] == ["4B", "4C"]


def test_what_changed_since_the_preview_is_not_applied_unseen(db: Session) -> None:
    shown = look(db, contacts(link(1, 1)))
    bring_in(db, contacts(link(1, 1, Reg="4A")))
    with pytest.raises(Conflict, match="Preview it again"):
        roster.apply(db, shown.public_id, actor=SYSTEM)
    again = roster.preview_again(db, shown.public_id, actor=SYSTEM)
    roster.apply(db, again.public_id, actor=SYSTEM)
    assert _child(db, "Leo Brown").class_name == "4C"


def test_an_import_is_settled_once_and_its_bytes_are_let_go(db: Session) -> None:
    first, second = look(db, contacts(link(1, 1))), look(db, contacts(link(2, 2)))
    roster.apply(db, first.public_id, actor=SYSTEM)
    roster.discard(db, second.public_id, actor=SYSTEM)
    for public_id in (first.public_id, second.public_id):
        with pytest.raises(Conflict, match="already"):
            roster.apply(db, public_id, actor=SYSTEM)
    assert {row.status for row in roster.imports(db)} == {"applied", "discarded"}
    assert db.scalars(sa.text("SELECT content FROM roster_import")).all() == [None, None]
    with pytest.raises(NotFound):
        roster.show(db, "no-such-import", actor=SYSTEM)


def test_an_undecided_import_is_forgotten_after_a_week(db: Session) -> None:
    shown = look(db, contacts(link(1, 1)))
    clock.travel_to(dt.date(2026, 12, 1))
    look(db, contacts(link(2, 2)))
    db.expire_all()
    assert roster.roster_import(db, shown.public_id).status == "discarded"


def test_a_list_leaves_an_entry_about_each_it_changes(db: Session) -> None:
    bring_in(db, contacts(link(1, 1)))
    leo, ann = people.children(db)[0], people.guardians_asked(db)[0]
    assert [entry.kind for entry in evidence.entries_about(db, leo.pseudonym)] == ["joined", "link_changed"]
    bring_in(db, contacts(link(1, 1, Email="ann.new@example.org", Parental_Responsibility="F")))
    link_entry = evidence.entries_about(db, leo.pseudonym)[-1]
    assert link_entry.body["act"]["changed"] == {"parental_responsibility": ["yes", "no"]}
    assert (link_entry.body["act"]["guardian"], link_entry.body["act"]["how"]) == (ann.pseudonym, "list")
    (*_before, changed) = evidence.entries_about(db, ann.pseudonym)
    assert changed.kind == "details_changed"
    assert evidence.details(db, [changed.seq])[changed.seq]["new"] == {"email": "ann.new@example.org"}
    head = evidence.head(db).size
    bring_in(db, contacts(link(1, 1, Email="ann.new@example.org", Parental_Responsibility="F")))
    assert evidence.head(db).size == head, "a list that changes nothing enters nothing"


def _guardian(db: Session, forename: str) -> people.GuardianRow:
    return next(row.guardian for row in _links(db, "Leo Brown").values() if row.guardian.forename == forename)


def test_an_address_put_right_by_hand_survives_the_next_list(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Email="wrong@example.org")))
    (ann,) = people.guardians_asked(db)
    people.set_email(db, ann.person_id, "right@example.org", SYSTEM)
    shown = look(db, contacts(link(1, 1, Email="wrong@example.org")))
    assert any("right@example.org, and it stays. The list says wrong@example.org" in told for told in sentences(shown))
    assert plan_of(shown).is_empty
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert people.guardian(db, ann.person_id).email == "right@example.org"
    (row,) = people.standing_corrections(db)
    assert (row.field, row.before, row.value) == ("email", "wrong@example.org", "right@example.org")
    bring_in(db, contacts(link(1, 1, Email="right@example.org")))
    assert people.standing_corrections(db) == (), "the list has caught up"


def test_what_the_list_says_is_taken_where_the_office_says_so(db: Session) -> None:
    bring_in(db, contacts(link(1, 1, Email="old@example.org")))
    (ann,) = people.guardians_asked(db)
    people.set_email(db, ann.person_id, "ours@example.org", SYSTEM)
    shown = look(db, contacts(link(1, 1, Email="newest@example.org")))
    (kept,) = plan_of(shown).kept
    again = roster.preview_again(db, shown.public_id, answers={kept.key: "list"}, actor=SYSTEM)
    assert plan_of(again).kept[0].answer == "list"
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert people.guardian(db, ann.person_id).email == "newest@example.org"
    assert people.standing_corrections(db) == ()


def test_what_was_decided_about_a_contact_by_hand_survives_the_next_list(db: Session) -> None:
    rows = (link(1, 1, Parental_Responsibility="T"), link(1, 2, Parental_Responsibility="F"))
    bring_in(db, contacts(*rows))
    leo = people.children(db)[0]
    mother, father = (row.guardian.person_id for row in people.guardians_of(db, leo.person_id))
    child = leo.person_id
    people.change_link(db, child_id=child, guardian_id=mother, contact_allowed=False, actor=SYSTEM)
    people.change_link(db, child_id=child, guardian_id=father, parental_responsibility="yes", actor=SYSTEM)
    bring_in(db, contacts(*(row | {"Court Order": "N"} for row in rows)))
    after = {row.guardian.person_id: row for row in people.guardians_of(db, leo.person_id)}
    assert (after[mother].contact_allowed, after[father].parental_responsibility) == (False, "yes")
    builders.end_guardianship(db, child_id=child, guardian_id=father, actor=SYSTEM)
    shown = look(db, contacts(*rows))
    assert not plan_of(shown).changes
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert [row.guardian.person_id for row in people.guardians_of(db, leo.person_id)] == [mother]


def test_a_child_taken_off_by_hand_is_not_brought_back_by_an_old_list(db: Session) -> None:
    bring_in(db, contacts(link(1, 1), link(2, 2)))
    leo = people.children(db)[0]
    people.archive_person(db, leo.person_id, actor=SYSTEM)
    shown = look(db, contacts(link(1, 1), link(2, 2)))
    assert not plan_of(shown).joiners
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert leo.person_id not in {row.person_id for row in people.children(db)}
    shown = look(db, contacts(link(1, 1), link(2, 2)))
    (kept,) = plan_of(shown).kept
    roster.preview_again(db, shown.public_id, answers={kept.key: "list"}, actor=SYSTEM)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    assert leo.person_id in {row.person_id for row in people.children(db)}
