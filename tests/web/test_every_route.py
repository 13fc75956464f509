"""Every route for every kind of visitor: who gets in is written down here, and a route without a row fails."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from oval_aup import accounts
from oval_aup.core.db import Database
from tests.web.world import World

LOG_INS = {"admin": "eve", "head": "hal", "governor": "gov", "teacher": "di", "staff": "sam"}
VISITORS = ("anonymous", "family", "kiosk", *LOG_INS)
DOORS = {"family": "/family/new-link", "kiosk": "/class", "login": "/staff/log-in"}
"""Where somebody is sent who is not let in as this kind at all."""

ANYONE = VISITORS
STAFF = tuple(LOG_INS)
OFFICE = ("admin",)
READERS = ("admin", "head")
FIGURES = ("admin", "head", "governor")

WHO_MAY: dict[tuple[str, ...], str] = {
    ANYONE: """static public.accessibility public.healthy public.home public.letter public.letter_attachment
        public.outbox public.safe public.checker public.verify public.verify_file public.verify_head
        staff.forgotten staff.forgotten_now staff.forgotten_sent staff.log_in
        staff.take_back staff.take_back_now
        staff.log_in_now staff.log_out staff.set_password staff.set_password_now classroom.join classroom.join_now
        family.ask_for_link family.check_in family.ended family.finish family.finished family.landing
        family.link_sent family.changed family.come_back family.too_many_tries family.welcome_back""",
    ("family",): """family.answered family.check family.choice family.choices family.choose family.choose_all
        family.decline family.decline_now family.decline_younger family.decline_younger_now family.done
        family.home family.pictures family.pictures_chosen family.receipt family.reconsider
        family.responsibility family.responsibility_said family.rules family.rules_read family.save_picture
        family.save_rules family.save_younger family.sign family.start family.younger family.younger_read""",
    ("kiosk",): """classroom.child classroom.device classroom.mark classroom.names classroom.not_me
        classroom.not_me_now classroom.rules classroom.well_done""",
    STAFF: """staff.check staff.decline staff.decline_now staff.done staff.home staff.pin staff.receipt staff.rules
        staff.rules_answered staff.set_pin staff.rules_read staff.sign staff.start
        staff.unanswered""",
    ("admin", "head", "teacher"): "staff.classes staff.school_class staff.valid_today",
    ("admin", "head", "teacher", "staff"): "staff.photos",
    ("admin", "teacher"): """classroom.board classroom.close classroom.hand_over classroom.lesson classroom.start
        classroom.start_now classroom.took_part classroom.undo classroom.ask_undo""",
    FIGURES: """admin.home admin.classes admin.coverage_csv admin.reports admin.check_ledger admin.figures
        admin.coverage_xlsx
        admin.order_figures""",
    READERS: """staff.changes admin.responsibility admin.corrections admin.corrections_table admin.corrections_xlsx
        admin.as_at admin.order_as_at admin.order_subject_access admin.campaign admin.choices_csv
        admin.choices_xlsx
        admin.document admin.image_block admin.mail admin.make_record
        admin.order_report admin.outstanding admin.outstanding_csv admin.people admin.person admin.retry_document
        admin.outstanding_xlsx
        admin.write_note admin.remove_note
        admin.retry_documents admin.handle_tasks admin.none_found admin.take_downs
        admin.school_class admin.take_down admin.tasks admin.retention admin.periods admin.confirm_period
        admin.look_at_proposal admin.approve_erasure admin.send_back_erasure
        admin.look_at_erasure admin.order_erasure admin.erasure admin.keep_or_erase admin.place_hold admin.review_hold
        admin.lift_hold admin.refuse_erasure admin.packs admin.order_pack admin.take_pack admin.cancel_pack
        admin.resume_pack admin.delete_pack""",
    OFFICE: """admin.decide_responsibility admin.contact admin.change_contact admin.left admin.mark_left
        admin.change_telephone admin.change_writing
        admin.accounts admin.address_works admin.answer admin.ask_joiners admin.campaign_preview
        admin.change_address admin.close_account admin.close_campaign admin.do_take_back admin.new_link
        admin.remind admin.remind_one admin.open_accounts admin.open_campaign admin.password_link
        admin.plan_campaign admin.record_answer admin.reopen_account admin.retry_mail admin.retry_unsent
        admin.correct_bounces admin.first_password_links admin.test_mail admin.paper_form
        admin.send_reminder admin.set_role admin.sign_here admin.take_back admin.void_choices admin.roster_apply
        admin.join admin.do_join
        admin.roster_discard admin.roster_import admin.roster_look_again admin.roster_start admin.roster_upload""",
}
ROWS = {endpoint: who for who, endpoints in WHO_MAY.items() for endpoint in endpoints.split()}
LEAVING = {"staff.log_out", "family.finish"}
"""Open to anyone, and what they do is to end the visit."""


@dataclass(frozen=True)
class Doorkeeper:
    """The application with one browser per kind of visitor."""

    app: Flask
    cookies: dict[str, dict[str, str]]

    def answer(self, visitor: str, rule: Rule, method: str) -> TestResponse:
        """What one visitor gets, with guessed ids in the address."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session.update(self.cookies[visitor])
        values = {name: "1" if name == "number" else str(uuid.uuid4()) for name in rule.arguments}
        with self.app.test_request_context():
            path = self.app.url_for(rule.endpoint, **values)  # type: ignore[arg-type]
        return client.open(path, method=method)


