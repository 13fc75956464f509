"""A wording that is unfit is refused with its faults named, and marked-up text is always safe."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.agreements.shipped import shipped_versions
from oval_aup.agreements.text import as_html, as_plain, to_canonical
from oval_aup.core.errors import Invalid

PARENTS = next(version[0] for version in shipped_versions() if version[0]["agreement"] == "parents")
USES = next(version[0] for version in shipped_versions() if version[0]["agreement"] == "image-uses")


def changed(wording: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    wording = copy.deepcopy(wording)
    place: Any = wording
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return wording


@pytest.mark.parametrize(
    ("wording", "fault"),
    [
        (changed(PARENTS, "title", to="  "), "title"),
        (changed(PARENTS, "intro", to=None), "intro"),
        (changed(PARENTS, "version", to=0), "version"),
        (changed(PARENTS, "version", to=True), "version"),
        (changed(PARENTS, "v", to=2), "v"),
        (changed(PARENTS, "language", to="../en"), "language"),
        (changed(PARENTS, "reading_level", to="easy"), "reading_level"),
        (changed(PARENTS, "agreement", to="Parents!"), "agreement"),
        (changed(PARENTS, "clauses", to=[]), "clauses"),
        (changed(PARENTS, "clauses", to="rule"), "clauses"),
        (changed(PARENTS, "clauses", 0, to="rule"), "clauses 1"),
        (changed(PARENTS, "clauses", 0, "kind", to="maybe"), "clauses 1"),
        (changed(PARENTS, "clauses", 0, "extra", to="x"), "clauses 1"),
        (changed(PARENTS, "clauses", 0, "basis", to="consent"), "clauses 1"),
        (changed(PARENTS, "clauses", 1, "key", to=PARENTS["clauses"][0]["key"]), "clauses"),
        (changed(PARENTS, "clauses", 1, "key", to="Two Words"), "clauses 2"),
        (changed(PARENTS, "clauses", 1, "body", to="read \u202eme backwards"), "clauses 2"),
        (changed(PARENTS, "notes", 0, "body", to="a\x00b"), "notes 1"),
        (changed(PARENTS, "surprise", to="x"), "parts"),
        (changed(USES, "clauses", 3, "basis", to="habit"), "clauses 4"),
    ],
)
def test_an_unfit_wording_is_refused_with_its_fault_named(wording: dict[str, Any], fault: str) -> None:
    with pytest.raises(Invalid) as refusal:
        to_canonical(wording)
    assert fault in refusal.value.fields


def test_the_order_in_which_a_file_is_written_does_not_change_its_bytes() -> None:
    assert to_canonical(dict(reversed(list(PARENTS.items())))) == to_canonical(PARENTS)


def test_blank_lines_part_paragraphs_and_stars_make_bold() -> None:
    assert as_html("One\nline.\n\n**Two** & three") == "<p>One line.</p>\n<p><strong>Two</strong> &amp; three</p>"
    assert as_plain("One\nline.\n\n**Two** & three") == "One line.\n\nTwo & three"


@given(st.text(alphabet="<>&\"'*ab \n"))
def test_no_text_can_bring_tags_of_its_own(source: str) -> None:
    bare = re.sub(r"</?(p|strong)>", "", as_html(source))
    assert "<" not in bare
    assert ">" not in bare
    assert as_html(source).count("<strong>") == as_html(source).count("</strong>")
