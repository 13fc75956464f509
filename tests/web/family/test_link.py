"""The private link: what opening it shows and changes (nothing), who gets in, and what happens once it has run out."""

from __future__ import annotations

import datetime as dt
import hashlib
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from oval_aup import accounts, campaigns, notifications, people, signing
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.web.family import forms
from tests.people import builders
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import OFFICE, YEAR, World


def everything_in(database: Database) -> str:
    """A fingerprint of every row of every table."""
    digest = hashlib.sha256()
    with database.engine.connect() as connection:
        for table in sorted(sa.inspect(connection).get_table_names()):
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}" ORDER BY 1')):
                digest.update(repr((table, *row)).encode())
    return digest.hexdigest()


def test_a_scanner_that_opens_the_link_changes_nothing_at_all(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    before = everything_in(world.database)
    for _visit in range(3):
        browser.get(path)
        assert browser.client.head(path).status_code == 200
    assert everything_in(world.database) == before


def test_the_first_page_names_nobody_and_tells_nothing_of_how_things_stand(browser: Browser, world: World) -> None:
    fresh = browser.get(f"/f/{world.link(world.ann)}").text
    for name in ("Ann", "Khan", "Ayaan", "Zara", "4C", "1A", "example.org"):
        assert name not in fresh
    walk.signed(browser, world)
    assert browser.get(f"/f/{world.link(world.ann)}").text == fresh


def test_the_first_page_gives_its_address_to_nobody(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    assert browser.response is not None
    assert browser.response.headers["Referrer-Policy"] == "no-referrer"
    browser.post(path, {**walk.BORN, "born-year": "2017"})
    assert browser.response.headers["Referrer-Policy"] == "no-referrer"


def test_an_older_phone_still_says_which_site_its_answer_comes_from(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    page = browser.get(path)
    assert [e["content"] for e in page.all("meta") if e["name"] == "referrer"] == ["strict-origin"]
    page = browser.post(path, walk.BORN, headers={"Origin": "http://localhost"})
    assert page.heading == "Rules for parents and carers"


def test_no_page_but_the_first_carries_the_secret(browser: Browser, world: World) -> None:
    token = world.link(world.ann)
    seen: list[str] = []
    browser.get(f"/f/{token}")
    browser.post(f"/f/{token}", walk.BORN)
    seen.append(browser.page.html)
    for path in ("rules", "rules/decline", f"pictures/{world.zara.public_id}", "younger-rules", ""):
        seen.append(browser.get(f"/family/{path}".rstrip("/")).html)
    assert not any(token in html for html in seen)
    assert browser.response is not None
    assert token not in str(browser.response.headers)


def test_a_childs_date_of_birth_opens_the_rules(browser: Browser, world: World) -> None:
    assert walk.come_in(browser, world).heading == "Rules for parents and carers"


def test_a_wrong_date_keeps_what_was_typed_and_says_how_many_tries_are_left(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    page = browser.post(path, {**walk.BORN, "born-day": "15"})
    assert "4 more tries" in page.text
    assert next(e for e in page.all("input") if e["name"] == "born-day")["value"] == "15"
    assert page.all("main")[0].text.startswith("There is a problem")


@pytest.mark.parametrize(
    ("day", "month", "year", "says"),
    [
        ("", "3", "2018", "Type the day, the month and the year"),
        ("31", "2", "2018", "real date"),
        ("one", "3", "2018", "real date"),
        ("1", "1", "9999999999", "real date"),
        ("1", "1", "2090", "in the past"),
        ("1", "1", "90", "in the past"),
        ("+1", "1", "2018", "real date"),
        ("1", "1_0", "2018", "real date"),
        ("1", "3", "218", "not your own"),
        ("14", "3", "1988", "not your own"),
    ],
)
def test_something_that_is_no_date_is_no_try(
    browser: Browser, world: World, day: str, month: str, year: str, says: str
) -> None:
    path = f"/f/{world.link(world.ann)}"
    for _try in range(6):
        browser.get(path)
        page = browser.post(path, {"born-day": day, "born-month": month, "born-year": year})
        assert says in page.text
    assert browser.post(path, walk.BORN).heading == "Rules for parents and carers"


def test_two_digits_of_the_year_are_enough(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world, world.ann, **{"born-year": "18"})
    assert page.heading == "Rules for parents and carers"


@pytest.mark.parametrize(
    "typed",
    [
        ("14", "mar", "18"),
        ("14", "March", "2018"),
        ("14th", "Mar.", "2018"),
        ("14/3/18", "", ""),
        ("14.03.2018", "", ""),
        ("", "14 Mar 2018", ""),
        ("14th of March, 2018", "", ""),
        ("March 14, 2018", "", ""),
        ("2018-03-14", "", ""),
        ("14/3", "", "2018"),
        ("14032018", "", ""),
    ],
)
def test_a_date_is_read_however_people_write_it(browser: Browser, world: World, typed: tuple[str, str, str]) -> None:
    born = dict(zip(walk.BORN, typed, strict=True))
    assert walk.come_in(browser, world, world.ann, **born).heading == "Rules for parents and carers"


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("5/1/19", "2019-01-05"),
        ("05 Jan 2019", "2019-01-05"),
        ("1 sept 18", "2018-09-01"),
        ("3 July 2016", "2016-07-03"),
    ],
)
def test_the_day_comes_before_the_month(text: str, born: str) -> None:
    boxes = {"born-day": text, "born-month": "", "born-year": ""}
    assert forms.BirthDate(boxes).date().isoformat() == born


def test_digits_of_another_script_are_read(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world, world.ann, **{"born-day": "۱۴", "born-month": "۳", "born-year": "۲۰۱۸"})
    assert page.heading == "Rules for parents and carers"


def test_five_wrong_dates_close_the_link_for_a_while_and_no_other(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    for left in (4, 3, 2, 1, 0):
        browser.get(path)
        browser.post(path, {**walk.BORN, "born-year": "2017"}, status=200 if left else 429)
    page = browser.post(path, walk.BORN, status=429)
    assert "15 minutes" in page.text
    [call] = [e for e in page.all("a") if e["href"].startswith("tel:") and "button" in e["class"]]
    assert call.text == "Call the school office: 0121 496 0000"
    assert browser.response is not None
    assert browser.response.headers["Retry-After"] == "900"
    assert walk.come_in(browser, world, world.cass, **{"born-day": "30", "born-month": "6"}).heading.startswith("Rules")


def test_another_familys_child_does_not_open_the_link(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.cass)}"
    browser.get(path)
    browser.post(path, walk.BORN)


def test_a_barred_contact_does_not_get_in(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        barred = builders.add_guardian(
            db,
            child_id=world.ayaan.person_id,
            forename="Max",
            surname="Khan",
            email="max@example.org",
            parental_responsibility="yes",
            contact_allowed=False,
            actor=OFFICE,
        ).guardian
    page = walk.come_in(browser, world, barred)
    assert page.heading == "This link doesn’t open anything now"
    assert browser.get("/family").heading == "Where should we send your new link?"


def test_a_mailbox_that_two_people_share_is_marked_in_every_act(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        people.set_email(db, world.bob.person_id, world.ann.email, actor=OFFICE)
    walk.signed(browser, world)
    with world.database.reading() as db:
        marks = signing.signatures_of(db, world.ann.person_id)
        assert {row.assurance for row in marks} == {"shared-link-and-birth-date"}
        assert {row.signed_by_id for row in marks} == {world.ann.person_id}
        assert signing.signatures_of(db, world.bob.person_id) == ()


@pytest.mark.parametrize(
    ("token", "heading"),
    [
        ("nonsense", "Part of this link is missing"),
        ("a" * 21, "Part of this link is missing"),
        ("a" * 31, "Part of this link is missing"),
        ("a" * 22, "This link doesn’t work"),
        ("a" * 400, "This link doesn’t work"),
    ],
)
def test_a_link_we_never_made_says_what_is_wrong_and_leads_on(
    browser: Browser, world: World, token: str, heading: str
) -> None:
    page = browser.get(f"/f/{token}")
    assert page.heading == heading
    assert "press the button" in page.text
    assert [e for e in page.all("input") if e["name"] == "email"], "and a new link can be asked for"
    page = browser.post("/family/new-link", {"email": world.ann.email})
    assert page.heading == "Check your email"


def test_a_zero_byte_is_no_link(browser: Browser, world: World) -> None:
    assert browser.get("/f/%00").heading == "Part of this link is missing"


def test_a_link_without_its_last_letter_says_so(browser: Browser, world: World) -> None:
    token = world.link(world.ann)
    assert browser.get(f"/f/{token[:-1]}").heading == "Part of this link is missing"


@pytest.mark.parametrize("stuck", [".", ")", ">", "%22", ",", "%E2%80%9D"])
def test_what_sticks_to_the_end_of_a_link_does_no_harm(browser: Browser, world: World, stuck: str) -> None:
    assert browser.get(f"/f/{world.link(world.ann)}{stuck}").heading == "This year’s school rules and picture choices"


def test_a_link_that_has_run_out_leads_to_a_new_one(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    clock.travel_to(clock.now() + dt.timedelta(days=61))
    assert browser.get(path).heading == "This link has run out"
    assert browser.post(path, walk.BORN).heading == "This link has run out"


def test_a_quiet_visit_ends_and_what_was_answered_waits(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    clock.travel_to(clock.now() + dt.timedelta(minutes=46))
    assert browser.get("/family/rules").heading == "Are you still there?"
    assert walk.come_in(browser, world).heading == "Where may we use pictures of Ayaan?"


QUIET = dt.timedelta(minutes=46)


def answer_once_more(browser: Browser, **born: str) -> Page:
    """Answer the question of a visit that fell silent, sending whatever else its page holds."""
    held = {e["name"]: e["value"] for e in browser.page.all("input") if e["type"] == "hidden"}
    return browser.post("/family/welcome-back", held | walk.BORN | born)


def test_a_page_that_was_filled_in_slowly_goes_on_its_way_after_the_question(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    browser.get(f"/family/pictures/{world.ayaan.public_id}")
    shown, uses = browser.page.hidden("shown_sha256"), walk.uses(browser.page)
    clock.travel_to(clock.now() + QUIET)
    answers = {use: "no" if use == "website" else "yes" for use in uses}
    page = browser.post(f"/family/pictures/{world.ayaan.public_id}", answers | {"shown_sha256": shown})
    assert page.heading == "Are you still there?"
    assert "We’ve kept your answers" in page.text
    again = answer_once_more(browser, **{"born-year": "2017"})
    assert "That date doesn’t match our records" in again.text
    assert answer_once_more(browser).heading == "Where may we use pictures of Zara?"
    with world.database.reading() as db:
        signing_session = campaigns.signing_session_of_family(db, world.ann.person_id, YEAR)
        assert signing_session is not None
        assert campaigns.family_visit(db, signing_session).draft.pictures[world.ayaan.public_id] == answers


def test_a_signature_that_came_too_late_is_made_once_after_the_question(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    clock.travel_to(clock.now() + QUIET)
    assert walk.sign(browser).heading == "Are you still there?"
    with world.database.reading() as db:
        assert signing.signatures_of(db, world.ann.person_id) == ()
    assert answer_once_more(browser).heading == "Thank you, Ann"
    with world.database.reading() as db:
        made = signing.signatures_of(db, world.ann.person_id)
    assert {row.assurance for row in made} == {"link-and-birth-date"}
    assert {row.person_id for row in made} == {world.ann.person_id, world.zara.person_id}
    assert len(made) == 2


def test_a_page_that_was_only_looked_at_is_shown_again_after_the_question(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    clock.travel_to(clock.now() + QUIET)
    browser.get("/family/rules/decline")
    assert answer_once_more(browser).heading == "Tell us you don’t agree"


@pytest.mark.parametrize("quiet", [dt.timedelta(0), QUIET])
def test_a_page_left_open_by_one_parent_is_never_sent_in_the_name_of_the_other(
    browser: Browser, world: World, quiet: dt.timedelta
) -> None:
    walk.come_in(browser, world)
    page = browser.get("/family/rules/decline")
    left_open = {"csrf_token": page.csrf_token(), "reason": "Mine", "shown_sha256": page.hidden("shown_sha256")}
    clock.travel_to(clock.now() + quiet)
    if quiet:
        page = browser.post("/family/rules/decline", left_open)
        assert page.heading == "Are you still there?"
        left_open = {e["name"]: e["value"] for e in page.all("input") if e["type"] == "hidden"} | walk.BORN
    walk.come_in(browser, world, world.bob)  # on the same telephone, in another window
    path = "/family/welcome-back" if quiet else "/family/rules/decline"
    assert "Go back, refresh it" in browser.post(path, left_open, status=400).text
    with world.database.reading() as db:
        assert signing.signatures_of(db, world.bob.person_id) == ()


def test_a_page_left_open_stays_good_for_whoever_opens_their_own_link_again(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get("/family/rules/decline")
    left_open = {"csrf_token": page.csrf_token(), "reason": "Mine", "shown_sha256": page.hidden("shown_sha256")}
    clock.travel_to(clock.now() + QUIET)
    walk.come_in(browser, world)
    browser.post("/family/rules/decline", left_open)
    with world.database.reading() as db:
        signing_session = campaigns.signing_session_of_family(db, world.ann.person_id, YEAR)
        assert signing_session is not None
        assert campaigns.Draft.read(signing_session.draft).rules_reason == "Mine"


@pytest.mark.parametrize("over", ["done", "a day later", "link withdrawn", "another day’s link"])
def test_nobody_goes_on_with_a_visit_that_is_over(browser: Browser, world: World, over: str) -> None:
    walk.come_in(browser, world)
    cookie = browser.client.get_cookie("oval")
    assert cookie is not None
    if over == "done":
        browser.post("/family/finish")
        browser.client.set_cookie("oval", cookie.value)
    if over == "link withdrawn":
        with world.database.writing() as db:
            accounts.revoke_links(db, world.ann.person_id, purpose="family")
    later = {"a day later": dt.timedelta(hours=24), "another day’s link": dt.timedelta(days=61)}
    clock.travel_to(clock.now() + later.get(over, QUIET))
    for page in (browser.get("/family"), browser.get("/family/welcome-back"), browser.post("/family/welcome-back")):
        assert page.heading == "Where should we send your new link?"


def test_a_form_that_did_not_come_from_a_page_of_ours_is_not_kept(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    clock.travel_to(clock.now() + QUIET)
    page = browser.post("/family/rules", {"csrf_token": "made up", "read": "yes"})
    assert page.heading == "Are you still there?"
    assert "We’ve kept every page you finished" in page.text


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example/",
        "/staff/log-in",
        "/family\\x",
        "/family/../office",
        "/family/%2e%2e/office",
        "/family/..//evil.example/",
        "/family//evil.example/",
        "/family/welcome-back?next=/family/rules",
    ],
)
def test_the_way_back_leads_to_a_familys_page_only(browser: Browser, world: World, wanted: str) -> None:
    walk.come_in(browser, world)
    clock.travel_to(clock.now() + QUIET)
    browser.get("/family/welcome-back?" + urlencode({"next": wanted}))
    assert browser.page.hidden("next") == "/family"


def test_the_question_is_not_asked_of_somebody_who_is_there(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    assert browser.get("/family/welcome-back?next=/family/rules/decline").heading == "Tell us you don’t agree"


def test_a_fragment_of_an_ended_visit_is_sent_to_the_door(browser: Browser, world: World) -> None:
    response = browser.client.get("/family/rules", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/family/new-link"


def test_every_page_of_the_visit_is_closed_to_strangers_and_to_staff(browser: Browser, world: World) -> None:
    paths = ["", "/rules", "/rules/decline", "/younger-rules", "/check", "/done", f"/pictures/{world.zara.public_id}"]
    browser.log_in("di@oval.example.org")
    for path in paths:
        assert browser.get(f"/family{path}").heading == "Where should we send your new link?"
    for path in ["/rules", "/rules/decline", "/younger-rules", "/check", "/start"]:
        assert browser.post(f"/family{path}").heading == "Where should we send your new link?"


def test_done_on_this_device_ends_the_visit_on_the_server_too(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    cookie = browser.client.get_cookie("oval")
    assert cookie is not None
    form = {"csrf_token": browser.page.csrf_token()}
    for _click in range(2):
        browser.client.set_cookie("oval", cookie.value)
        assert "You can close this page" in browser.post("/family/finish", form).text
    browser.client.set_cookie("oval", cookie.value)
    assert browser.get("/family").heading == "Where should we send your new link?"


def letters_to(world: World, *persons: people.GuardianRow) -> list[str]:
    with world.database.reading() as db:
        found = [row for person in persons for row in notifications.messages_to(db, person.pseudonym)]
    return [row.to_address for row in found if row.kind == "new-link"]


def test_a_new_link_goes_to_a_known_address_and_the_answer_is_the_same_for_any(browser: Browser, world: World) -> None:
    browser.get("/family/new-link")
    known = browser.post("/family/new-link", {"email": " Ann@Example.org "}).text
    browser.get("/family/new-link")
    unknown = browser.post("/family/new-link", {"email": "nobody@example.org"}).text
    assert known == unknown
    assert letters_to(world, world.ann, world.bob, world.cass) == ["ann@example.org"]


def test_everybody_at_a_shared_mailbox_gets_a_link_of_their_own(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        people.set_email(db, world.bob.person_id, world.ann.email, actor=OFFICE)
    browser.get("/family/new-link")
    browser.post("/family/new-link", {"email": "ann@example.org"})
    assert letters_to(world, world.ann) == letters_to(world, world.bob) == ["ann@example.org"]


def test_asking_again_and_again_sends_one_letter_and_is_stopped(browser: Browser, world: World) -> None:
    for _time in range(8):
        browser.get("/family/new-link")
        browser.post("/family/new-link", {"email": "ann@example.org"})
    browser.get("/family/new-link")
    browser.post("/family/new-link", {"email": "ann@example.org"}, status=429)
    assert letters_to(world, world.ann) == ["ann@example.org"]


@pytest.mark.parametrize("typed", ["", "ann", "ann@home", "ann khan@example.org", "@example.org"])
def test_something_that_is_no_address_is_asked_for_again(browser: Browser, world: World, typed: str) -> None:
    browser.get("/family/new-link")
    page = browser.post("/family/new-link", {"email": typed})
    assert "Type your email address" in page.text


def test_a_link_for_choosing_a_password_is_no_family_link(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        token = accounts.mint_link(db, purpose="set-password", person_id=world.ann.person_id, sent_to=world.ann.email)
    assert browser.get(f"/f/{token}").heading == "This link doesn’t work"


def test_the_sitting_begins_with_the_answer_and_not_before(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    browser.post(path, {**walk.BORN, "born-year": "2017"})
    with world.database.reading() as db:
        assert {row.status for row in signing.standing(db, world.ann.person_id, YEAR)} == {"open"}
    browser.post(path, walk.BORN)
    with world.database.reading() as db:
        assert {row.status for row in signing.standing(db, world.ann.person_id, YEAR)} == {"started"}


@pytest.mark.parametrize("path", ["/family/rules", "/family/check", "/family/start"])
def test_whoever_sends_a_page_from_which_the_phone_lost_the_visit_is_shown_the_way_back_in(
    browser: Browser, world: World, path: str
) -> None:
    walk.come_in(browser, world)
    browser.client.delete_cookie("oval", domain="localhost")
    page = browser.post(path, {"read": "yes"})
    assert page.heading == "Where should we send your new link?"
    assert "Just open it again" in page.text


def test_a_browser_that_keeps_no_cookies_is_told_that(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    browser.client.delete_cookie("oval", domain="localhost")
    page = browser.post(path, walk.BORN, status=400)
    assert page.heading == "Your browser isn’t keeping cookies"
    assert "open for too long" not in page.text


def test_after_an_error_the_title_says_so_and_the_summary_has_the_focus(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.ann)}"
    browser.get(path)
    page = browser.post(path, {**walk.BORN, "born-day": "15"})
    [title] = page.all("title")
    assert title.text.startswith("Error: This year’s school rules")
    [summary] = [e for e in page.all("div") if e["id"] == "errors"]
    assert "autofocus" in summary.attributes
    assert browser.get(path).all("title")[0].text.startswith("This year’s school rules"), "the page by itself is clean"


def test_a_wrong_try_is_counted_although_the_browser_is_sent_on(browser: Browser, world: World) -> None:
    token = world.link(world.ann)
    browser.get(f"/f/{token}")
    browser.post(f"/f/{token}", {**walk.BORN, "born-day": "15"})
    with world.database.reading() as db:
        held = accounts.link(db, token, purpose="family")
        assert (
            db.execute(
                sa.text("SELECT count(*) FROM failed_attempt WHERE bucket = :bucket"),
                {"bucket": accounts.bucket("link", held.id)},
            ).scalar_one()
            == 1
        )


def test_a_link_opened_in_another_parents_visit_asks_who_is_there(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    path = f"/f/{world.link(world.ann)}"
    before = everything_in(world.database)
    page = browser.get(path)
    assert page.heading == "Are you Ann Khan?"
    assert "Bob Khan is using this device at the moment" in page.text
    assert everything_in(world.database) == before
    assert browser.post(path, walk.BORN).heading == "Are you Ann Khan?", "the shared date of birth is no answer"
    assert browser.get("/family").text.startswith("Your family page Bob Khan")
    page = browser.post(path, {"i_am": "yes"})
    assert page.heading == "This year’s school rules and picture choices"
    assert browser.get("/family").heading == "Where should we send your new link?", "the other visit is over"


def test_a_link_of_another_family_is_named_to_nobody(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    page = browser.get(f"/f/{world.link(world.cass)}")
    assert page.heading == "This link is for somebody else"
    assert "Cass" not in page.html
    assert "Nowak" not in page.html


def test_the_own_link_in_the_own_visit_asks_nothing_more(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    assert browser.get(f"/f/{world.link(world.ann)}").heading == "This year’s school rules and picture choices"
