"""Whoever logs in and tries what no page of theirs offers is refused, and the office hears when they do not stop."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from oval_aup import agreements, evidence, people, reports
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import YEAR, World


def probes(world: World) -> list[tuple[str, str]]:
    """What the ledger says was tried, and by whom."""
    with world.database.reading() as db:
        entries = evidence.entries_of_kind(db, "probed")
        names = people.persons_by_pseudonym(db, [one.body["subject"]["pseudonym"] for one in entries])
        return [(one.body["act"]["what"], names[one.body["subject"]["pseudonym"]].full_name) for one in entries]


def hash_of_the_rules(world: World) -> str:
    with world.database.reading() as db:
        return agreements.current(db, "parents", language="en").text_sha256


def test_rules_that_a_visit_was_never_shown_are_not_accepted_in_it(app: Flask, world: World) -> None:
    """The hash of a wording stands on every receipt; only a page of this visit brings it back in a way that counts."""
    ann, bob = Browser(app), Browser(app)
    walk.come_in(ann, world)
    shown_to_ann = ann.page.hidden("shown_sha256")
    walk.come_in(bob, world, world.bob)
    for brought in ("", hash_of_the_rules(world), shown_to_ann, shown_to_ann[:-1], "é" * 500):
        page = bob.post("/family/rules", {"read": "yes", "shown_sha256": brought})
        assert page.heading == "Something changed while you were reading"
    ann.post("/family/rules", {"read": "yes", "shown_sha256": shown_to_ann})
    assert probes(world) == [("wording", world.bob.full_name)]


def test_a_page_goes_on_counting_when_its_visit_goes_on_after_a_silence(app: Flask, world: World) -> None:
    browser = Browser(app)
    token = world.link(world.ann)
    browser.get(f"/f/{token}")
    shown = browser.post(f"/f/{token}", walk.BORN).hidden("shown_sha256")
    browser.get(f"/f/{token}")
    browser.post(f"/f/{token}", walk.BORN)
    browser.post("/family/rules", {"read": "yes", "shown_sha256": shown})
    assert probes(world) == []


def test_staff_rules_that_were_never_shown_are_not_accepted(app: Flask, world: World) -> None:
    di = Browser(app)
    di.log_in("di@oval.example.org")
    di.post("/staff/rules/start")
    with world.database.reading() as db:
        known = agreements.current(db, "staff", language="en").text_sha256
    page = di.post("/staff/rules", {"read": "yes", "shown_sha256": known}, status=409)
    assert "were not shown in this visit" in page.text


def test_another_familys_child_in_an_address_is_refused_logged_and_shown_when_it_repeats(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Bob edits the address of a child who is not his into his own link's pages."""
    bob = Browser(app)
    walk.come_in(bob, world, world.bob)
    other = next(child for child in (world.zara, world.maja) if child.public_id not in bob.page.html)
    caplog.set_level(logging.WARNING)
    for number in range(4):
        answer = bob.client.get(f"/family/pictures/{other.public_id}")
        assert answer.status_code == 404
        assert len(probes(world)) == (1 if number >= 2 else 0), "twice may be an old bookmark"
    assert probes(world) == [("address", world.bob.full_name)]
    assert "refused: address by session" in caplog.text
    assert other.full_name not in caplog.text
    with world.database.reading() as db:
        (group,) = [one for one in reports.need_groups(db, YEAR, shown=6, viewer_id=None) if one.kind == "probing"]
        assert evidence.verify(db).ok
    assert [row.full_name for row in group.rows] == [world.bob.full_name]
    eve = Browser(app)
    eve.log_in("eve@oval.example.org")
    page = eve.get("/office")
    assert "1 person tried to open or change something that isn’t theirs" in page.text


def test_whoever_may_open_every_page_is_not_counted_for_an_old_address(app: Flask, world: World) -> None:
    eve = Browser(app)
    eve.log_in("eve@oval.example.org")
    for _again in range(4):
        eve.get("/office/people/00000000-0000-0000-0000-000000000000", status=404)
    assert probes(world) == []
