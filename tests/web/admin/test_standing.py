"""Responsibility decided by relationship, one contact put right, and what each does to pictures shown before it is."""

from __future__ import annotations

import io

import pytest

from oval_aup import campaigns, consent, evidence, people
from tests.people import builders
from tests.people.makers import contacts, link
from tests.web.admin.conftest import choose
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World

WEBSITE = "On the school website"


@pytest.fixture
def office(browser: Browser, world: World) -> Browser:
    browser.log_in("eve@oval.example.org")
    return browser


def say(world: World, guardian: people.GuardianRow, relationship: str, responsible: str) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=guardian.person_id,
            relationship_name=relationship,
            parental_responsibility=responsible,
            actor=OFFICE,
        )


def responsibility(world: World, guardian: people.GuardianRow) -> str:
    with world.database.reading() as db:
        links = people.guardians_of(db, world.ayaan.person_id)
    return next(row.parental_responsibility for row in links if row.guardian.person_id == guardian.person_id)


def website(world: World) -> str:
    with world.database.reading() as db:
        return consent.permissions(db, [world.ayaan.person_id], YEAR)[world.ayaan.person_id]["website"].verdict


def decide(office: Browser, has: str) -> None:
    """Press a button of the first relationship on the page."""
    fields = {
        name: next(e["value"] for e in office.page.all("input") if e["name"] == name)
        for name in ("state", "relationship", "seen")
    }
    office.post("/office/responsibility", fields | {"has": has})


def test_who_waits_is_counted_at_home_and_decided_by_relationship(office: Browser, world: World) -> None:
    say(world, world.bob, "Childminder", "unknown")
    assert "Parental responsibility to decide: 1" in office.get("/office").text
    page = office.get("/office/responsibility")
    assert "Childminder 1" in page.text
    decide(office, "no")
    assert responsibility(world, world.bob) == "no"
    assert "There is nothing for you to decide here." in office.get("/office/responsibility").text
    with world.database.reading() as db:
        entry = evidence.entries_about(db, world.ayaan.pseudonym)[-1]
    assert entry.body["act"]["changed"] == {"parental_responsibility": ["unknown", "no"]}


def test_a_declaration_is_confirmed_in_one_click(office: Browser, world: World) -> None:
    say(world, world.bob, "Father", "declared")
    office.get("/office/responsibility")
    assert "Confirm: they have it" in office.page.text
    decide(office, "yes")
    assert responsibility(world, world.bob) == "yes"


def test_a_yes_that_would_stop_counting_is_named_before_it_does(office: Browser, world: World) -> None:
    say(world, world.bob, "Father", "declared")
    choose(world, world.ayaan, world.bob, "yes")
    assert website(world) == "yes"
    office.get("/office/responsibility")
    decide(office, "no")
    assert office.page.heading == "Check before you save"
    assert f"{WEBSITE}: Yes → No answer" in office.page.text
    assert responsibility(world, world.bob) == "declared", "looking changes nothing"
    hidden = {e["name"]: e["value"] for e in office.page.all("input") if e["type"] == "hidden"}
    hidden.pop("csrf_token")
    office.post("/office/responsibility", hidden)
    assert (responsibility(world, world.bob), website(world)) == ("no", "missing")
    with world.database.reading() as db:
        assert consent.take_downs(db, child_id=world.ayaan.person_id)


@pytest.mark.parametrize(("answer", "verdict"), [("keep", "conflict"), ("invalidate", "yes")])
def test_ending_a_contact_by_hand_asks_what_becomes_of_their_no(
    office: Browser, world: World, answer: str, verdict: str
) -> None:
    choose(world, world.ayaan, world.ann, "yes")
    choose(world, world.ayaan, world.bob, "no")
    path = f"/office/people/{world.ayaan.public_id}/contacts/{world.bob.public_id}"
    office.get(path)
    page = office.post(path, {"act": "end"})
    assert "Bob Khan said No to:" in page.text
    assert "Then allowed:" in page.text
    hidden = {e["name"]: e["value"] for e in page.all("input") if e["type"] == "hidden"}
    hidden.pop("csrf_token")
    key = next(e["name"] for e in page.all("input") if e["type"] == "radio")
    office.post(path, hidden | {key: answer})
    assert website(world) == verdict
    with world.database.reading() as db:
        assert world.bob.person_id not in {
            row.guardian.person_id for row in people.guardians_of(db, world.ayaan.person_id)
        }