@pytest.fixture
def doorkeeper(app: Flask, world: World, database: Database) -> Doorkeeper:
    app.config["WTF_CSRF_ENABLED"] = False  # who may come in is asked before what they bring
    app.testing = False
    cookies: dict[str, dict[str, str]] = {"anonymous": {}}
    with database.writing() as db:
        for role, name in LOG_INS.items():
            account = accounts.account_by_email(db, f"{name}@oval.example.org")
            assert account is not None
            assert account.role == role
            token = accounts.start(
                db, "login", person_id=account.person_id, account_id=account.id, assurance="staff-login"
            )
            cookies[role] = {"_user_id": token}
        token = accounts.start(db, "family", person_id=world.ann.person_id, assurance="link-and-birth-date")
        cookies["family"] = {"family": token}
        cookies["kiosk"] = {
            "kiosk": accounts.start(db, "kiosk", class_session_key=str(uuid.uuid4()), assurance="in-class")
        }
    return Doorkeeper(app, cookies)


def test_every_route_has_a_row_here(app: Flask) -> None:
    assert set(app.view_functions) == set(ROWS)


@pytest.mark.parametrize("visitor", VISITORS)
def test_who_gets_in_where(doorkeeper: Doorkeeper, visitor: str) -> None:
    wrong: list[str] = []
    for rule in sorted(doorkeeper.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule)):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint in LEAVING:
                continue
            response = doorkeeper.answer(visitor, rule, method)
            expected = _expected(visitor, rule.endpoint)
            found = _found(response, rule.endpoint)
            if found != expected:
                wrong.append(f"{visitor} {method} {rule.rule}: {found} ({response.status_code}), not {expected}")
    assert not wrong, "\n".join(wrong)


def _kind(who: tuple[str, ...]) -> str:
    return who[0] if who[0] in ("family", "kiosk") else "login"


def _expected(visitor: str, endpoint: str) -> str:
    who = ROWS[endpoint]
    if visitor in who:
        return "in"
    kind = _kind(who)
    # a known log-in is told no; everybody else is shown the door that would let them in
    return "refused" if kind == "login" and visitor in LOG_INS else f"door {DOORS[kind]}"


def _found(response: TestResponse, endpoint: str) -> str:
    assert response.status_code < 500, (endpoint, response.status_code)
    if response.status_code == 403:
        return "refused"
    goes_to = response.headers.get("Location", "").split("?")[0]
    kind = _kind(ROWS[endpoint])
    if response.status_code == 303 and goes_to == DOORS[kind] and ROWS[endpoint] != ANYONE:
        return f"door {goes_to}"
    return "in"


@pytest.mark.parametrize("visitor", ["head", "governor", "teacher", "staff", "family", "anonymous"])
def test_a_refusal_says_the_same_whether_or_not_the_thing_exists(
    doorkeeper: Doorkeeper, world: World, visitor: str
) -> None:
    client = doorkeeper.app.test_client()
    with client.session_transaction() as session:
        session.update(doorkeeper.cookies[visitor])
    real = client.post(f"/office/people/{world.ann.public_id}/address", data={"email": "x@example.org"})
    guessed = client.post(f"/office/people/{uuid.uuid4()}/address", data={"email": "x@example.org"})
    assert (real.status_code, real.data) == (guessed.status_code, guessed.data)
    assert real.status_code in (303, 403)
