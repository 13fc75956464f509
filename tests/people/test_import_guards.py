"""Partial and old lists are not applied by accident, and children without an office number can leave."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Invalid
from oval_aup.people import roster
from tests.people.makers import bring_in, class_list, class_row, contacts, link, look, plan_of, sentences


def _apply(db: Session, shown: roster.Preview, *, meant: bool = False) -> roster.Applied:
    return roster.apply(db, shown.public_id, confirm_leavers=meant, actor=SYSTEM)


def _names(db: Session) -> list[str]:
    return [child.full_name for child in people.children(db)]


def test_a_child_without_an_office_number_leaves_when_the_office_says_so(db: Session) -> None:
    bring_in(db, class_list(class_row(1, CHILD_UPN=""), class_row(2, CHILD_UPN=""), class_row(3, CHILD_UPN="")))
    shown = look(db, contacts(link(4, 4)))
    assert [(asked.name, asked.answer) for asked in plan_of(shown).unlisted] == [
        ("Leo Brown", ""),
        ("Maja Brown", ""),
        ("Yusuf Brown", ""),
    ]
    assert plan_of(shown).leavers == []
    keys = [asked.key for asked in plan_of(shown).unlisted]
    answers = {keys[0]: "left", keys[1]: "stays"}
    shown = roster.preview_again(db, shown.public_id, answers=answers, actor=SYSTEM)
    assert [leaver.name for leaver in plan_of(shown).leavers] == ["Leo Brown"]
    assert sentences(shown, "warning")[0].startswith("0: Yusuf Brown has no office number")
    shown = roster.preview_again(db, shown.public_id, answers={"gone:*": "left"}, actor=SYSTEM)
    _apply(db, shown, meant=True)
    assert _names(db) == ["Zara Brown"]


def test_a_list_that_lacks_a_whole_class_must_be_meant(db: Session) -> None:
    everybody = [link(n, n, Reg="4C" if n < 15 else "4A") for n in range(1, 21)]
    bring_in(db, contacts(*everybody))
    shown = look(db, contacts(*everybody[:14]))
    assert plan_of(shown).leaving_share == 30
    with pytest.raises(Invalid, match="Nobody of class 4A is in this file") as refusal:
        _apply(db, shown)
    assert "confirm_leavers" in refusal.value.fields
    _apply(db, shown, meant=True)
    assert len(_names(db)) == 14


def test_the_oldest_leave_in_summer_without_a_question(db: Session) -> None:
    top = {"Year": "6", "Reg": "6A", "Date_of_Birth": "05/06/2016"}
    everybody = [link(n, n, **top) if n < 7 else link(n, n) for n in range(1, 21)]
    bring_in(db, contacts(*everybody))
    _apply(db, look(db, contacts(*everybody[6:])))
    assert len(_names(db)) == 14


def test_a_file_that_others_have_followed_must_be_meant(db: Session) -> None:
    old, new = contacts(link(1, 1), link(2, 2)), contacts(link(1, 1), link(2, 2), link(3, 3))
    for content in (old, new):
        bring_in(db, content)
    shown = look(db, old)
    with pytest.raises(Invalid, match=r"This exact file was imported on 22/11/2026, and another list since then"):
        _apply(db, shown)
    assert not plan_of(look(db, new)).guards
    assert not plan_of(look(db, old, partial=True)).guards


def test_a_list_that_moves_children_down_or_brings_many_back_looks_old(db: Session) -> None:
    now = [link(n, n, Year="5", Reg="5C", Date_of_Birth="05/06/2017") for n in range(1, 7)]
    gone = [link(n, n) for n in range(7, 11)]
    bring_in(db, contacts(*now, *gone))
    bring_in(db, contacts(*now))
    before = [row | {"Year": "4", "Reg": "4C"} for row in now]
    shown = look(db, contacts(*before, *gone))
    assert plan_of(shown).guards == [
        "6 children would move down to a lower year: this list looks older than the one you imported last.",
        "4 children who left would come back: check that this is not an old list.",
    ]
    with pytest.raises(Invalid, match="looks older"):
        _apply(db, shown)
