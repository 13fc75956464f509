"""Answers that came on paper, by telephone or in person, and answers taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask

from oval_aup import agreements, consent, evidence, people, signing
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core import clock
from tests.web.admin.conftest import EVE, Troubles, guardian_actor
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World

SAID = {
    "channel": "phone",
    "received-day": "15",
    "received-month": "9",
    "received-year": "2026",
    "identified": "I called the number on file",
    "outcome": "signed",
}


def _uses(world: World, child: people.ChildRow, answer: str) -> dict[str, str]:
    with world.database.reading() as db:
        return {f"use-{child.public_id}-{use.key}": answer for use in consent.asked_purposes(db)}


def _request(world: World, person_id: int) -> signing.RequestRow:
    with world.database.reading() as db:
        return signing.standing(db, person_id, YEAR)[0]


def _send(browser: Browser, path: str, values: dict[str, Any], status: int = 200) -> None:
    browser.get(path)
    browser.post(path, {"key": browser.page.hidden("key")} | values, status=status)


def test_a_telephone_call_is_recorded_whole_and_under_the_recorders_name(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    _send(eve, path, SAID | _uses(world, world.maja, "no") | {"remark": "An interpreter helped"})
    assert "Recorded." in eve.page.text
    with world.database.reading() as db:
        mark = signing.signatures_of(db, troubles.dan.person_id)[-1]
        told = evidence.details(db, [mark.ledger_seq])[mark.ledger_seq]
        answers = consent.answers_of(db, world.maja.person_id, troubles.dan.person_id, YEAR)
    assert (mark.outcome, mark.channel, mark.assurance) == ("signed", "phone", "telephone")
    assert mark.recorded_by_id == world.eve.person_id
    assert set(answers.values()) == {"no"}
    assert told["identified"] == "I called the number on file"
    assert told["received_on"] == "2026-09-15"
    assert told["note"] == "An interpreter helped"


def test_the_same_form_sent_twice_is_recorded_once(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    eve.get(path)
    form = {"key": eve.page.hidden("key")} | SAID
    eve.post(path, form)
    eve.get(path)
    eve.post(path, form)
    with world.database.reading() as db:
        assert len(signing.signatures_of(db, troubles.dan.person_id)) == 1


def test_nothing_is_chosen_beforehand_and_a_half_filled_form_keeps_what_was_typed(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    page = eve.get(path)
    assert not [e for e in page.all("input") if "checked" in e.attributes]
    half = dict(list(_uses(world, world.maja, "yes").items())[:2])
    _send(eve, path, {"remark": "Typed before", "received-day": "40"} | half, status=422)
    page = eve.page
    assert "There is a problem" in page.text
    for words in ("Choose how the answer came", "Choose what they said", "Enter a date", "Say how you confirmed"):
        assert words in page.text
    assert "Typed before" in page.html
    assert len([e for e in page.all("input") if "checked" in e.attributes]) == 2
    with world.database.reading() as db:
        assert not signing.signatures_of(db, troubles.dan.person_id)


def test_an_answer_from_tomorrow_is_refused(troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    _send(eve, path, SAID | {"received-day": "16"}, status=422)
    assert "not later than today" in eve.page.text


def test_declining_on_paper_keeps_the_reason(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    _send(eve, path, SAID | {"channel": "paper", "outcome": "declined", "reason": "I disagree with rule 3"})
    assert _request(world, troubles.dan.person_id).status == "declined"
    assert "I disagree with rule 3" in eve.get(f"/office/people/{troubles.dan.public_id}").text


def test_what_the_form_does_not_ask_for_changes_nothing(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{troubles.dan.public_id}/answer"
    forged = {"assurance": "staff-login", "signed_at": "2020-01-01", "version": "99", "role": "admin", "person_id": "1"}
    _send(eve, path, SAID | forged | _uses(world, world.zara, "yes"))
    with world.database.reading() as db:
        mark = signing.signatures_of(db, troubles.dan.person_id)[-1]
        assert mark.assurance == "telephone"
        assert not consent.answers_of(db, world.zara.person_id, troubles.dan.person_id, YEAR)


def test_a_signature_is_taken_back_with_a_reason_and_stays_in_the_record(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    path = f"/office/signatures/{troubles.signature.public_id}/take-back"
    eve.get(path)
    eve.post(path, {"act": "correct"}, status=422)
    assert "Say in a few words why" in eve.page.text
    for _again in range(2):
        eve.get(path)
        eve.post(path, {"act": "correct", "reason": "The wrong Khan"})
    with world.database.reading() as db:
        rows = signing.signatures_of(db, world.ann.person_id)
    assert [row.outcome for row in rows] == ["signed", "withdrawn"]
    assert _request(world, world.ann.person_id).status == "open"


def test_choices_can_be_declared_void_once(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.ayaan.public_id}/choices/{world.bob.public_id}/void"
    eve.get(f"/office/people/{world.ayaan.public_id}")
    for _again in range(2):
        eve.post(path, {"reason": "It was not Bob"})
    with world.database.reading() as db:
        assert not consent.answers_of(db, world.ayaan.person_id, world.bob.person_id, YEAR)
        acts = [
            row.act for row in consent.decisions(db, child_id=world.ayaan.person_id, guardian_id=world.bob.person_id)
        ]
    assert acts.count("invalidated") == acts.count("refused")


def test_a_childs_answer_is_not_recorded_here(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get(f"/office/people/{world.ayaan.public_id}/answer", status=403)


def test_a_parent_signs_on_the_offices_device_with_a_witness_and_the_office_logged_out(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    path = f"/office/people/{troubles.dan.public_id}"
    eve.get(path)
    page = eve.post(f"{path}/sign-here")
    assert "Dan" in page.html
    assert eve.get("/office").heading == "Staff log-in"
    eve.get("/family")
    eve.post("/family/start")
    with world.database.reading() as db:
        entries = evidence.entries_about(db, troubles.dan.pseudonym)
        told = evidence.details(db, [entry.seq for entry in entries])
    begun = next(entry for entry in entries if entry.kind == "started")
    known = next(entry for entry in entries if entry.kind == "identified")
    assert (begun.body["assurance"], begun.body["channel"]) == ("in-person", "person")
    assert told[known.seq]["witness_name"] == "Eve Office"
    assert known.body["actor"]["pseudonym"] == world.eve.pseudonym


def test_a_device_is_not_handed_to_a_barred_contact(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get(f"/office/people/{world.ann.public_id}")
    eve.post(f"/office/people/{troubles.max.public_id}/sign-here", status=403)


def test_yes_or_no_to_all_only_fills_one_childs_choices_in(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.ann.public_id}/answer"
    eve.get(path)
    eve.post(
        path,
        {"key": eve.page.hidden("key"), "identified": "I know her", "fill": f"{world.zara.public_id}:no"},
    )
    fields = _uses(world, world.zara, "no")
    checked = {
        e["name"]: e["value"] for e in eve.page.all("input") if e["type"] == "radio" and "checked" in e.attributes
    }
    assert checked == fields
    assert any(e["value"] == "I know her" for e in eve.page.all("input"))
    with world.database.reading() as db:
        assert not [row for row in signing.signatures_of(db, world.ann.person_id) if row.recorded_by_id]
    eve.post(path, {"key": eve.page.hidden("key"), "fill": f"{world.maja.public_id}:no"}, status=422)


def _choose_by_phone(world: World, eve: Browser, chosen: dict[str, str], status: int = 200) -> None:
    """Eve records what Ann said on the telephone about pictures of Ayaan, and nothing else."""
    said = SAID | {"outcome": ""} | {f"use-{world.ayaan.public_id}-{key}": answer for key, answer in chosen.items()}
    _send(eve, f"/office/people/{world.ann.public_id}/answer", said, status)


def _answers(world: World, guardian: people.GuardianRow) -> dict[str, str]:
    with world.database.reading() as db:
        return consent.answers_of(db, world.ayaan.person_id, guardian.person_id, YEAR)


def test_one_change_by_telephone_leaves_every_other_answer_alone(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    before = _answers(world, world.ann)
    assert before["website"] == "yes"
    said = {f"use-{world.ayaan.public_id}-website": "no", "confirm": "yes"}
    _send(eve, f"/office/people/{world.ann.public_id}/answer", SAID | {"outcome": ""} | said)
    assert _answers(world, world.ann) == before | {"website": "no"}
    with world.database.reading() as db:
        entry = evidence.entries_about(db, world.ayaan.pseudonym)[-1]
        told = evidence.details(db, [entry.seq])[entry.seq]
    assert (entry.kind, entry.body["act"]["answers"]) == ("consent_withdrawn", {"website": "no"})
    assert (entry.body["channel"], entry.body["assurance"]) == ("phone", "telephone")
    assert told["identified"] == "I called the number on file"
    assert told["signer_name"] == "Ann Khan"


def test_an_answer_that_would_be_replaced_is_shown_before_it_is(world: World, troubles: Troubles, eve: Browser) -> None:
    before = _answers(world, world.ann)
    _choose_by_phone(world, eve, {"website": "no"}, status=422)
    text = eve.page.text
    assert "This replaces answers that stand" in text
    assert "Ayaan Khan, On the school website: now Yes, would become No." in text
    assert "through their private link" in text
    assert _answers(world, world.ann) == before
    eve.post(
        f"/office/people/{world.ann.public_id}/answer",
        SAID
        | {"key": eve.page.hidden("key"), "outcome": "", "confirm": "yes"}
        | {f"use-{world.ayaan.public_id}-website": "no"},
    )
    assert "Ayaan, On the school website: pictures must not be used." in eve.page.text
    assert _answers(world, world.ann)["website"] == "no"


def test_an_answer_given_after_the_paper_came_is_said_to_be_newer(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        consent.record(
            db,
            child=world.ayaan,
            guardian=world.ann,
            answers={"website": "no"},
            only=("website",),
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key="later",
            actor=guardian_actor(world.ann),
        )
    said = SAID | {"outcome": "", f"use-{world.ayaan.public_id}-website": "yes", "received-day": "14"}
    _send(eve, f"/office/people/{world.ann.public_id}/answer", said | {"version-image-uses": "1"}, status=422)
    assert "They gave this answer after the day you entered." in eve.page.text


def _publish_newer(world: World) -> str:
    """Publish second versions on 1 December, of which the one about pictures leaves a use out; the first one's code."""
    clock.travel_to(dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC))
    newer = {"parents": "Newer rules", "image-uses": "Newer pictures"}
    with world.database.writing() as db:
        old = agreements.current(db, "parents")
        for wordings in shipped_versions():
            if wordings[0]["agreement"] in newer:
                changed = []
                for each in wordings:
                    clauses = [one for one in each["clauses"] if one["key"] != "website"]
                    title = newer[each["agreement"]]
                    changed.append({**each, "version": 2, "title": title, "clauses": clauses})
                agreements.publish(db, changed, actor=OFFICE)
    return agreements.form_code(old.text_sha256)


