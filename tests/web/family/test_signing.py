"""The signature: what one act records, that it is one however often it is sent, and what makes it void beforehand."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from flask import Flask

from oval_aup import agreements, campaigns, consent, documents, evidence, notifications, reports, signing
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import OFFICE, YEAR, World


def entries(world: World, kind: str) -> list[evidence.EntryRow]:
    with world.database.reading() as db:
        subjects = [world.ann.pseudonym, world.ayaan.pseudonym, world.zara.pseudonym]
        found = [entry for subject in subjects for entry in evidence.entries_about(db, subject)]
    return [entry for entry in found if entry.kind == kind]


def test_one_signature_records_rules_choices_and_the_younger_childs_rules_apart(browser: Browser, world: World) -> None:
    assert walk.signed(browser, world).heading == "Thank you, Ann"
    assert len(entries(world, "signed")) == 2
    assert len(entries(world, "consent_recorded")) == 2
    with world.database.reading() as db:
        family = campaigns.family(db, world.ann.person_id, YEAR)
        assert family.request is not None
        assert family.request.status == "signed"
        assert not family.owes_anything
        answers = consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)
        assert [key for key, answer in answers.items() if answer == "no"] == ["website"]
        marks = signing.signatures_of(db, world.ann.person_id)
        assert {row.assurance for row in marks} == {"link-and-birth-date"}
        assert {row.channel for row in marks} == {"link"}


def test_the_name_is_asked_for_and_the_answers_stay(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    page = walk.sign(browser, " ")
    assert "Type your full name to sign" in page.text
    assert entries(world, "signed") == []
    assert walk.sign(browser).heading == "Thank you, Ann"


def signed_details(world: World) -> list[dict[str, Any]]:
    seqs = [entry.seq for kind in ("signed", "consent_recorded") for entry in entries(world, kind)]
    with world.database.reading() as db:
        return list(evidence.details(db, seqs).values())


@pytest.mark.parametrize(
    ("name", "kind", "on_the_list"),
    [
        ("Ann", "spelling", False),
        ("Anna Khan", "spelling", False),
        ("Khan Ann", "spelling", False),
        ("Ann Maria Khan", "spelling", False),
        ("A Khan", "spelling", False),
        ("Priya Patel", "other", True),
    ],
)
def test_another_name_is_asked_about_at_once_and_told_in_the_record(
    browser: Browser, world: World, name: str, kind: str, on_the_list: bool
) -> None:
    walk.to_check(browser, world)
    page = walk.sign(browser, name)
    assert f"You typed “{name}”. Are you Ann Khan?" in page.text
    assert entries(world, "signed") == []
    assert [e["value"] for e in page.all("input") if e["name"] == "i_am" and "checked" in e.attributes] == []
    page = walk.sign(browser, name, asked_name=page.hidden("asked_name"), i_am="yes")
    assert page.heading == "Thank you, Ann"
    found = signed_details(world)
    assert {details["typed_name"] for details in found} == {name}
    assert {details["name_confirmed"] for details in found} == {kind}
    with world.database.reading() as db:
        waiting = reports.needs(db, YEAR, kind="other-name").get("other-name", ())
    assert [need.full_name for need in waiting] == (["Ann Khan"] if on_the_list else [])


@pytest.mark.parametrize("name", ["Ann Khan", "ann khan", "Ann  KHAN", "Ann-Khan"])
def test_the_own_name_is_not_asked_about(browser: Browser, world: World, name: str) -> None:
    walk.to_check(browser, world)
    assert walk.sign(browser, name).heading == "Thank you, Ann"
    assert all("name_confirmed" not in details for details in signed_details(world))


@pytest.mark.parametrize("name", ["Bob Khan", "bob khan", "Bob", "Khan Bob"])
def test_the_name_of_another_adult_of_the_family_is_refused(browser: Browser, world: World, name: str) -> None:
    walk.to_check(browser, world)
    answers: tuple[dict[str, Any], ...] = ({}, {"asked_name": name, "i_am": "yes"})
    for more in answers:
        page = walk.sign(browser, name, **more)
        assert f"“{name}” is the name of another adult. Only Ann Khan can sign here." in page.text
        assert "open the link in the email to you" in page.text
        assert "/family/new-link" in [e["href"] for e in page.all("a")]
    assert entries(world, "signed") == []
    assert walk.sign(browser).heading == "Thank you, Ann"


def test_somebody_who_says_that_they_are_another_signs_nothing(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    page = walk.sign(browser, "Priya Patel")
    page = walk.sign(browser, "Priya Patel", asked_name="Priya Patel", i_am="no")
    assert "Each adult signs with their own link" in page.text
    assert entries(world, "signed") == []


def test_a_yes_to_one_name_does_not_count_for_another(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    walk.sign(browser, "Priya Patel")
    page = walk.sign(browser, "Padma Patel", asked_name="Priya Patel", i_am="yes")
    assert "You typed “Padma Patel”" in page.text


DRAWING = json.dumps([[[100, 200], [700, 210]]])


@pytest.mark.parametrize("name", ["", "Priya Patel", "Bob Khan"])
def test_a_drawing_survives_whatever_is_wrong_with_the_name(browser: Browser, world: World, name: str) -> None:
    walk.to_check(browser, world)
    page = walk.sign(browser, name, mark=DRAWING)
    assert page.hidden("mark").replace(" ", "") == DRAWING.replace(" ", "")
    walk.sign(browser, mark=page.hidden("mark"))
    assert [details["mark"] for details in signed_details(world) if "mark" in details] == [json.loads(DRAWING)]
    with world.database.reading() as db:
        signing_session = campaigns.signing_session_of_family(db, world.ann.person_id, YEAR)
        assert signing_session is not None
        assert "mark" not in signing_session.draft, "what is in the record is not kept a second time"


def test_a_dot_is_refused_and_not_brought_back(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    page = walk.sign(browser, mark=json.dumps([[[500, 200]]]))
    assert "Please draw again, or leave it empty" in page.text
    assert page.hidden("mark") == ""
    assert entries(world, "signed") == []


def test_a_drawn_mark_is_kept_as_points(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    walk.sign(browser, mark=json.dumps([[[1, 2], [300, 4]]]))
    with world.database.reading() as db:
        seqs = [entry.seq for kind in ("signed", "consent_recorded") for entry in entries(world, kind)]
        marks = [details["mark"] for details in evidence.details(db, seqs).values() if "mark" in details]
    assert marks == [[[[1, 2], [300, 4]]]]


@pytest.mark.parametrize(
    "mark", ["<svg onload=alert(1)>", "{}", json.dumps([[[0, 0]] * 4001]), json.dumps([[[-1, 9e9]]])]
)
def test_a_drawing_that_is_none_is_refused(browser: Browser, world: World, mark: str) -> None:
    walk.to_check(browser, world)
    assert "couldn’t read the drawing" in walk.sign(browser, mark=mark).text


def test_sending_it_again_is_the_same_signature_and_the_same_receipt(browser: Browser, world: World) -> None:
    page = walk.to_check(browser, world)
    form = {"typed_name": walk.NAME, "fingerprint": page.hidden("fingerprint"), "csrf_token": page.csrf_token()}
    for _time in range(3):
        assert browser.post("/family/check", form).heading == "Thank you, Ann"
    assert browser.get("/family/done").heading == "Thank you, Ann"
    assert len(entries(world, "signed")) == 2
    with world.database.reading() as db:
        assert len(documents.documents_about(db, world.ann.pseudonym)) == 1
        kinds = [row.kind for row in notifications.messages_to(db, world.ann.pseudonym)]
    assert kinds.count("receipt") == 1


def test_going_back_after_signing_leads_to_the_family_page(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    for path in ("rules", "check", "younger-rules", "rules/decline", f"pictures/{world.zara.public_id}"):
        assert browser.get(f"/family/{path}").heading == "Your family page"
    page = browser.post("/family/rules", {"read": "yes", "shown_sha256": "0"})
    assert page.heading == "Your family page"


def test_twenty_posts_at_the_same_moment_are_one_signature_and_one_receipt(
    app: Flask, browser: Browser, world: World
) -> None:
    page = walk.to_check(browser, world)
    form = {"typed_name": walk.NAME, "fingerprint": page.hidden("fingerprint"), "csrf_token": page.csrf_token()}
    cookie = browser.client.get_cookie("oval")
    assert cookie is not None
    together, seen = threading.Barrier(20), []

    def post() -> None:
        client = app.test_client()
        client.set_cookie("oval", cookie.value)
        together.wait()
        response = client.post("/family/check", data=form)
        seen.append((response.status_code, response.headers.get("Location")))

    threads = [threading.Thread(target=post) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(303, "/family/done")] * 20
    assert len(entries(world, "signed")) == len(entries(world, "consent_recorded")) == 2
    with world.database.reading() as db:
        assert len(documents.documents_about(db, world.ann.pseudonym)) == 1
        assert evidence.verify(db).ok


def test_answers_changed_in_another_window_must_be_checked_again(browser: Browser, world: World) -> None:
    old = walk.to_check(browser, world).hidden("fingerprint")
    walk.choose(browser, world.zara, "press")
    page = browser.post("/family/check", {"typed_name": walk.NAME, "fingerprint": old})
    assert "another window" in page.text
    assert [e["href"] for e in page.all("a") if e.text == "Go on"] == ["/family/check"]
    assert entries(world, "signed") == []


def new_version(database: Database, agreement_key: str) -> None:
    """Publish the shipped words of an agreement once more under the next number, with one heading changed."""
    versions = [list(wordings) for wordings in shipped_versions()]
    chosen: list[dict[str, Any]] = [
        {
            **wording,
            "version": 2,
            "clauses": [{**clause, "heading": f"{clause['heading']} (new)"} for clause in wording["clauses"]],
        }
        for wordings in versions
        for wording in wordings
        if wording["agreement"] == agreement_key
    ]
    with database.writing() as db:
        agreements.publish(db, chosen, actor=OFFICE)


@pytest.mark.parametrize(
    ("agreement_key", "asked_again"),
    [
        ("parents", "/family/rules"),
        ("children", "/family/younger-rules"),
        ("image-uses", "/family/pictures/{}"),
    ],
)
def test_words_that_changed_while_reading_are_read_again_and_nothing_else_is_lost(
    browser: Browser, world: World, agreement_key: str, asked_again: str
) -> None:
    walk.to_check(browser, world)
    new_version(world.database, agreement_key)
    page = walk.sign(browser)
    assert page.heading == "Something changed while you were reading"
    assert entries(world, "signed") == []
    target = next(e["href"] for e in page.all("a") if e.text == "Go on")
    assert target == asked_again.format(world.ayaan.public_id)
    page = browser.get(target)
    assert "changed while you were reading" in page.text
    assert "(new)" in page.text
    if agreement_key == "image-uses":
        walk.choose(browser, world.ayaan)
        walk.choose(browser, world.zara)
    else:
        walk.accept(browser)
    assert browser.page.heading == "Check your answers before you sign"
    assert walk.sign(browser).heading == "Thank you, Ann"


def test_a_page_that_was_open_while_its_words_changed_is_not_taken(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world)
    new_version(world.database, "parents")
    form = {"read": "yes", "shown_sha256": page.hidden("shown_sha256")}
    page = browser.post("/family/rules", form)
    assert [e["href"] for e in page.all("a") if e.text == "Go on"] == ["/family/rules"]


def test_rules_that_changed_since_last_year_are_marked(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    next_autumn = clock.today().replace(year=YEAR + 1)
    with world.database.writing() as db:
        asked = [signing.NewRequest(world.ann.person_id, "parents")]
        signing.open_requests(db, asked, school_year=YEAR + 1, due_on=next_autumn)
    new_version(world.database, "parents")
    clock.travel_to(clock.at_london(next_autumn, 10))
    page = walk.come_in(browser, world)
    assert "Changed since you last signed" in page.text
    assert page.text.count("Changed") > 7


def test_the_thank_you_page_hides_the_address_and_says_what_comes_next(browser: Browser, world: World) -> None:
    page = walk.signed(browser, world)
    assert "Signed for Ayaan and Zara on 15 September 2026 at 10:" in page.text
    assert "a•••@example.org" in page.text
    assert "ann@example.org" not in page.html
    assert "We’ll ask again in September 2027" in page.text


def test_the_receipt_is_prepared_and_then_handed_out_to_its_owner_alone(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    walk.signed(browser, world)
    with world.database.reading() as db:
        [document] = documents.documents_about(db, world.ann.pseudonym)
    with world.database.writing() as db:
        documents.make_in_advance(db, besides=())
    assert documents.claim_document(world.database) is None, "nobody waits for it before its owner opens it"
    path = f"/family/receipts/{document.public_id}"
    assert browser.get(path, status=202).heading == "We’re preparing your receipt"
    claim = documents.claim_document(world.database)
    assert claim is not None
    with world.database.writing() as db:
        documents.store_document(db, claim, b"%PDF-1.7 a receipt")
    response = browser.client.get(path)
    assert response.data == b"%PDF-1.7 a receipt"
    assert response.mimetype == "application/pdf"
    assert response.headers["Cache-Control"] == "no-store"
    walk.come_in(another_browser, world, world.bob)
    another_browser.get(path, status=404)
    another_browser.get("/family/receipts/nothing", status=404)