@pytest.mark.parametrize(("answer", "verdict"), [("", "conflict"), ("invalidate", "yes")])
def test_a_list_without_the_refusing_father_says_so_and_leaves_his_no_to_the_office(
    office: Browser, world: World, answer: str, verdict: str
) -> None:
    def upload(*rows: dict[str, str]) -> str:
        office.get("/office/roster")
        office.post("/office/roster", {"file": (io.BytesIO(contacts(*rows)), "list.csv"), "partial": ""})
        return office.response.request.path  # type: ignore[union-attr]

    office.post(f"{upload(link(1, 1), link(1, 2))}/apply", {"confirm_leavers": "yes", "effects": hidden(office)})
    with world.database.reading() as db:
        leo = next(row for row in people.children(db) if row.full_name == "Leo Brown")
        mother, father = (row.guardian for row in people.guardians_of(db, leo.person_id))
    choose(world, leo, mother, "yes")
    choose(world, leo, father, "no")
    address = upload(link(1, 1))
    assert f"{father.full_name} said No to:" in office.page.text
    keys = [e["name"] for e in office.page.all("input") if e["name"].startswith("no-")]
    chosen = {keys[0]: answer} if answer else {}
    office.post(f"{address}/apply", {"effects": hidden(office)} | chosen)
    with world.database.reading() as db:
        found = consent.permissions(db, [leo.person_id], YEAR)[leo.person_id]["website"].verdict
        (imported,) = evidence.entries_of_kind(db, "imported")[-1:]
    assert found == verdict
    assert imported.body["act"]["noes_kept"] == (0 if answer else 1)
    assert imported.body["act"]["noes_invalidated"] == (1 if answer else 0)


def hidden(office: Browser) -> str:
    return next(e["value"] for e in office.page.all("input") if e["name"] == "effects")


def test_a_no_said_after_the_preview_is_shown_before_it_is_decided(office: Browser, world: World) -> None:
    choose(world, world.ayaan, world.ann, "yes")
    path = f"/office/people/{world.ayaan.public_id}/contacts/{world.bob.public_id}"
    choose(world, world.ayaan, world.bob, "no")
    office.get(path)
    page = office.post(path, {"act": "end", "effects": "0" * 64})
    assert page.heading == "Check before you save"


def test_the_preview_of_a_list_counts_whom_it_says_nothing_about(office: Browser, world: World) -> None:
    rows = (
        link(1, 1, Relationship="Mother", Parental_Responsibility=""),
        link(1, 2, Relationship="Childminder", Parental_Responsibility=""),
    )
    office.get("/office/roster")
    page = office.post("/office/roster", {"file": (io.BytesIO(contacts(*rows)), "list.csv"), "partial": "yes"})
    assert "Not asked until you decide: 1 (Childminder 1)" in page.text
    assert "Asked to say it themselves while signing: 1 (Mother 1)" in page.text


def test_who_has_left_is_taken_off_by_hand_and_their_no_is_decided(office: Browser, world: World) -> None:
    choose(world, world.ayaan, world.ann, "yes")
    choose(world, world.ayaan, world.bob, "no")
    path = f"/office/people/{world.bob.public_id}/left"
    page = office.get(path)
    assert "Bob Khan said No to:" in page.text
    office.post(path, {"effects": "0" * 64}, status=409)
    office.post(path, {"effects": hidden(office)})
    with world.database.reading() as db:
        assert people.person(db, world.bob.public_id).archived
        assert "left" in [entry.kind for entry in evidence.entries_about(db, world.bob.pseudonym)]
    assert website(world) == "conflict"
    assert "they stay off" not in office.get(f"/office/people/{world.bob.public_id}").text


def test_telephone_and_stopping_to_write_stand_in_the_story(office: Browser, world: World) -> None:
    path = f"/office/people/{world.bob.public_id}"
    office.get(path)
    office.post(f"{path}/telephone", {"mobile": "nonsense"})
    assert "This is not a telephone number." in office.page.text
    office.post(f"{path}/telephone", {"mobile": "07700 900123"})
    office.get(path)
    office.post(f"{path}/writing", {"act": "stop"})
    text = office.get(path).text
    assert "telephone: – → 07700 900123" in text
    assert "emails from us: yes → stopped" in text
    with world.database.reading() as db:
        owed = campaigns.owed_by(db, YEAR, {world.bob.person_id})[world.bob.person_id]
    assert not owed.reachable
    page = office.get("/office/corrections")
    assert "07700 900123" in page.text
    assert b"07700 900123" in office.client.get("/office/corrections.csv").data


def test_corrections_say_who_is_no_contact_and_who_has_left(office: Browser, world: World) -> None:
    office.get(f"/office/people/{world.ayaan.public_id}/contacts/{world.bob.public_id}")
    office.post(f"/office/people/{world.ayaan.public_id}/contacts/{world.bob.public_id}", {"act": "end"})
    office.get(f"/office/people/{world.maja.public_id}/left")
    office.post(f"/office/people/{world.maja.public_id}/left", {"effects": hidden(office)})
    table = office.client.get("/office/corrections.csv").data.decode("utf-8-sig").splitlines()
    said = {tuple(line.split(",")[:5]) for line in table[1:]}
    assert ("Bob Khan", "Ayaan Khan", "A contact of the child", "yes", "no") in said
    assert ("Maja Nowak", "", "At this school", "yes", "no") in said