OCTOBER = SAID | {"channel": "paper", "received-day": "30", "received-month": "10"}


def _signed_version(world: World, person_id: int) -> int:
    with world.database.reading() as db:
        mark = signing.signatures_of(db, person_id)[-1]
        return int(evidence.entries(db, [mark.ledger_seq])[mark.ledger_seq].body["document"]["version"])


def test_a_paper_of_october_is_recorded_for_the_words_of_october(world: World, troubles: Troubles, app: Flask) -> None:
    _publish_newer(world)
    eve = Browser(app)
    eve.log_in(EVE)
    path = f"/office/people/{troubles.dan.public_id}/answer"
    page = eve.get(path)
    assert "Newer rules, version 2" in page.text
    assert "On the school website" not in page.text
    form = {"key": page.hidden("key"), "shown-parents": "2", "shown-image-uses": "2"} | OCTOBER
    eve.post(path, form, status=422)
    assert "They had version 1 of “Rules for parents and carers”." in eve.page.text
    assert "On the school website" in eve.page.text
    shown = {name: eve.page.hidden(name) for name in ("shown-parents", "shown-image-uses")}
    assert set(shown.values()) == {"1"}
    eve.post(path, form | shown | {f"use-{world.maja.public_id}-website": "yes"})
    assert "recorded for version 1, which they had. Version 2 is in force today." in eve.page.text
    assert _signed_version(world, troubles.dan.person_id) == 1
    with world.database.reading() as db:
        entry = evidence.entries_about(db, world.maja.pseudonym)[-1]
    assert entry.body["document"]["version"] == 1
    assert entry.body["act"]["answers"] == {"website": "yes"}


