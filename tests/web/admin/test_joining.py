"""The office says that two records are one parent, and finds both stories together afterwards."""

from __future__ import annotations

from oval_aup import evidence, people
from oval_aup.core.actor import SYSTEM
from tests.people import builders
from tests.web.browser import Browser
from tests.web.world import World

EVE = "eve@oval.example.org"


def _double(world: World) -> people.GuardianRow:
    with world.database.writing() as db:
        added = builders.add_guardian(
            db,
            child_id=world.maja.person_id,
            forename="Ann Begum",
            surname="Khan",
            email=world.ann.email,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
    return added.guardian


def test_a_record_with_a_name_alike_is_proposed_joined_and_entered_with_who_did_it(
    browser: Browser, world: World
) -> None:
    double = _double(world)
    browser.log_in(EVE)
    page = browser.get(f"/office/people/{world.ann.public_id}")
    assert "Ann Begum Khan has a similar name and the same email or telephone." in page.text
    address = f"/office/people/{world.ann.public_id}/join"
    page = browser.get(address)
    assert "Ann Begum Khan" in page.text
    assert "Choose the other record." in browser.post(address, {}, status=422).text
    page = browser.post(address, {"other": double.public_id}, status=422)
    assert "Tick this if both records are one person." in page.text
    page = browser.post(address, {"other": double.public_id, "sure": "yes"})
    assert "Joined." in page.text
    assert "Also recorded as: Ann Begum Khan" in page.text
    assert "Maja Nowak" in page.text
    assert (
        "There is an earlier record of the same person."
        in browser.get(f"/office/people/{world.ann.public_id}/keep-or-erase").text
    )
    earlier = browser.get(f"/office/people/{double.public_id}")
    assert "This is an earlier record of Ann Khan." in earlier.text
    with world.database.reading() as db:
        (entry, _other) = evidence.entries_of_kind(db, "records_joined")
        assert entry.body["actor"]["pseudonym"] == world.eve.pseudonym


def test_the_other_record_is_found_by_name_and_what_cannot_be_is_said(browser: Browser, world: World) -> None:
    browser.log_in(EVE)
    address = f"/office/people/{world.ann.public_id}/join"
    assert "No match for “Zzz”" in browser.get(f"{address}?q=Zzz").text
    page = browser.get(f"{address}?q=Cass")
    assert "Cass Nowak" in page.text
    page = browser.post(address, {"other": world.di.public_id, "sure": "yes"}, status=422)
    assert "Only parents and carers can be joined." in page.text
