"""Forms: only our own pages may send them, and only what they ask for is looked at."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from oval_aup import accounts, evidence, signing
from oval_aup.core import clock
from tests.security.rows import changed, everything_in
from tests.security.visits import addresses, token_of, visitor_for, visitors
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import World

FORGERIES: dict[str, tuple[bool, dict[str, str]]] = {
    "no token": (False, {}),
    "no token, said to be htmx": (False, {"HX-Request": "true"}),
    "no token, our own origin": (False, {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}),
    "another site": (True, {"Origin": "https://evil.example"}),
    "a sibling of ours": (True, {"Origin": "http://other.localhost"}),
    "our name, another port": (True, {"Origin": "http://localhost:9"}),
    "no origin to speak of": (True, {"Origin": "null"}),
    "cross-site": (True, {"Sec-Fetch-Site": "cross-site"}),
    "same-site": (True, {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}),
    "cross-site htmx": (True, {"Sec-Fetch-Site": "cross-site", "HX-Request": "true"}),
}
"""Whether the forged post carries a good token all the same, and what its browser says of it."""


def test_a_post_from_anywhere_but_our_own_pages_is_refused_on_every_route(app: Flask, world: World) -> None:
    """S07: every route that takes a post, as the visitor who may do most there; nothing changes."""
    held = visitors(app, world)
    tokens = {id(browser): token_of(browser.client) for browser in held.values()}
    before = everything_in(world.database)
    let_through, routes = [], list(addresses(app, "POST"))
    for forgery, (with_token, headers) in FORGERIES.items():
        for endpoint, address in routes:
            browser = visitor_for(endpoint, held)
            form = {"csrf_token": tokens[id(browser)]} if with_token else {}
            answer = browser.client.post(address, data=form, headers=headers)
            if answer.status_code not in (400, 403):
                let_through.append(f"{endpoint}, {forgery}: {answer.status}")
    assert let_through == []
    assert len(routes) >= 45
    assert changed(before, everything_in(world.database)) == set()


def test_a_token_of_somebody_else_is_no_token(app: Flask, world: World) -> None:
    """S07: a token belongs to one browser."""
    stranger, di = Browser(app), Browser(app)
    stranger.get("/staff/log-in")
    di.log_in("di@oval.example.org")
    assert di.client.post("/staff/rules/start", data={"csrf_token": stranger.token}).status_code == 400


def test_a_visit_that_ended_answers_htmx_with_the_way_to_the_door(app: Flask, world: World) -> None:
    """S08: no log-in page lands inside a page, nothing is half done, and no route forgets it."""
    held = visitors(app, world)
    tokens = {id(browser): token_of(browser.client) for browser in held.values()}
    clock.travel_to(clock.now() + dt.timedelta(hours=11))
    before = everything_in(world.database)
    wrong = []
    for endpoint, address in addresses(app, "POST"):
        if "anyone" in getattr(app.view_functions[endpoint], "permissions", ()):
            continue
        browser = visitor_for(endpoint, held)
        form = {"csrf_token": tokens[id(browser)], "typed_name": "Ann Khan"}
        answer = browser.client.post(address, data=form, headers={"HX-Request": "true"})
        if (answer.status_code, answer.data) != (204, b"") or not answer.headers.get("HX-Redirect", "").startswith("/"):
            wrong.append(f"{endpoint}: {answer.status}")
    assert wrong == []
    assert changed(before, everything_in(world.database)) == set()


NAMES = """role status outcome assurance channel signed_at started_at settled_at version version_number version_text_id
text_sha256 person_id signed_by_id recorded_by_id actor pseudonym id public_id school_year ledger_seq agreement_key
reading_level language sent_to idempotency_key way is_admin email"""
SMUGGLED = dict.fromkeys(NAMES.split(), "smuggled")


def test_fields_that_a_form_does_not_ask_for_are_never_looked_at(app: Flask, world: World) -> None:
    """A14: a parent's whole way with every column smuggled along, twice over; the record is what it is without."""
    ann = Browser(app)
    path = f"/f/{world.link(world.ann)}"
    ann.get(path)
    ann.post(path, {**walk.BORN, **SMUGGLED})
    for action in ("/family/rules", "/family/younger-rules"):
        if action == "/family/younger-rules":
            for child in (world.zara, world.ayaan):
                ann.get(f"/family/pictures/{child.public_id}")
                answers = dict.fromkeys(walk.uses(ann.page), "yes")
                shown = {"shown_sha256": ann.page.hidden("shown_sha256")}
                ann.post(f"/family/pictures/{child.public_id}", SMUGGLED | answers | shown | {"made-up-use": "yes"})
        ann.get(action)
        ann.post(action, SMUGGLED | {"read": "yes", "shown_sha256": ann.page.hidden("shown_sha256")})
    ann.get("/family/check")
    fingerprint = ann.page.hidden("fingerprint")
    ann.post("/family/check", SMUGGLED | {"typed_name": ["Ann Khan", "smuggled"], "fingerprint": fingerprint})
    assert ann.page.heading.startswith("Thank you")
    assert "smuggled" not in str(everything_in(world.database))
    assert "made-up-use" not in str(everything_in(world.database))
    with world.database.reading() as db:
        marks = signing.signatures_of(db, world.ann.person_id)
        kinds = {row.kind for row in evidence.entries_by(db, world.ann.pseudonym)} - evidence.LIST_KINDS
    assert {(row.outcome, row.channel, row.assurance) for row in marks} == {("signed", "link", "link-and-birth-date")}
    assert kinds - {"link_changed"} == {"started", "signed", "consent_recorded"}


@pytest.mark.parametrize("who", ["di", "hal"])
def test_nobody_but_the_office_can_lift_themselves(app: Flask, world: World, who: str) -> None:
    """A14: neither by a field of a form of their own nor by the office's form."""
    browser = Browser(app)
    browser.log_in(f"{who}@oval.example.org")
    browser.post("/staff/rules/start", SMUGGLED | {"role": "admin"})
    shown = {"read": "yes", "shown_sha256": browser.page.hidden("shown_sha256")}
    browser.post("/staff/rules", SMUGGLED | shown | {"role": "admin"})
    with world.database.reading() as db:
        row = accounts.account_by_email(db, f"{who}@oval.example.org")
    assert row is not None
    browser.post(f"/office/log-ins/{row.public_id}/role", {"role": "admin"}, status=403)
    with world.database.reading() as db:
        assert accounts.account(db, row.public_id).role == row.role != "admin"
    assert "smuggled" not in str(everything_in(world.database))


def test_a_log_in_form_gives_nobody_a_role(app: Flask, world: World) -> None:
    """A14: what is typed beside the password is nobody's business."""
    browser = Browser(app)
    browser.get("/staff/log-in")
    form = {"email": "sam@oval.example.org", "password": "violet tram harvest", "role": "admin", "_user_id": "1"}
    browser.post("/staff/log-in", SMUGGLED | form)
    browser.get("/office", status=403)
