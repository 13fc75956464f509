"""The pages of a signing session: what each asks, refuses and keeps, and whom it lets choose."""

from __future__ import annotations

import pytest

from oval_aup import evidence, signing
from tests.people import builders
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import DUE_ON, OFFICE, YEAR, World


def test_all_seven_rules_are_shown_with_their_kind(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world)
    assert len(page.all("ol")) == 1
    assert page.text.count("Please do this") == 6
    assert page.text.count("Good to know") == 1


def test_rules_that_are_not_ticked_are_asked_for_again(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.post("/family/rules", {"shown_sha256": browser.page.hidden("shown_sha256")})
    assert "Step 1 of 5" in page.text
    assert "Tick the box" in page.text


def test_rules_without_the_words_that_were_shown_are_not_taken(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    for shown in ("", "0" * 64):
        page = browser.post("/family/rules", {"read": "yes", "shown_sha256": shown})
        assert "We’ve kept every page you finished" in page.text
        browser.get("/family/rules")


def test_nothing_about_pictures_is_chosen_beforehand(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get(f"/family/pictures/{world.ayaan.public_id}")
    assert len(walk.uses(page)) == 10
    assert [e for e in page.all("input") if "checked" in e.attributes] == []


def test_only_uses_that_need_a_yes_are_asked_and_the_others_are_told(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get(f"/family/pictures/{world.ayaan.public_id}")
    assert not {"school-records", "ai-tools", "livestream", "after-leaving"} & set(walk.uses(page))
    assert "What we do without asking" in page.text
    assert "You can object" in page.text


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_answer_for_all_fills_the_form_in_and_counts_for_nothing_yet(
    browser: Browser, world: World, answer: str
) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    path = f"/family/pictures/{world.ayaan.public_id}"
    page = browser.get(f"{path}?all={answer}")
    chosen = [e["value"] for e in page.all("input") if "checked" in e.attributes]
    assert chosen == [answer] * 10
    assert [e for e in browser.get(path).all("input") if "checked" in e.attributes] == []


def test_yes_to_all_and_no_to_all_stand_side_by_side_and_look_alike(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get(f"/family/pictures/{world.ayaan.public_id}")
    both = [e for e in page.all("button") if e["name"] == "all"]
    assert [e.text for e in both] == ["Yes to all", "No to all"]
    assert both[0]["class"] == both[1]["class"]
    assert both[0].inside("form") is both[1].inside("form")
    assert all(e.inside("form") is not both[0].inside("form") for e in page.all("input") if e["type"] == "radio")


def test_a_use_left_open_is_asked_for_and_the_other_choices_stay(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    path = f"/family/pictures/{world.ayaan.public_id}"
    page = browser.get(path)
    answers = {use: "no" for use in walk.uses(page) if use != "website"}
    page = browser.post(path, answers | {"shown_sha256": page.hidden("shown_sha256")})
    assert [e["href"] for e in page.all("a") if e["href"] == "#website"] == ["#website"]
    assert len([e for e in page.all("input") if "checked" in e.attributes]) == 9


def test_an_answer_that_is_neither_yes_nor_no_is_no_answer(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    path = f"/family/pictures/{world.ayaan.public_id}"
    page = browser.get(path)
    answers = dict.fromkeys(walk.uses(page), "maybe") | {"ai-tools": "yes", "person_id": "1"}
    browser.post(path, answers | {"shown_sha256": page.hidden("shown_sha256")})


@pytest.mark.parametrize("what", ["pictures/{}", "choices/{}/website"])
def test_a_child_of_another_family_is_not_found(browser: Browser, world: World, what: str) -> None:
    walk.come_in(browser, world)
    for child in (world.maja.public_id, world.ann.public_id, "nobody"):
        browser.get(f"/family/{what.format(child)}", status=404)
        browser.post(f"/family/{what.format(child)}", {"answer": "yes"}, status=404)


def test_the_younger_childrens_rules_are_read_together_and_ticked_on_their_own(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    for child in (world.ayaan, world.zara):
        walk.choose(browser, child)
    page = browser.page
    assert page.heading == "Can you read these rules with Zara?"
    assert len(page.all("h3")) == 6
    shown = page.hidden("shown_sha256")
    assert "Tick the box" in browser.post("/family/younger-rules", {"shown_sha256": shown}).text


def test_the_check_page_restates_every_answer_with_a_way_to_change_it(browser: Browser, world: World) -> None:
    page = walk.to_check(browser, world)
    rows = [e.text for e in page.all("li")]
    assert len(rows) == 20
    assert [row for row in rows if " NoChange" in row] == [
        "On the school website NoChange On the school website, Ayaan"
    ]
    assert "I have read these rules and I will follow them." in page.text
    assert "Children’s rules, for Zara" in page.text
    for link in [e["href"] for e in page.all("a") if e["href"].startswith("/family/")]:
        browser.get(link)


def test_a_change_comes_straight_back_to_the_check_page(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    page = walk.choose(browser, world.zara, "press")
    assert page.heading == "Check your answers before you sign"
    assert "In newspapers and on television NoChange In newspapers and on television, Zara" in page.text


def test_pages_that_were_skipped_come_before_the_check_page(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.choose(browser, world.zara)
    assert browser.get("/family/check").heading == "Rules for parents and carers"
    page = browser.post("/family/check", {"typed_name": walk.NAME, "fingerprint": ""})
    assert "There’s a page you haven’t answered yet" in page.text


def test_someone_who_comes_back_goes_on_where_they_stopped(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    walk.choose(browser, world.ayaan, "press")
    page = walk.come_in(another_browser, world)
    assert page.heading == "Where may we use pictures of Zara?"
    kept = another_browser.get(f"/family/pictures/{world.ayaan.public_id}")
    assert [e["name"] for e in kept.all("input") if "checked" in e.attributes and e["value"] == "no"] == ["press"]


def test_who_may_not_choose_signs_the_rules_and_sees_no_pictures_page(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        carer = builders.add_guardian(
            db,
            child_id=world.zara.person_id,
            forename="Gran",
            surname="Khan",
            email="gran@example.org",
            relationship_name="Grandmother",
            parental_responsibility="no",
            lives_with=True,
            actor=OFFICE,
        ).guardian
        signing.open_requests(db, [signing.NewRequest(carer.person_id, "parents")], school_year=YEAR, due_on=DUE_ON)
    walk.come_in(browser, world, carer, **{"born-day": "5", "born-month": "1", "born-year": "2021"})
    assert "Step 1 of 3" in browser.page.text
    browser.get(f"/family/pictures/{world.zara.public_id}", status=404)
    browser.get("/family/rules")
    assert walk.accept(browser).heading == "Can you read these rules with Zara?"
    page = walk.accept(browser)
    assert "Gran Khan, grandmother of Zara" in page.text
    assert walk.sign(browser, "Gran Khan").heading == "Thank you, Gran"


def decline(browser: Browser, page: str = "rules", reason: str = "") -> Page:
    shown = browser.get(f"/family/{page}/decline").hidden("shown_sha256")
    return browser.post(f"/family/{page}/decline", {"reason": reason, "shown_sha256": shown})


def test_a_decline_is_restated_with_the_other_answers_and_recorded_with_them(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = decline(browser, reason="I need my phone.")
    assert page.heading == "Where may we use pictures of Ayaan?"
    assert "Step 2 of 5" in page.text
    for child in (world.ayaan, world.zara):
        walk.choose(browser, child)
    page = walk.accept(browser)
    assert page.heading == "Check your answers before you sign"
    assert "Step 5 of 5" in page.text
    [card] = [e for e in page.all("section") if e["aria-labelledby"] == "your-rules"]
    assert "I don’t agree Your reason: “I need my phone.”" in card.text
    assert "Accepted" not in card.text
    with world.database.reading() as db:
        assert signing.signatures_of(db, world.ann.person_id) == ()
    assert walk.sign(browser).heading == "Thank you, Ann"
    assert "Not agreed" in browser.get("/family").text
    with world.database.reading() as db:
        [mark] = [row for row in signing.signatures_of(db, world.ann.person_id) if row.agreement_key == "parents"]
        assert mark.outcome == "declined"
        assert evidence.details(db, [mark.ledger_seq])[mark.ledger_seq]["reason"] == "I need my phone."


def test_a_decline_can_be_changed_before_it_is_recorded(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    decline(browser)
    page = browser.get("/family/rules")
    assert "You told us you don’t agree" in page.text
    walk.accept(browser)
    assert "You told us" not in browser.get("/family/rules").text


def test_the_younger_childrens_rules_can_be_declined_too(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    for child in (world.ayaan, world.zara):
        walk.choose(browser, child)
    page = decline(browser, "younger-rules", "Zara is too young.")
    assert page.heading == "Check your answers before you sign"
    assert "Your reason: “Zara is too young.”" in page.text
    walk.sign(browser)
    page = browser.get("/family")
    assert "You don’t agree with the children’s rules for Zara" in page.text
    assert browser.post("/family/rules/again").heading == "Can you read these rules with Zara?"
    walk.accept(browser)
    walk.sign(browser)
    assert "You don’t agree" not in browser.get("/family").text
    with world.database.reading() as db:
        outcomes = [row.outcome for row in signing.signatures_of(db, world.zara.person_id)]
    assert outcomes == ["declined", "signed"]


def test_no_to_the_rules_sent_twice_is_kept_once(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get("/family/rules/decline")
    form = {"reason": "", "shown_sha256": page.hidden("shown_sha256"), "csrf_token": page.csrf_token()}
    browser.post("/family/rules/decline", form)
    assert browser.post("/family/rules/decline", form).heading == "Where may we use pictures of Ayaan?"


def test_no_is_the_last_word_where_nothing_else_is_asked(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=world.bob.person_id,
            parental_responsibility="no",
            lives_with=True,
            actor=OFFICE,
        )
    walk.come_in(browser, world, world.bob)
    page = decline(browser)
    assert page.heading == "Thank you, Bob"
    assert "don’t agree with the rules" in page.text
    assert "You’re all done" in browser.get("/family").text


def test_a_reason_of_endless_length_is_refused_and_kept(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get("/family/rules/decline")
    page = browser.post("/family/rules/decline", {"reason": "x" * 2001, "shown_sha256": page.hidden("shown_sha256")})
    assert "2,000 letters" in page.text
    assert "x" * 2001 in page.html


def test_a_refusal_of_words_that_are_no_longer_in_force_is_not_taken(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    browser.get("/family/rules/decline")
    browser.post("/family/rules/decline", {"reason": "", "shown_sha256": "0" * 64})


def leave(browser: Browser) -> Page:
    return browser.post("/family/finish")


def way_out(page: Page) -> str:
    return next(e.text for e in page.all("button") if e.inside("header"))


def test_leaving_half_way_says_what_is_not_finished(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world)
    assert way_out(page) == "Save and leave"
    page = leave(browser)
    assert page.heading == "Saved, but not finished yet"
    for words in ("the rules for parents and carers", "choices about pictures", "the children’s rules", "and sign"):
        assert words in page.text
    walk.come_in(browser, world)
    walk.accept(browser)
    walk.choose(browser, world.ayaan)
    page = leave(browser)
    assert "the rules for parents" not in page.text
    assert "choices about pictures" in page.text
    for word in ("Ayaan", "Zara", "Ann"):
        assert word not in page.html


def test_leaving_before_the_last_button_says_that_the_signature_is_missing(browser: Browser, world: World) -> None:
    page = walk.to_check(browser, world)
    assert way_out(page) == "Save and leave"
    page = leave(browser)
    assert [e.text for e in page.all("li")] == ["check your answers and sign"]


def test_leaving_after_signing_is_the_end(browser: Browser, world: World) -> None:
    page = walk.signed(browser, world)
    assert way_out(page) == "I’m finished"
    page = leave(browser)
    assert page.heading == "Your visit on this device has ended"
    assert "Still to do" not in page.text


def test_leaving_from_the_family_page_before_starting_names_everything(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    page = browser.get("/family")
    assert way_out(page) == "Save and leave"
    assert len(leave(browser).all("li")) == 4


def save(browser: Browser, path: str, fields: dict[str, str], *, status: int = 204) -> None:
    """Send what the page's script sends after one tap."""
    form = {"csrf_token": browser.page.csrf_token(), "shown_sha256": browser.page.hidden("shown_sha256")}
    assert browser.client.post(f"{path}/saved", data=form | fields).status_code == status


def picked(page: Page) -> dict[str, str]:
    return {e["name"]: e["value"] for e in page.all("input") if e["type"] == "radio" and "checked" in e.attributes}


def test_each_tap_is_kept_before_the_page_is_finished(browser: Browser, another_browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    walk.accept(browser)
    path = f"/family/pictures/{world.ayaan.public_id}"
    save(browser, path, {"website": "no"})
    save(browser, path, {"press": "yes"})
    save(browser, path, {"website": "yes", "ai-tools": "yes", "nothing": "no"})
    page = walk.come_in(another_browser, world)
    assert page.heading == "Where may we use pictures of Ayaan?", "two answers of ten are no finished page"
    assert picked(page) == {"website": "yes", "press": "yes"}


def test_a_tick_is_kept_and_taken_off_again(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    save(browser, "/family/rules", {"read": "yes"})
    assert [e for e in browser.get("/family/rules").all("input") if "checked" in e.attributes]
    save(browser, "/family/rules", {"read": ""})
    assert not [e for e in browser.get("/family/rules").all("input") if "checked" in e.attributes]


def test_a_tap_on_words_that_are_no_longer_in_force_is_not_kept(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    save(browser, "/family/rules", {"read": "yes", "shown_sha256": "0" * 64}, status=409)
    browser.get(f"/family/pictures/{world.ayaan.public_id}")
    save(browser, f"/family/pictures/{world.ayaan.public_id}", {"shown_sha256": "0" * 64}, status=409)
    save(browser, f"/family/pictures/{world.maja.public_id}", {"website": "yes"}, status=404)


def test_the_first_page_promises_finished_pages_only(browser: Browser, world: World) -> None:
    page = browser.get(f"/f/{world.link(world.ann)}")
    assert "we keep every page you finish" in page.text
    assert "your answers wait" not in page.text