def test_the_code_of_a_form_or_a_choice_names_the_version(world: World, troubles: Troubles, app: Flask) -> None:
    code = _publish_newer(world)
    eve = Browser(app)
    eve.log_in(EVE)
    today = SAID | {"received-day": "1", "received-month": "12", "channel": "paper"}
    path = f"/office/people/{troubles.dan.public_id}/answer"
    _send(eve, path, today | {"code": "0000-0000"}, status=422)
    assert "No form has this code." in eve.page.text
    _send(eve, path, today | {"code": code, "version-parents": "2", "shown-parents": "1"}, status=422)
    assert "another version is chosen" in eve.page.text
    _send(eve, path, today | {"code": code.lower().replace("-", " "), "shown-parents": "1"})
    assert _signed_version(world, troubles.dan.person_id) == 1
    path = f"/office/people/{world.cass.public_id}/answer"
    _send(eve, path, today | {"version-parents": "2", "shown-parents": "2"})
    assert _signed_version(world, world.cass.person_id) == 2


def test_a_blank_form_bears_the_code_of_its_exact_words(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.reading() as db:
        wording = agreements.current(db, "image-uses")
    page = eve.get("/office/paper-forms/image-uses")
    assert agreements.form_code(wording.text_sha256) in page.text
    for clause in wording.clauses:
        assert clause.heading in page.text
    assert page.text.count("☐ Yes") == len([clause for clause in wording.clauses if clause.basis == "consent"])
    eve.get("/office/paper-forms/nothing", status=404)
