"""Reports, the ledger's health, messages, classes and log-ins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, documents, notifications, people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.documents import queue
from tests.notifications.memory import MemoryChannel
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World


def _finish(world: World, public_id: str) -> None:
    claim = documents.claim_document(world.database)
    assert claim is not None
    assert claim.public_id == public_id
    with world.database.writing() as db:
        documents.store_document(db, claim, b"%PDF-1.7 made")


def test_reports_are_ordered_once_and_handed_out_when_ready(world: World, troubles: Troubles, eve: Browser) -> None:
    _finish(world, troubles.document.public_id)
    eve.get("/office/evidence")
    for _again in range(2):
        eve.post("/office/evidence", {"class": world.year_4.public_id})
    page = eve.page
    assert page.text.count("Class report") == 1
    assert "every 4s" in page.html
    response = eve.client.get(f"/office/documents/{troubles.document.public_id}")
    assert response.data == b"%PDF-1.7 made"
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_governor_gets_the_figures_and_no_paper_that_names_people(
    world: World, troubles: Troubles, browser: Browser
) -> None:
    _finish(world, troubles.document.public_id)
    browser.log_in("gov@oval.example.org")
    browser.get("/office/evidence")
    for _again in range(2):
        page = browser.post("/office/evidence/figures")
    assert page.text.count("Whole-school figures, without names") == 1
    assert "Whole-school report" not in page.text
    with world.database.reading() as db:
        figures = documents.newest_documents(db, kind="figures_report")[0]
    browser.get(f"/office/figures/{figures.public_id}", status=404)
    _finish(world, figures.public_id)
    assert browser.client.get(f"/office/figures/{figures.public_id}").data == b"%PDF-1.7 made"
    browser.get(f"/office/figures/{troubles.document.public_id}", status=404)
    browser.get(f"/office/documents/{figures.public_id}", status=403)
    browser.post("/office/evidence", status=403)


def test_a_document_that_is_not_ready_is_not_found(troubles: Troubles, eve: Browser) -> None:
    eve.get(f"/office/documents/{troubles.document.public_id}", status=404)


def test_a_failed_document_is_a_task_and_can_be_tried_again(world: World, troubles: Troubles, eve: Browser) -> None:
    for _attempt in range(12):
        claim = documents.claim_document(world.database)
        if claim is None:
            break
        with world.database.writing() as db:
            documents.fail_document(db, claim, "no font")
        clock.travel_to(clock.now() + dt.timedelta(hours=2))
    eve.log_in("eve@oval.example.org")
    assert "1 document could not be made" in eve.get("/office").text
    eve.get("/office/evidence")
    for _again in range(2):
        eve.post(f"/office/documents/{troubles.document.public_id}/retry")
    with world.database.reading() as db:
        assert documents.document(db, troubles.document.public_id).status == "pending"


def test_what_failed_for_hours_is_tried_again_with_one_press(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        receipt = documents.request_document(
            db,
            kind="receipt",
            subject=world.ann.pseudonym,
            params={"person_id": world.ann.person_id, "school_year": YEAR, "entries": [], "language": "en"},
            dedupe_key="two",
        )
    for _hour in range(queue.MAX_ATTEMPTS):
        while (claim := documents.claim_document(world.database)) is not None:
            with world.database.writing() as db:
                documents.fail_document(db, claim, "no font")
        clock.travel_to(clock.now() + dt.timedelta(hours=2))
    eve.log_in("eve@oval.example.org")
    with world.database.reading() as db:
        given_up = documents.pending_documents(db).failed
    assert given_up >= 2
    assert f"Try all {given_up} again" in eve.get("/office/tasks/document-failed").text
    assert f"Try all {given_up} again" in eve.get("/office/evidence").text
    assert f"{given_up} documents are tried again." in eve.post("/office/documents/retry").text
    page = eve.post("/office/documents/retry")
    assert "There was nothing to try again." in page.text
    assert "could not be made after many tries" not in page.text
    with world.database.reading() as db:
        assert {documents.document(db, each.public_id).status for each in (receipt, troubles.document)} == {"pending"}


def test_who_follows_the_message_about_late_papers_finds_how_many_wait_and_why(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    assert "waiting to be sealed" not in eve.get("/office/evidence").text
    with world.database.writing() as db:
        documents.note_worker(db)
    clock.travel_to(clock.now() + dt.timedelta(minutes=16))
    claim = documents.claim_document(world.database)
    assert claim is not None
    with world.database.writing() as db:
        documents.defer_document(db, claim, "The private key seal-1.pem is missing.")
    page = eve.get("/office/evidence")
    assert "waiting to be sealed for more than 15 minutes" in page.text
    assert "The private key seal-1.pem is missing." in page.text


def test_the_ledger_is_read_back_and_found_in_order(troubles: Troubles, eve: Browser) -> None:
    assert "None has been changed" in eve.get("/office/evidence/check").text


def test_messages_show_what_became_of_them_and_never_their_text(world: World, troubles: Troubles, eve: Browser) -> None:
    page = eve.get("/office/mail")
    assert "Cass Nowak" in page.text
    assert "550 no such user" in page.text
    assert "Ask the person about this address first." in page.text
    with world.database.reading() as db:
        letter = notifications.messages_to(db, world.cass.pseudonym)[-1]
    assert letter.text[:40] not in page.html
    assert notifications.LINK_MARK not in page.html


def test_a_bounced_message_goes_again_once_the_address_is_right(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/mail/{troubles.message.public_id}/retry"
    eve.get(f"/office/people/{world.cass.public_id}")
    assert "Emails to this address are bouncing. Ask the person about it first." in eve.post(path).text
    with world.database.reading() as db:
        assert notifications.message(db, troubles.message.public_id).status == "bounced"
    eve.get(f"/office/people/{world.cass.public_id}")
    eve.post(f"/office/people/{world.cass.public_id}/address-works")
    for _again in range(2):
        eve.post(path)
    with world.database.reading() as db:
        assert notifications.message(db, troubles.message.public_id).status == "queued"


def test_letters_the_server_refused_go_again_with_one_press_to_those_they_still_concern(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        kept = [_letter(db, row.pseudonym, "reminder") for row in (world.cass, world.sam)]
        kept.append(_letter(db, world.ann.pseudonym, "receipt"))
        kept.append(_letter(db, "school", "declined"))
        left_out = [_letter(db, world.bob.pseudonym, "reminder")]  # he has answered
        to_barred = _letter(db, troubles.max.pseudonym, "receipt")
        left_out.append(to_barred)
        left_out.append(_letter(db, world.cass.pseudonym, "receipt", "nobody@example.org"))
    refusing = Refusing()
    now = clock.now()
    for minutes in (0, 20, 300):
        clock.travel_to(now + dt.timedelta(minutes=minutes))
        notifications.send_due(
            world.database,
            refusing,
            sender=notifications.Sender("The Oval School", "office@oval.example.org"),
            mint=lambda db, message: "https://oval.example.org/l/secret",
            attachment=lambda db, public_id: ("receipt.pdf", b"%PDF-1.7"),
        )
    clock.travel_to(now)
    with world.database.writing() as db:
        notifications.bounce(db, _letter(db, world.cass.pseudonym, "ask", "nobody@example.org"), "550 no such user")
        failed = {row.public_id for row in notifications.messages_in(db, ("failed",))}
        assert {*kept, *left_out} <= failed
        others = set(campaigns.unsent_letters(db)) - set(kept)
    assert not others & set(left_out)
    number = len(kept) + len(others)
    assert f"Send all {number} again" in eve.get("/office/mail").text
    assert "may not be written to now. It was not sent." in eve.post(f"/office/mail/{to_barred}/retry").text
    assert f"{number} messages are sent again." in eve.post("/office/mail/retry").text
    page = eve.post("/office/mail/retry")
    assert "There was nothing to send again." in page.text
    assert "Send all" not in page.text
    with world.database.reading() as db:
        assert {notifications.message(db, each).status for each in kept} == {"queued"}
        assert {notifications.message(db, each).status for each in left_out} == {"failed"}


class Refusing(MemoryChannel):
    """A server that relays for nobody, whoever it is for."""

    def carry(self, letter: EmailMessage, to_address: str, hand_over: Callable[[], None]) -> None:
        raise notifications.PermanentRefusal("554 relaying denied", code="554", about_address=False)


def _letter(db: Session, recipient: str, kind: str, address: str = "someone@example.org") -> str:
    letter = notifications.Letter("The school’s rules", "Please sign.", "<p>Please sign.</p>")
    return notifications.enqueue(
        db, kind=kind, recipient=recipient, to_address=address, letter=letter, dedupe_key=f"{kind}:{recipient}"
    ).public_id


def test_a_class_shows_who_said_no_to_the_office_alone(world: World, troubles: Troubles, eve: Browser) -> None:
    text = eve.get(f"/office/classes/{world.year_4.public_id}").text
    assert "Disagree" in text
    assert "Bob Khan" in text
    table = eve.client.get(f"/office/classes/{world.year_4.public_id}/choices.csv").data.decode("utf-8-sig")
    assert "parents disagree: treat as no" in table
    assert "2026-09-15 10:00" in table


def test_the_table_of_figures_names_nobody(troubles: Troubles, eve: Browser) -> None:
    table = eve.client.get("/office/coverage.csv").data.decode("utf-8-sig")
    assert "Whole school,Parents and carers,4,1," in table
    assert "Khan" not in table


@pytest.mark.parametrize("path", ["/office/classes/nobody", "/office/documents/nobody", "/office/people/nobody"])
def test_what_does_not_exist_is_not_found(troubles: Troubles, eve: Browser, path: str) -> None:
    eve.get(path, status=404)


def test_a_role_counts_from_the_next_page(
    world: World, troubles: Troubles, eve: Browser, another_browser: Browser
) -> None:
    another_browser.log_in("sam@oval.example.org")
    another_browser.get("/office", status=403)
    with world.database.reading() as db:
        sam = accounts.account_of(db, world.sam.person_id)
    assert sam is not None
    eve.get("/office/log-ins")
    for _again in range(2):
        eve.post(f"/office/log-ins/{sam.public_id}/role", {"role": "governor"})
    another_browser.log_in("sam@oval.example.org")
    assert another_browser.get("/office").heading.startswith("School year")


def test_the_last_office_log_in_stays(world: World, eve: Browser) -> None:
    with world.database.reading() as db:
        own = accounts.account_of(db, world.eve.person_id)
    assert own is not None
    eve.get("/office/log-ins")
    assert "last office log-in" in eve.post(f"/office/log-ins/{own.public_id}/role", {"role": "staff"}, status=409).text
    assert "last office log-in" in eve.post(f"/office/log-ins/{own.public_id}/close", status=409).text
    eve.post(f"/office/log-ins/{own.public_id}/role", {"role": "god"}, status=422)


def test_a_closed_log_in_ends_at_once(world: World, eve: Browser, another_browser: Browser) -> None:
    another_browser.log_in("sam@oval.example.org")
    with world.database.reading() as db:
        sam = accounts.account_of(db, world.sam.person_id)
    assert sam is not None
    eve.get("/office/log-ins")
    for _again in range(2):
        eve.post(f"/office/log-ins/{sam.public_id}/close")
    assert another_browser.get("/staff").heading == "Staff log-in"


def test_somebody_who_is_back_gets_in_again(world: World, eve: Browser, another_browser: Browser) -> None:
    with world.database.writing() as db:
        sam = accounts.account_of(db, world.sam.person_id)
        assert sam is not None
        accounts.disable(db, sam.public_id, actor=SYSTEM)
    assert "Open again" in eve.get("/office/log-ins").html
    for _again in range(2):
        page = eve.post(f"/office/log-ins/{sam.public_id}/open")
    assert "Open again" not in page.html
    with world.database.reading() as db:
        again = accounts.account(db, sam.public_id)
    assert (again.disabled, again.has_password) == (False, False)


def test_a_password_link_is_sent_and_never_shown(world: World, eve: Browser) -> None:
    with world.database.reading() as db:
        sam = accounts.account_of(db, world.sam.person_id)
    assert sam is not None
    eve.get("/office/log-ins")
    for _again in range(2):
        page = eve.post(f"/office/log-ins/{sam.public_id}/link")
    assert "set-password/" not in page.html
    with world.database.reading() as db:
        assert [row.kind for row in notifications.messages_to(db, world.sam.pseudonym)] == ["set-password"]


def test_a_log_in_that_a_leaver_still_has_can_be_closed(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        people.archive_person(db, world.sam.person_id, actor=OFFICE)
        sam = accounts.account_of(db, world.sam.person_id)
    assert sam is not None
    page = eve.get("/office/log-ins")
    assert "Still open, though they have left" in page.text
    assert world.sam.full_name in page.text
    looked = eve.post("/office/retention/look", {"person": world.sam.public_id, "basis": "objection"})
    assert "is still open. Close it first." in looked.text
    assert "/office/log-ins" in looked.html, "the way to it is beside the refusal"
    eve.get("/office/log-ins")
    assert "though they have left" not in eve.post(f"/office/log-ins/{sam.public_id}/close").text
    looked = eve.post("/office/retention/look", {"person": world.sam.public_id, "basis": "objection"})
    assert "Ask for approval" in looked.text
