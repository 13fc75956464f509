"""What the uses of pictures are called, by parents and by staff."""

from __future__ import annotations

from dataclasses import replace

from oval_aup import consent

from .conftest import Family


def test_staff_read_a_short_name_where_parents_read_a_sentence(family: Family) -> None:
    uses = {use.key: use for use in consent.purposes(family.db)}
    assert (uses["press"].heading, uses["press"].short_name) == ("In newspapers and on television", "Press and TV")
    assert [use.key for use in uses.values() if use.short_name == use.heading or len(use.short_name) > 30] == []


def test_a_use_that_the_school_added_keeps_its_heading(family: Family) -> None:
    use = replace(consent.purposes(family.db)[0], key="mural", heading="On the mural by the gate")
    assert use.short_name == "On the mural by the gate"
