"""The family page on later visits: what was signed and chosen, and one choice changed in two steps."""

from __future__ import annotations

import pytest

from oval_aup import agreements, consent, evidence, notifications, signing
from tests.people import builders
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import OFFICE, YEAR, World


def choice(world: World, use: str = "press") -> str:
    return f"/family/choices/{world.ayaan.public_id}/{use}"


def change(browser: Browser, path: str, answer: str) -> None:
    page = browser.get(path)
    browser.post(path, {"answer": answer, "shown_sha256": page.hidden("shown_sha256")})


def test_the_same_link_leads_to_the_family_page_once_everything_is_answered(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    page = walk.come_in(browser, world)
    assert page.heading == "Your family page"
    assert "You’re all done" in page.text
    assert "Rules for parents and carers" in page.text
    assert "Our six rules, for Zara" in page.text
    assert len([e for e in page.all("a") if e["href"].startswith("/family/choices/")]) == 22


def test_what_still_waits_is_named_and_begun_by_a_button(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    with world.database.writing() as db:
        [mark] = [row for row in signing.signatures_of(db, world.ann.person_id) if row.agreement_key == "parents"]
        signing.withdraw(db, mark.public_id, reason="A mistake.", actor=OFFICE)
    page = browser.get("/family")
    assert "What you need to do" in page.text
    assert browser.post("/family/start").heading == "Rules for parents and carers"
    page = walk.accept(browser)
    assert "Step 2 of 2" in page.text
    assert walk.sign(browser).heading == "Thank you, Ann"


def test_start_with_nothing_owed_stays_on_the_family_page(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    assert browser.post("/family/start").heading == "Your family page"


@pytest.mark.parametrize(("use", "answer"), [("press", "no"), ("website", "yes")])
def test_a_choice_is_changed_in_two_steps_and_counts_at_once(
    browser: Browser, world: World, use: str, answer: str
) -> None:
    walk.signed(browser, world)
    change(browser, choice(world, use), answer)
    assert browser.page.heading == "Your family page"
    assert f"is now {answer.capitalize()}" in browser.page.text
    with world.database.reading() as db:
        assert consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)[use] == answer
        told = [row.kind for row in notifications.messages_to(db, world.di.pseudonym)]
        tasks = [task.purpose_keys for task in consent.take_downs(db)]
    assert ("choice-changed" in told) == (answer == "no")
    assert tasks == ([("press",)] if answer == "no" else [])


def test_the_page_of_one_choice_shows_how_it_stands_and_offers_the_other_answer(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    page = browser.get(choice(world))
    assert "Your answer now: Yes" in page.text
    assert [e["value"] for e in page.all("button") if e["name"] == "answer"] == ["no"]


def test_the_same_change_sent_twice_is_one_entry(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    page = browser.get(choice(world))
    form = {"answer": "no", "shown_sha256": page.hidden("shown_sha256"), "csrf_token": page.csrf_token()}
    browser.post(choice(world), form)
    browser.post(choice(world), form)
    with world.database.reading() as db:
        kinds = [entry.kind for entry in evidence.entries_about(db, world.ayaan.pseudonym)]
    assert kinds.count("consent_withdrawn") == 1


def test_everything_is_taken_back_in_as_few_steps_as_it_was_given(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    path = f"/family/choices/{world.ayaan.public_id}"
    standing = browser.get(path).hidden("standing")
    assert checked(browser) == set(standing.split(","))
    page = browser.get(f"{path}?all=no")
    assert {pair.partition("=")[2] for pair in checked(browser)} == {"no"}
    form = {name: page.hidden(name) for name in ("csrf_token", "shown_sha256", "standing")}
    form |= dict(pair.split("=") for pair in checked(browser))
    assert "choices for Ayaan. They count straight away" in browser.post(path, form).text
    assert "You didn’t change anything for Ayaan" in browser.post(path, form).text
    with world.database.reading() as db:
        now = consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)
        told = [row.kind for row in notifications.messages_to(db, world.di.pseudonym)]
        kinds = [entry.kind for entry in evidence.entries_about(db, world.ayaan.pseudonym)]
    assert set(now.values()) == {"no"}
    assert told.count("choice-changed") == 1
    assert kinds.count("consent_withdrawn") == standing.count("=yes")


def test_an_older_page_of_all_choices_does_not_undo_a_newer_change(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    path = f"/family/choices/{world.ayaan.public_id}"
    page = browser.get(path)
    older = {name: page.hidden(name) for name in ("csrf_token", "shown_sha256", "standing")}
    older |= dict(pair.split("=") for pair in checked(browser))
    change(browser, choice(world), "no")
    assert "changed in another window" in browser.post(path, older).text
    browser.post(path, older | {"shown_sha256": "0" * 64})
    with world.database.reading() as db:
        assert consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)["press"] == "no"


def checked(browser: Browser) -> set[str]:
    """The answers that are ticked on this page, as ``use=answer``."""
    ticked = [e for e in browser.page.all("input") if e["type"] == "radio" and "checked" in e.attributes]
    return {f"{e['name']}={e['value']}" for e in ticked}


def test_an_answer_that_is_none_or_to_other_words_changes_nothing(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    page = browser.get(choice(world))
    browser.post(choice(world), {"answer": "maybe", "shown_sha256": page.hidden("shown_sha256")})
    browser.post(choice(world), {"answer": "no", "shown_sha256": "0" * 64})
    with world.database.reading() as db:
        assert consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)["press"] == "yes"


@pytest.mark.parametrize("use", ["ai-tools", "school-records", "nothing"])
def test_a_use_that_is_not_asked_about_is_not_found(browser: Browser, world: World, use: str) -> None:
    walk.signed(browser, world)
    browser.get(choice(world, use), status=404)
    browser.post(choice(world, use), {"answer": "yes"}, status=404)


def test_two_carers_of_one_child_see_only_their_own_answers(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    walk.signed(browser, world)
    walk.come_in(another_browser, world, world.bob)
    walk.accept(another_browser)
    page = another_browser.get(f"/family/pictures/{world.ayaan.public_id}")
    assert [e for e in page.all("input") if "checked" in e.attributes] == []
    page = another_browser.get("/family")
    for word in ("Ann", "Zara", "Accepted"):
        assert word not in page.text


def test_nobody_can_look_at_another_guardians_page_after_done(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    browser.post("/family/finish")
    walk.come_in(browser, world, world.bob)
    assert "Bob" in browser.get("/family").text
    assert "Zara" not in browser.page.text


NOT_USED = "Your answer: Yes. We are not using pictures here at the moment."


def row_of(page: Page, use: str) -> str:
    """The line of the family page about one use of the first child's pictures."""
    return next(e.text for e in page.all("li") if use in e.text)


def bob_answers(world: World, answer: str) -> None:
    with world.database.writing() as db:
        consent.record(
            db,
            child=world.ayaan,
            guardian=world.bob,
            answers={use.key: answer for use in consent.asked_purposes(db)},
            wording=agreements.current(db, consent.AGREEMENT),
            school_year=YEAR,
            idempotency_key=f"bob-{answer}",
            actor=OFFICE,
        )


def block(world: World) -> None:
    with world.database.writing() as db:
        consent.block(db, world.ayaan, school_year=YEAR, actor=OFFICE)


@pytest.mark.parametrize("reason", ["the other parent", "a block"])
def test_a_yes_that_is_not_in_force_says_so_and_never_why(browser: Browser, world: World, reason: str) -> None:
    walk.signed(browser, world)
    assert NOT_USED not in browser.get("/family").text
    if reason == "the other parent":
        bob_answers(world, "no")
    else:
        block(world)
    page = browser.get("/family")
    assert f"{NOT_USED} Yes" in row_of(page, "In newspapers")
    assert NOT_USED in browser.get(choice(world)).text
    assert NOT_USED not in row_of(page, "On the school website"), "a no needs no explanation"
    for word in ("Bob", "block", "court", "parent said", "disagree"):
        assert word not in page.text


def test_the_page_is_the_same_word_for_word_whatever_keeps_pictures_from_being_used(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    walk.signed(browser, world)
    bob_answers(world, "no")
    after_no = browser.get("/family").text
    bob_answers(world, "yes")
    block(world)
    assert browser.get("/family").text == after_no


def test_a_new_yes_that_does_not_count_yet_says_so(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    bob_answers(world, "no")
    change(browser, choice(world, "website"), "yes")
    assert "is now Yes. We are not using pictures here at the moment." in browser.page.text


def test_thanks_do_not_promise_pictures_that_another_adult_refused(browser: Browser, world: World) -> None:
    bob_answers(world, "no")
    assert "Your family page shows where" in walk.signed(browser, world).text


def test_rules_can_be_read_again_after_signing(browser: Browser, another_browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    page = browser.get("/family")
    read = [e["href"] for e in page.all("a") if e["href"].startswith("/family/answers/")]
    assert len(read) == 2
    pages = [browser.get(path) for path in read]
    assert {page.heading for page in pages} == {"Rules for parents and carers", "Our six rules"}
    assert all("These are the words you were shown" in page.text for page in pages)
    walk.come_in(another_browser, world, world.bob)
    another_browser.get(read[0], status=404)


@pytest.mark.parametrize(
    ("relationship", "says"),
    [
        ("Other", "Bob Khan, for Ayaan"),
        ("Other contact", "Bob Khan, for Ayaan"),
        ("Father", "Bob Khan, father of Ayaan"),
    ],
)
def test_a_signer_is_introduced_in_words_that_say_something(
    browser: Browser, world: World, relationship: str, says: str
) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=world.bob.person_id,
            relationship_name=relationship,
            parental_responsibility="yes",
            actor=OFFICE,
        )
    walk.come_in(browser, world, world.bob)
    walk.accept(browser)
    assert says in walk.choose(browser, world.ayaan).text


def test_every_page_of_a_sitting_leads_back(browser: Browser, world: World) -> None:
    page = walk.to_check(browser, world)
    seen = []
    while (page.heading or "") != "Your family page":
        [way] = [e["href"] for e in page.all("a") if e.text == "Back"]
        page = browser.get(way)
        seen.append(page.heading)
    assert seen == [
        "Can you read these rules with Zara?",
        "Where may we use pictures of Zara?",
        "Where may we use pictures of Ayaan?",
        "Rules for parents and carers",
        "Your family page",
    ]
