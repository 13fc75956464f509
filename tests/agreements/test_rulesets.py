"""The shipped rules say every rule of the procedures once, in words their readers can read, and never change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from oval_aup.agreements.shipped import shipped_versions
from oval_aup.agreements.text import from_canonical, sha256, to_canonical

WORDINGS = {
    (wording["agreement"], wording["version"], wording["language"], wording["reading_level"]): wording
    for version in shipped_versions()
    for wording in version
}

PUBLISHED = {
    ("children", 1, "en", "full"): "78aeff1c10afc9623b5f5fd29d38b1c724b90dd7452447379a3cee95b0370271",
    ("children", 1, "en", "younger"): "b7c746d411f8b66892f6eb6bd2f4a1f665cb0d3446fca021173f55c68aabddaa",
    ("image-uses", 1, "en", "full"): "24ab8ba2b94909b283ad2fd56ff9db743e00fb83886bf73a72d06fe310924eaa",
    ("parents", 1, "en", "full"): "f5fe364475b0b4cd2f7eec6ae5b6ab17d1146cec824f6ed65744c72145dd7d57",
    ("staff", 1, "en", "full"): "eef56b2631d851abfa2315f01989265037c92df901e2aae44985cb51c6023691",
}
"""What people sign is known by these hashes; once a version of the product is out, a line is only added."""

STRENGTHS = {
    "staff": "MMMAMMMMMMMAAMAMM",
    "parents": "MMMMIMM",
    "children": "MMIMMI",
}
"""Must, advised or information, rule by rule, as the procedures have it."""


def test_the_shipped_wordings_are_exactly_those_that_were_published() -> None:
    assert {place: sha256(to_canonical(wording)) for place, wording in WORDINGS.items()} == PUBLISHED


@pytest.mark.parametrize("level", ["full", "younger"])
@pytest.mark.parametrize(
    ("agreement", "name", "count"),
    [("staff", "Staff rule", 17), ("parents", "Parents’ rule", 7), ("children", "Children’s rule", 6)],
)
def test_every_rule_of_the_procedures_has_one_clause(agreement: str, name: str, count: int, level: str) -> None:
    wording = WORDINGS.get((agreement, 1, "en", level))
    if wording is None:
        assert (agreement, level) in {("staff", "younger"), ("parents", "younger")}
        return
    assert [clause["source"] for clause in wording["clauses"]] == [f"{name} {n}" for n in range(1, count + 1)]


@pytest.mark.parametrize("place", sorted(PUBLISHED))
def test_every_clause_keeps_the_strength_of_its_rule(place: tuple[str, int, str, str]) -> None:
    if place[0] in STRENGTHS:
        kinds = "".join(clause["kind"][0].upper() for clause in WORDINGS[place]["clauses"])
        assert kinds == STRENGTHS[place[0]]


@pytest.mark.parametrize("agreement", ["staff", "parents", "children"])
def test_rules_come_with_the_three_notes_of_the_procedures(agreement: str) -> None:
    for place, wording in WORDINGS.items():
        if place[0] == agreement:
            assert [note["key"] for note in wording["notes"]] == [
                "who-to-turn-to",
                "if-a-rule-is-broken",
                "cyber-bullying",
            ]


def test_both_levels_of_the_childrens_rules_are_the_same_rules_with_the_same_pictures() -> None:
    outlines = {
        tuple((clause["key"], clause["kind"], clause["source"], clause["picture"]) for clause in wording["clauses"])
        for place, wording in WORDINGS.items()
        if place[0] == "children"
    }
    assert len(outlines) == 1


def test_fourteen_uses_of_pictures_of_which_ten_are_asked() -> None:
    clauses = WORDINGS["image-uses", 1, "en", "full"]["clauses"]
    bases = [clause["basis"] for clause in clauses]
    assert len(clauses) == 14
    assert (bases.count("consent"), bases.count("public_task"), bases.count("not_used")) == (10, 1, 3)


def test_whatever_the_school_does_not_do_says_so() -> None:
    for clause in WORDINGS["image-uses", 1, "en", "full"]["clauses"]:
        assert ("We do not do this." in clause["body"]) == (clause["basis"] == "not_used")


def words_shown(wording: dict[str, Any]) -> str:
    parts = [wording["title"], wording["intro"], wording["acknowledgement"]]
    parts += [item[part] for item in wording["clauses"] + wording["notes"] for part in ("heading", "body")]
    return "\n\n".join(parts)


@pytest.mark.parametrize(
    ("agreement", "level", "longest"),
    [
        ("staff", "full", 30),
        ("parents", "full", 26),
        ("children", "full", 22),
        ("children", "younger", 16),
        ("image-uses", "full", 20),
    ],
)
def test_sentences_are_short_enough_for_their_readers(agreement: str, level: str, longest: int) -> None:
    shown = words_shown(WORDINGS[agreement, 1, "en", level])
    for sentence in re.split(r"(?<=[.!?:])\s+|\n+", shown):
        assert len(sentence.split()) <= longest, sentence


@pytest.mark.parametrize("place", sorted(PUBLISHED))
def test_no_stale_fact_of_the_procedures_is_repeated(place: tuple[str, int, str, str]) -> None:
    stale = r"legally|safeshare|Education You ?Tube|Data Protection Act|Google\+|Twitter|Beebo|Musical|\b16\b|eSafety|http://"
    assert not re.search(stale, words_shown(WORDINGS[place]), re.IGNORECASE)


@pytest.mark.parametrize("place", sorted(PUBLISHED))
def test_typography_is_that_of_print(place: tuple[str, int, str, str]) -> None:
    assert not re.search(r"['\"]|  | - |\.\.\.", words_shown(WORDINGS[place]))


@pytest.mark.parametrize("place", sorted(PUBLISHED))
def test_a_wording_reads_back_as_it_was_written(place: tuple[str, int, str, str]) -> None:
    read = from_canonical(to_canonical(WORDINGS[place]))
    assert (read.agreement_key, read.version_number, read.language, read.reading_level) == place
    assert [clause.heading for clause in read.clauses] == [each["heading"] for each in WORDINGS[place]["clauses"]]
