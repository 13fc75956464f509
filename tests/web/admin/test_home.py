"""The office's first screen and the lists one click behind it."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import backups, consent, people, signing
from oval_aup.config import Settings
from oval_aup.core import clock
from tests.web.admin.conftest import EVE, Troubles, choose, guardian_actor
from tests.web.browser import Browser
from tests.web.world import YEAR, World


def test_the_first_screen_answers_how_many_have_signed(troubles: Troubles, eve: Browser) -> None:
    page = eve.get("/office")
    assert page.heading == "School year 2026–27"
    assert "Asked on 15 September 2026, due by 2 October 2026." in page.text
    assert "Parents and carers 25%1 of 4 signed" in page.text
    assert "Nudge all 8 outstanding" in page.text


def test_every_kind_of_trouble_is_listed_with_the_one_thing_to_do(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    text = eve.get("/office").text
    for who, what, act in (
        ("Ayaan Khan 4C", "Parents disagree", "Decide"),
        ("Cass Nowak", "Bounced", "Put right"),
        ("Dan Nowak", "No address", "Record"),
        ("Bob Khan", "Declined", "Open"),
    ):
        assert who in text
        assert what in text
        assert act in text


def test_reasons_add_up_to_everybody_who_has_not_signed(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.reading() as db:
        whole = signing.coverage(db, YEAR).whole
    page = eve.get("/office")
    chips = [e.text for e in page.all("a") if "why=" in e["href"] and e.inside("ul")]
    shown = sum(int(text.rsplit(" ", 1)[1]) for text in chips)
    assert shown == sum(each.outstanding + each.declined for each in whole.values())


def test_the_course_of_the_round_is_drawn_with_words_for_those_who_do_not_see_it(
    troubles: Troubles, eve: Browser, later: dt.date
) -> None:
    eve.log_in(EVE)
    page = eve.get("/office")
    drawn = next(e for e in page.all("svg") if e["aria-label"].startswith("Signed so far"))
    assert "Parents and carers 25%" in drawn["aria-label"]
    lines = [e["points"] for e in page.all("polyline")]
    assert len(lines) == 3
    assert all(len(points.split()) == 16 for points in lines)


def test_without_a_round_the_page_says_so(world: World, eve: Browser) -> None:
    page = eve.get("/office")
    assert "Nobody has been asked yet" in page.text
    assert "Plan the round of asking" in page.text
    assert "Bounced" not in page.text
    assert "Nudge" not in page.text
    assert "Nobody has been asked yet" in eve.get("/office/outstanding?why=declined").text


def test_a_governor_sees_figures_and_no_name(world: World, troubles: Troubles, browser: Browser) -> None:
    browser.log_in("gov@oval.example.org")
    text = browser.get("/office").text
    assert "1 of 4 signed" in text
    for name in ("Ann", "Bob", "Cass", "Dan", "Ayaan", "Nudge"):
        assert name not in text
    assert "Ann" not in browser.get("/office/evidence").text
    assert browser.client.get("/office/coverage.csv").status_code == 200


def test_a_take_down_is_given_to_somebody_and_done_once(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        consent.block(db, world.zara, school_year=YEAR, actor=guardian_actor(world.ann))
        task = consent.take_downs(db)[0]
    eve.get("/office/tasks/take-down")
    path = f"/office/take-downs/{task.public_id}"
    eve.post(path, {"act": "assign", "owner": world.di.public_id})
    with world.database.reading() as db:
        assert consent.take_downs(db)[0].owner_id == world.di.person_id
        before = len(consent.take_downs(db))
    for _again in range(2):
        eve.post(path, {"act": "done", "places": "The autumn newsletter"})
    with world.database.reading() as db:
        assert len(consent.take_downs(db)) == before - 1
        assert consent.take_downs(db, done=True)[0].places == "The autumn newsletter"


def test_a_take_down_goes_to_staff_only_and_an_unknown_act_ends_nothing(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        consent.block(db, world.zara, school_year=YEAR, actor=guardian_actor(world.ann))
        task = consent.take_downs(db)[0]
        before = len(consent.take_downs(db))
    eve.get("/office/tasks/take-down")
    path = f"/office/take-downs/{task.public_id}"
    for stranger in (world.ann.public_id, world.zara.public_id, "nobody"):
        eve.post(path, {"act": "assign", "owner": stranger}, status=404)
    eve.post(path, {}, status=400)
    with world.database.reading() as db:
        assert consent.take_downs(db)[0].owner_id is None
        assert len(consent.take_downs(db)) == before


def test_the_list_of_staff_is_on_the_page_once_however_many_take_downs_there_are(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        for child in (world.zara, world.maja):
            consent.block(db, child, school_year=YEAR, actor=guardian_actor(world.ann))
        task = consent.take_downs(db)[-1]
    page = eve.get("/office/tasks/take-down")
    assert "The office" in page.text
    assert "Flo Marsh" not in page.text
    assert eve.get(f"/office/tasks/take-down?task={task.public_id}").html.count("Flo Marsh") == 1


def test_none_found_is_recorded_for_all_ticked_children_at_once(world: World, troubles: Troubles, eve: Browser) -> None:
    choose(world, world.maja, world.cass, "yes")
    with world.database.writing() as db:
        for child in (world.zara, world.maja):
            consent.block(db, child, school_year=YEAR, actor=guardian_actor(world.ann))
        open_tasks = consent.take_downs(db)
    eve.get("/office/tasks/take-down")
    eve.post("/office/take-downs/none-found", {}, status=409)
    eve.post("/office/take-downs/none-found", {"task": "nonsense"}, status=404)
    eve.post("/office/take-downs/none-found", {"task": [task.public_id for task in open_tasks]})
    with world.database.reading() as db:
        assert consent.take_downs(db) == ()
        assert {task.places for task in consent.take_downs(db, done=True)} == {"None found"}


def test_take_downs_can_be_narrowed_to_an_owner_and_stand_on_the_childs_page(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        consent.block(db, world.zara, school_year=YEAR, actor=guardian_actor(world.ann))
        task = consent.take_downs(db)[0]
        consent.assign_take_down(db, task.public_id, owner_id=world.di.person_id, actor=guardian_actor(world.ann))
    assert "Zara" in eve.get(f"/office/tasks/take-down?owner={world.di.public_id}").text
    assert "Zara" not in eve.get("/office/tasks/take-down?owner=office").text
    eve.get("/office/tasks/take-down?owner=nobody", status=404)
    assert "Pictures to take down." in eve.get(f"/office/people/{world.zara.public_id}").text
    assert "Pictures to take down." not in eve.get(f"/office/people/{world.ayaan.public_id}").text


def test_an_unknown_kind_of_task_is_not_found(troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/tasks/nonsense", status=404)


def test_the_first_screen_costs_the_same_for_more_people(world: World, troubles: Troubles, eve: Browser) -> None:
    few = _statements(world, eve)
    with world.database.writing() as db:
        for number in range(40):
            child = people.add_child(
                db,
                forename=f"Child {number}",
                surname="Many",
                born_on=dt.date(2018, 1, 1),
                year_group="4",
                class_id=world.year_4.id,
                actor=guardian_actor(world.ann),
            )
            guardian = people.add_guardian(
                db,
                child_id=child.person_id,
                forename=f"Adult {number}",
                surname="Many",
                actor=guardian_actor(world.ann),
            ).guardian
            signing.open_requests(
                db,
                [signing.NewRequest(guardian.person_id, "parents")],
                school_year=YEAR,
                due_on=troubles.campaign.due_on,
            )
    choose(world, world.maja, world.cass, "no")
    assert _statements(world, eve) <= few + 2


def _statements(world: World, browser: Browser) -> int:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    browser.get("/office")
    event.remove(world.database.engine, "before_cursor_execute", note)
    return len(seen)


def test_the_first_screen_says_when_the_last_good_backup_was_and_asks_for_help_when_that_is_long_ago(
    world: World, settings: Settings, eve: Browser
) -> None:
    assert "No backup has been made yet" in eve.get("/office").text
    made = clock.now()
    backups.create(settings, world.database)
    page = eve.get("/office")
    assert "Last good backup: 15 September 2026 at 10:0" in page.text
    assert "There is no fresh backup" not in page.text
    clock.pretend(made + dt.timedelta(days=2, minutes=5))
    eve.log_in(EVE)
    page = eve.get("/office")
    assert "There is no fresh backup. None was made for two days" in page.text
    assert "Nothing needs you" not in page.text


def test_a_failed_backup_is_told_to_the_office_with_its_reason(world: World, settings: Settings, eve: Browser) -> None:
    settings.backups.folder.write_text("a file where the folder belongs", encoding="utf-8")
    with pytest.raises(backups.BackupFailed):
        backups.create(settings, world.database)
    assert "The last backup failed. The disk refuses: File exists." in eve.get("/office").text
