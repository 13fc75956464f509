"""Cells mean what English offices mean by them."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup.core.errors import Invalid
from oval_aup.people import names
from oval_aup.people.roster import values
from oval_aup.people.telephones import telephone_key
from tests.people.makers import upn

FIFTH_OF_JUNE = dt.date(2018, 6, 5)


@pytest.mark.parametrize(
    "text",
    [
        "05/06/2018", "5/6/18", "05-06-2018", "05.06.2018", "5 Jun 2018", "05-Jun-18", "5 June 2018", "5th June 2018",
        "2018-06-05", "2018/06/05", "2018-06-05T00:00:00", "2018-06-05 00:00:00.000", "05/06/2018 00:00",
        " 05/06/2018 ", "2018-06-04T23:00:00Z", "2018-06-04 23:00:00.000+00:00", "2018-06-05T00:00:00+01:00",
        "05/06/2018 12:00:00 AM", "2018-06-05T00:00:00Z",
    ],
)  # fmt: skip
def test_british_and_iso_dates_are_one_date(text: str) -> None:
    assert values.date(text) == FIFTH_OF_JUNE


@pytest.mark.parametrize("text", ["31/02/2018", "06/13/2018", "5 Juno 2018", "43256", "soon", "0/0/0000", "29/02/2018"])
def test_an_impossible_date_is_a_sentence_and_not_a_guess(text: str) -> None:
    with pytest.raises(values.BadValue, match="“"):
        values.date(text)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("N", "N"), ("N1", "N"), ("N2", "N"), ("Nursery", "N"), ("-1", "N"), ("R", "R"), ("Reception", "R"), ("0", "R"),
        ("Year R", "R"), ("4", "4"), ("Year 4", "4"), ("Y4", "4"), ("yr4", "4"), ("04", "4"), ("NC Year 4", "4"),
        ("", ""), ("Year N1", "N"), ("Year N", "N"), ("Nursery AM", "N"), ("E2", "N"), ("-3", "N"), ("−4", "N"),
        ("FS1", "N"), ("Pre-school", "N"), ("FS2", "R"), ("Girls Reception", "R"), ("Foundation Stage 2", "R"),
        ("3.0", "3"), ("0.0", "R"), ("-1.0", "N"),
    ],
)  # fmt: skip
def test_year_groups_are_known_by_many_names(text: str, group: str) -> None:
    assert values.year_group(text) == group


@pytest.mark.parametrize("text", ["7", "Year 10", "4C", "Owls", "-5", "-30", "3/4"])
def test_a_year_group_of_another_school_is_refused(text: str) -> None:
    with pytest.raises(values.BadValue):
        values.year_group(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("T", True), ("Yes", True), ("y", True), ("1", True), ("F", False), ("NO", False), ("0", False), ("", None)],
)
def test_yes_and_no_are_read_however_they_are_put(text: str, meaning: bool | None) -> None:
    assert values.flag(text) is meaning


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ann Brown", ("", "Ann", "Brown")),
        ("Mrs Ann Mary Brown", ("Mrs", "Ann Mary", "Brown")),
        ("Jean-Luc de la Cruz", ("", "Jean-Luc", "de la Cruz")),
        ("Brown, Ann (Mrs)", ("Mrs", "Ann", "Brown")),
        ("van der Berg, Eva", ("", "Eva", "van der Berg")),
        ("Dr. Al-Hamdani", ("Dr", "", "Al-Hamdani")),
        ("Yusuf bin Ali", ("", "Yusuf", "bin Ali")),
        ("Siân", ("", "Siân", "")),
        ("Mrs Patel", ("Mrs", "", "Patel")),
    ],
)
def test_a_name_in_one_cell_is_split_where_people_would(text: str, parts: tuple[str, str, str]) -> None:
    assert values.split_name(text) == parts


@pytest.mark.parametrize(
    "text", ["ann@example.org", " Ann@Example.ORG ", "mailto:ann@example.org", "Ann Brown <ann@example.org>"]
)
def test_an_address_is_kept_in_small_letters(text: str) -> None:
    assert values.email(text) == "ann@example.org"


@pytest.mark.parametrize(
    "text",
    ["ann", "ann@", "@example.org", "ann@example", "ann@@example.org", "a b@example.org", "ann@example..org",
     "ann@example.org; bob@example.org", "ann\r\nBcc: x@example.org", ".ann@example.org", "a" * 65 + "@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(values.BadValue):
        values.email(text)
    with pytest.raises(Invalid):
        names.normal_email(text)


def test_a_upn_is_checked_by_its_letter() -> None:
    assert values.upn_is_sound(upn(123456))
    assert not values.upn_is_sound("B" + upn(123456)[1:] if upn(123456)[0] != "B" else "A" + upn(123456)[1:])
    assert not values.upn_is_sound("nonsense")


def test_names_lose_what_no_font_can_draw_and_keep_what_shapes_letters() -> None:
    assert names.cleaned(" Si\u0061\u0302n\u0007 \ue000Bro\u200bwn\n") == "Siân Brown"
    assert names.cleaned("نور\u200cالدین") == "نور\u200cالدین"


def test_folding_meets_accents_hyphens_and_apostrophes() -> None:
    assert names.folded("Łukasz O’Neill-Żak") == names.folded("lukasz oneill zak")


def test_damage_by_a_wrong_encoding_is_noticed() -> None:
    assert values.looks_damaged("Siân".encode().decode("cp1252"))
    assert all(values.looks_damaged(name) for name in ("Chlo‚", "Jes£s", "Nu¤ez"))
    assert not any(values.looks_damaged(name) for name in ("Siân", "Ştefan", "Łukasik", "Muñoz", "Åse", "Ärzte"))


@pytest.mark.parametrize(("name", "group"), [("4C", "4"), ("RB", "R"), ("NA", "N"), ("Year 2 Owls", "2"), ("Owls", "")])
def test_class_names_tell_their_year_where_they_can(name: str, group: str) -> None:
    assert values.class_year(name) == group


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("2018-06-04T23:00:00Z", False), ("2018-06-05T00:00:00Z", False), ("05/06/2018 00:00", False),
        ("05/06/2018", False), ("2018-06-04T22:00:00Z", True), ("2018-06-04 23:00:00", True),
    ],
)  # fmt: skip
def test_a_birthday_with_a_time_of_day_shows_a_shifted_clock(text: str, odd: bool) -> None:
    assert values.has_time_of_day(text) is odd


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("Mr & Mrs J Patel", (("Mr", "J", "Patel"), ("Mrs", "", "Patel"))),
        ("Mr and Mrs Reed", (("Mr", "", "Reed"), ("Mrs", "", "Reed"))),
        ("Patel, Mr & Mrs J", (("Mr", "J", "Patel"), ("Mrs", "", "Patel"))),
        ("Mrs T Bello & Mr S Ade", (("Mrs", "T", "Bello"), ("Mr", "S", "Ade"))),
        ("Ann & Bob Brown", (("", "Ann", "Brown"), ("", "Bob", "Brown"))),
        ("Ann Brown / Bob Smith", (("", "Ann", "Brown"), ("", "Bob", "Smith"))),
        ("Mr/Mrs Reed", (("Mr", "", "Reed"), ("Mrs", "", "Reed"))),
        ("Mr Khan & Mrs Ali Bibi", (("Mr", "", "Khan"), ("Mrs", "Ali", "Bibi"))),
        ("Ann, Bob & Cy & Di", None),
        ("Ferdinand Andrews", None),
    ],
)
def test_two_people_in_one_cell_are_told_apart(text: str, both: object) -> None:
    assert values.split_pair(text) == both


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann@example.org", ("ann@example.org",)),
        ("Ann@example.org; bob@example.org", ("ann@example.org", "bob@example.org")),
        ("Ann Brown <ann@example.org>, Bob <bob@example.org>", ("ann@example.org", "bob@example.org")),
        ("ann@example.org / bob@@example.org", ("ann@example.org",)),
        ("", ()),
    ],
)
def test_several_addresses_in_one_cell_are_found(text: str, found: tuple[str, ...]) -> None:
    assert values.emails(text) == found


def test_a_name_that_only_moves_is_no_second_name() -> None:
    assert values.renamed((".", "Thiruvalluvar"), ("Thiruvalluvar", "")) == {
        "forename": "Thiruvalluvar",
        "surname": "",
    }
    assert values.renamed(("Ann", "Brown"), ("Ann", "")) == {}
    assert values.renamed(("Ann", "Brown"), ("Anna", "Brown")) == {"forename": "Anna"}


def test_an_address_with_other_letters_is_taken_as_the_mail_server_takes_it() -> None:
    assert values.email("Józef@Przykład.pl") == "józef@przykład.pl"


@pytest.mark.parametrize("text", ["ann@school.test", "ann@nowhere.invalid", "ann@localhost"])
def test_an_address_that_no_mail_reaches_is_refused(text: str) -> None:
    with pytest.raises(values.BadValue):
        values.email(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("07700 900201", ("07700 900201",)),
        ("7700900201", ("07700900201",)),
        ("07700 900201 (mum)", ("07700 900201",)),
        ("020 7946 0000 / 07700900111", ("020 7946 0000", "07700900111")),
        ("work: 0121 496 0000 home 07700 900201", ("0121 496 0000", "07700 900201")),
        ("+92 300 1234567", ("+92 300 1234567",)),
        ("", ()),
    ],
)
def test_the_telephone_numbers_of_a_cell_are_found(text: str, found: tuple[str, ...]) -> None:
    assert values.telephones(text) == found


@pytest.mark.parametrize("text", ["ask grandma", "12345", "7.70090E+09", "1234567890123456"])
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(values.BadValue):
        values.telephones(text)


def test_two_spellings_of_a_number_are_one_number() -> None:
    spellings = ("07700 900201", "+44 7700 900201", "0044 7700900201", "+44 (0)7700 900201")
    assert {telephone_key(each) for each in spellings} == {"+447700900201"}
