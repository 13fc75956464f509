"""Ordering, watching, taking away and deleting evidence packs in the browser."""

from __future__ import annotations

import io
import zipfile

import pytest

from oval_aup import evidence, packs
from oval_aup.config import Settings
from oval_aup.core import clock, templating
from oval_aup.core.db import Database
from oval_aup.packs import making, writer
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.world import World


def day(name: str, number: str) -> dict[str, str]:
    """A day of September in its three boxes."""
    return {f"{name}-day": number, f"{name}-month": "9", f"{name}-year": "2026"}


def newest(database: Database) -> packs.PackRow:
    with database.reading() as db:
        return packs.packs(db)[0]


def finish(world: World, settings: Settings) -> packs.PackRow:
    """What a worker does, with a file of no account."""
    claim = making.claim_pack(world.database)
    assert claim is not None
    path = writer.path_of(settings.shared, claim)
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.txt", "hello")
    with world.database.writing() as db:
        claim = making.settle_pack(db, claim, head={"size": 1}, files={"README.txt": b"hello"})
        return making.finish_pack(db, claim, sha256="f" * 64, size=path.stat().st_size, files=1)


def test_a_pack_is_ordered_watched_and_taken_away_with_a_trace(
    world: World, settings: Settings, troubles: Troubles, eve: Browser
) -> None:
    eve.get("/office/evidence")
    assert "/office/packs" in eve.page.html
    page = eve.get("/office/packs")
    assert "every 2s" not in page.html
    page = eve.post("/office/packs", {"about": f"class:{world.year_4.public_id}"})
    assert "Class 4C" in page.text
    assert "Waiting to begin" in page.text
    assert "every 2s" in page.html
    part = eve.client.get("/office/packs", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="packs" hx-get')
    page = eve.post("/office/packs", {"about": f"class:{world.year_4.public_id}"})
    assert page.text.count("Waiting to begin") == 1, "a second press orders nothing and is no mistake"
    row = finish(world, settings)
    page = eve.get("/office/packs")
    assert "every 2s" not in page.html
    assert "f" * 64 in page.text
    response = eve.client.post(
        f"/office/packs/{row.public_id}/download", data={"csrf_token": page.all("input")[0]["value"]}
    )
    assert response.headers["Content-Disposition"] == f"attachment; filename={row.file_name}"
    assert zipfile.ZipFile(io.BytesIO(response.data)).read("README.txt") == b"hello"
    response.close()
    with world.database.reading() as db:
        taken = [entry for entry in evidence.entries_of_kind(db, "exported") if entry.body["act"].get("handed_out")]
    assert [entry.body["actor"]["pseudonym"] for entry in taken] == [world.eve.pseudonym]
    eve.get("/office/packs")
    for _again in range(2):
        page = eve.post(f"/office/packs/{row.public_id}/delete")
    assert "No pack is kept or being made." in page.text
    eve.post(f"/office/packs/{row.public_id}/download", status=404)


def test_a_pack_is_cancelled_and_goes_on(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/packs")
    eve.post("/office/packs", {"about": "audience:parents", **day("from", "1")})
    row = newest(world.database)
    assert row.scope["title"] == "Parents and carers, from 1 September 2026"
    assert "Cancel this pack before you delete it." in eve.post(f"/office/packs/{row.public_id}/delete").text
    assert newest(world.database) == row
    for _again in range(2):
        assert "Cancelled" in eve.post(f"/office/packs/{row.public_id}/cancel").text
    for _again in range(2):
        assert "Waiting to begin" in eve.post(f"/office/packs/{row.public_id}/resume").text


def test_what_comes_too_late_is_answered_by_what_is_so(
    world: World, settings: Settings, troubles: Troubles, eve: Browser
) -> None:
    eve.get("/office/packs")
    eve.post("/office/packs", {"about": "school"})
    row = finish(world, settings)
    eve.get("/office/packs")
    assert "There was nothing to cancel" in eve.post(f"/office/packs/{row.public_id}/cancel").text
    assert "The pack is ready already." in eve.post(f"/office/packs/{row.public_id}/resume").text
    eve.post(f"/office/packs/{row.public_id}/delete")
    assert "was deleted" in eve.post(f"/office/packs/{row.public_id}/resume").text
    assert "was deleted" in eve.post(f"/office/packs/{row.public_id}/download", status=404).text


def test_a_pack_that_an_erasure_took_is_not_gone_in_silence(
    world: World, settings: Settings, troubles: Troubles, eve: Browser
) -> None:
    eve.get("/office/packs")
    eve.post("/office/packs", {"about": f"class:{world.year_4.public_id}", **day("from", "1")})
    row = newest(world.database)
    with world.database.writing() as db:
        packs.erase_pack(db, row.public_id)
    page = eve.get("/office/packs")
    assert "Deleted by an erasure" in page.text
    assert f"Deleted on {templating.moment(clock.now())}" in page.text
    assert row.scope["title"] in page.text
    fields = {
        each["name"]: each["value"]
        for each in page.all("input")
        if each.attributes.get("type") == "hidden" and each["name"] != "csrf_token"
    }
    page = eve.post("/office/packs", fields)
    assert "Deleted by an erasure" not in page.text, "it is there again"
    assert newest(world.database).scope == row.scope


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"about": "planet"}, "Choose what the pack is about."),
        ({"about": "audience:cats"}, "Choose one of the audiences."),
        ({"about": "year:soon"}, "Choose one of the school years."),
        ({"about": "year:2031"}, "Nothing was recorded about anybody in this choice."),
        ({"about": "school", "from-day": "yesterday"}, "Enter a date"),
        ({"about": "school", **day("from", "5"), **day("to", "1")}, "The last day is before the first."),
    ],
)
def test_a_choice_that_makes_no_pack_is_said_and_kept(
    troubles: Troubles, eve: Browser, form: dict[str, str], sentence: str
) -> None:
    eve.get("/office/packs")
    page = eve.post("/office/packs", form, status=422)
    assert sentence in page.text
    assert form.get("from-day", "") in page.html


def test_a_failed_pack_says_why_on_its_page_and_on_the_first_one(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    eve.get("/office/packs")
    eve.post("/office/packs", {"about": "school"})
    claim = making.claim_pack(world.database)
    assert claim is not None
    with world.database.writing() as db:
        making.fail_pack(db, claim, "There is not enough room on the disk for a pack.")
    assert "not enough room" in eve.get("/office/packs").text
    assert "1 pack could not be made" in eve.get("/office").text


def test_a_governor_has_no_packs_since_they_name_people(world: World, browser: Browser) -> None:
    browser.log_in("gov@oval.example.org")
    assert "/office/packs" not in browser.get("/office/evidence").html
    browser.get("/office/packs", status=403)


@pytest.mark.parametrize("year", ["9999", "20266", "0001"])
def test_a_year_that_nobody_means_is_said_to_be_none(world: World, eve: Browser, year: str) -> None:
    last = {"to-day": "31", "to-month": "12", "to-year": year}
    eve.get("/office/packs")
    page = eve.post("/office/packs", {"about": "school"} | last, status=422)
    assert "Enter a date" in page.text


def test_a_campaign_is_offered_by_the_name_its_page_has(world: World, troubles: Troubles, eve: Browser) -> None:
    name = eve.get("/office/campaign").heading
    page = eve.get("/office/packs")
    assert '<optgroup label="One sign-up: everybody asked in that year">' in page.html
    assert f'<option value="year:2026">{name}</option>' in page.html
    assert name in eve.post("/office/packs", {"about": "year:2026"}).text.split("Create a pack")[0]
