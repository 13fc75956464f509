"""Typed names and drawn marks: what is taken, what is tidied and what is turned away."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.core.canonical import canonical
from oval_aup.core.errors import Invalid
from oval_aup.signing import marks


@pytest.mark.parametrize("name", ["Jo", "نادیہ خان", "O’Neil", "Đặng Thị", "李 明", "Anne-Marie  de la Cruz", "ab"])
def test_a_name_of_any_script_with_two_letters_is_taken(name: str) -> None:
    assert marks.typed_name(name) == " ".join(name.split())


@pytest.mark.parametrize("name", ["", "  ", "A", "12 34", "!!", "x" * 121, "\x00\x01", "\u3164\u3164", "\u115f\uffa0"])
def test_anything_else_is_no_name(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        marks.typed_name(name)
    assert "typed_name" in caught.value.fields


def test_control_and_private_characters_never_get_in() -> None:
    assert marks.typed_name("Na\x07di\ue000a\tKhan") == "Nadia Khan"


def test_a_name_reads_on_paper_as_it_was_typed() -> None:
    assert marks.typed_name("\u2067Nadia\u2069 \u202enahK\u202c") == "Nadia nahK"
    assert marks.typed_name("می\u200cخواهم") == "می\u200cخواهم"


@pytest.mark.parametrize(
    ("typed", "known", "same"),
    [
        ("nadia khan", "Nadia Khan", True),
        ("Nadia-Khan", "Nadia Khan", True),
        ("José", "Jose", True),
        ("N Khan", "Nadia Khan", False),
        ("", "", False),
    ],
)
def test_names_compare_without_capitals_accents_and_hyphens(typed: str, known: str, same: bool) -> None:
    assert marks.same_name(typed, known) is same


def test_a_drawn_mark_becomes_whole_numbers_fit_for_the_ledger() -> None:
    mark = marks.read_mark("[[[1.4, 2.6], [300, 4]], []]")
    assert mark == [[[1, 3], [300, 4]]]
    assert canonical(mark)


@pytest.mark.parametrize("text", ["[[[500, 200]]]", "[[[500, 200]], [[510, 205]]]", "[[[500, 200], [549, 249]]]"])
def test_a_dot_is_no_drawing(text: str) -> None:
    with pytest.raises(Invalid, match="draw again, or leave it empty"):
        marks.read_mark(text)


@pytest.mark.parametrize("text", ["[[[500, 200], [550, 200]]]", "[[[500, 200]], [[500, 260]]]"])
def test_a_short_line_is_a_drawing(text: str) -> None:
    assert marks.read_mark(text)


@pytest.mark.parametrize("text", ["", "  ", "[]", "[[]]", "null"])
def test_nothing_drawn_is_no_mark(text: str) -> None:
    if text == "null":
        with pytest.raises(Invalid):
            marks.read_mark(text)
    else:
        assert marks.read_mark(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        "[[1, 2]]",
        "[[[1]]]",
        "[[[1, 2, 3]]]",
        '[[["1", 2]]]',
        "[[[NaN, 1]]]",
        "[[[1e999, 1]]]",
        "[[[-1, 1]]]",
        "[[[2001, 1]]]",
        "[[[true, 1]]]",
        "[" * 5000,
        "<svg onload=alert(1)>",
        json.dumps([[[1, 1]] * 4001]),
        "9" * 200_000,
    ],
)
def test_a_drawing_that_is_none_is_turned_away_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        marks.read_mark(text)
    assert "mark" in caught.value.fields


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        mark = marks.read_mark(text)
    except Invalid:
        return
    assert mark is None or all(stroke for stroke in mark)
