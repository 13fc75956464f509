"""The office's first screen and the lists one click behind it."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import (
    agreements,
    backups,
    campaigns,
    consent,
    documents,
    evidence,
    notifications,
    people,
    reports,
    signing,
)
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.monitoring import ledger_audit
from tests.people import builders, makers
from tests.web.admin.conftest import EVE, Troubles, choose, guardian_actor, sign
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import DUE_ON, OFFICE, TODAY, YEAR, World


def test_the_first_screen_answers_how_many_have_signed(troubles: Troubles, eve: Browser) -> None:
    page = eve.get("/office")
    assert page.heading == "School year 2026–27"
    assert "Asked on 15 September 2026, due by 2 October 2026." in page.text
    assert "Parents and carers 25% 1 of 4 signed" in page.text
    assert "Remind all 6 outstanding" in page.text
    assert "Choices about pictures 2" in page.text


def test_the_first_screen_counts_what_waits_by_kind_and_names_the_newest(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    text = eve.get("/office").text
    for what, who in (
        ("Parents of 1 child disagree", "Ayaan Khan 4C"),
        ("Emails to 1 person are bouncing", "Cass Nowak"),
        ("1 person has no address", "Dan Nowak"),
        ("1 person declined", "Bob Khan"),
    ):
        assert what in text
        assert who in text


@pytest.mark.parametrize(
    ("kind", "act"),
    [("conflict", "Review"), ("bounced", "Deal with this"), ("no-address", "Record an answer"), ("declined", "Open")],
)
def test_a_task_leads_to_the_one_thing_to_do(
    world: World, troubles: Troubles, eve: Browser, kind: str, act: str
) -> None:
    assert act in eve.get(f"/office/tasks/{kind}").text


def _only_task(world: World, kind: str) -> reports.Need:
    with world.database.reading() as db:
        return reports.needs(db, YEAR, kind=kind)[kind][0]


def _handle(eve: Browser, task: reports.Need, status: int = 200, *, until: str = "", **fields: str) -> Page:
    eve.get(f"/office/tasks/{task.kind}")
    ticked = {"task": f"{task.public_id}:{task.occurrence}"}
    parts = dict(zip(("until-day", "until-month", "until-year"), until.split(), strict=False))
    return eve.post(f"/office/tasks/{task.kind}", ticked | fields | parts, status=status)


def test_a_task_closed_with_a_note_is_counted_no_more_and_can_be_opened_again(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    task = _only_task(world, "no-address")
    assert "Write a note" in _handle(eve, task, 422, act="close").text
    _handle(eve, task, act="close", note="Has no email; signs on paper")
    assert "has no address" not in eve.get("/office").text
    closed = eve.get("/office/tasks/no-address?state=closed").text
    assert "Dan Nowak" in closed
    assert "Has no email; signs on paper" in closed
    _handle(eve, task, act="reopen")
    assert "1 person has no address" in eve.get("/office").text


def test_a_task_that_is_put_off_comes_back_on_its_day(world: World, troubles: Troubles, eve: Browser) -> None:
    task = _only_task(world, "declined")
    _handle(eve, task, 422, act="snooze", until="14 9 2026")
    _handle(eve, task, act="snooze", until="22 9 2026")
    assert "person declined" not in eve.get("/office").text
    assert "Put off until 22 Sep" in eve.get("/office/tasks/declined?state=snoozed").text
    clock.travel_to(clock.at_london(dt.date(2026, 9, 22), 9))
    eve.log_in(EVE)
    assert "1 person declined" in eve.get("/office").text


def test_a_task_has_an_owner_who_sees_it_as_theirs(world: World, troubles: Troubles, eve: Browser) -> None:
    task = _only_task(world, "bounced")
    _handle(eve, task, act="assign", owner=world.eve.public_id)
    assert "Emails to 1 person are bouncing 1 yours" in eve.get("/office").text
    _handle(eve, task, 404, act="assign", owner=world.ann.public_id)
    eve.log_in("hal@oval.example.org")
    assert "yours" not in eve.get("/office").text
    assert "Eve Office" in eve.get("/office/tasks/bounced").text


def test_a_new_bounce_is_a_new_task_after_the_old_one_was_closed(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    _handle(eve, _only_task(world, "bounced"), act="close", note="Rang; they will send a new one")
    assert "bouncing" not in eve.get("/office").text
    clock.travel_to(clock.now() + dt.timedelta(hours=1))
    with world.database.writing() as db:
        notifications.clear_trouble(db, world.cass.email)
        notifications.bounce(db, troubles.message.public_id, "550 no such user")
    assert "Emails to 1 person are bouncing" in eve.get("/office").text


def test_what_ends_by_itself_cannot_be_closed(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        consent.block(db, world.zara, school_year=YEAR, actor=guardian_actor(world.ann))
        documents.request_document(db, kind="school_report", subject="school", params={}, dedupe_key="late")
    clock.travel_to(clock.now() + dt.timedelta(minutes=40))
    _handle(eve, _only_task(world, "papers-late"), 422, act="close", note="Enough")
    _handle(eve, _only_task(world, "take-down"), 404, act="close", note="Enough")


def test_nobody_handles_a_task_that_is_not_there(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/tasks/declined")
    fields = {"act": "seen", "task": f"{world.ann.public_id}:2026"}
    assert "Tick at least one" in eve.post("/office/tasks/declined", fields, status=422).text
    eve.post("/office/tasks/nonsense", fields, status=404)


def test_an_empty_school_is_told_to_load_its_lists(world: World, eve: Browser) -> None:
    with world.database.writing() as db:
        for child in people.children(db):
            people.archive_person(db, child.person_id, actor=OFFICE)
    page = eve.get("/office")
    assert "Start with your lists." in page.text
    assert "Nothing needs you" not in page.text


def test_a_september_without_a_new_list_is_told_to_load_one_and_sending_asks_first(
    world: World, settings: Settings, eve: Browser
) -> None:
    with world.database.writing() as db:
        makers.bring_in(db, makers.class_list(makers.class_row(1)), partial=True)
    september = dt.date(2027, 9, 6)
    clock.travel_to(clock.at_london(september, 9))
    eve.log_in(EVE)
    assert "Load the new lists for 2027–28." in eve.get("/office").text
    with world.database.writing() as db:
        campaigns.plan(db, school_year=2027, opens_on=september, due_on=dt.date(2027, 10, 1), actor=OFFICE)
    assert "The list of children is from last school year" in eve.get("/office/campaign/preview").text
    page = eve.post("/office/campaign/open", status=409)
    assert "from last school year" in page.text
    eve.get("/office/campaign/preview")
    eve.post("/office/campaign/open", {"old_list": "yes"})
    with world.database.reading() as db:
        row = campaigns.campaign_of(db, 2027)
        assert row is not None
        assert row.status == "open"


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
    assert "Parents and carers 25%" in " ".join(drawn["aria-label"].split())
    lines = [e["points"] for e in page.all("polyline")]
    assert len(lines) == 3
    assert all(len(points.split()) == 16 for points in lines)


def test_without_a_round_the_page_says_so(world: World, eve: Browser) -> None:
    page = eve.get("/office")
    assert "Nobody has been asked yet" in page.text
    assert "Plan this year’s sign-up" in page.text
    assert "Bounced" not in page.text
    assert "Remind all" not in page.text
    assert "Nobody has been asked yet" in eve.get("/office/outstanding?why=declined").text


def test_a_governor_sees_figures_and_no_name(world: World, troubles: Troubles, browser: Browser) -> None:
    browser.log_in("gov@oval.example.org")
    text = browser.get("/office").text
    assert "1 of 4 signed" in text
    for name in ("Ann", "Bob", "Cass", "Dan", "Ayaan", "Remind all"):
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


def test_a_governors_menu_and_pages_have_a_legend_and_say_that_the_record_was_checked(
    world: World, settings: Settings, troubles: Troubles, browser: Browser
) -> None:
    (settings.instance / evidence.CHECK_NOTE).write_text(
        f"{clock.iso(clock.now())} {ledger_audit.IN_ORDER} The ledger is in order.\n", encoding="utf-8"
    )
    browser.log_in("gov@oval.example.org")
    page = browser.get("/office")
    assert [e.text for e in page.all("a") if e["href"] == "/office"][-1] == "Figures"
    assert "Signed Started Declined Not started" in page.text
    assert "Record checked: in order" in page.text
    with world.database.reading() as db:
        head = evidence.head(db).entry_hash
    for path in ("/office", "/office/evidence", "/office/evidence/check"):
        page = browser.get(path)
        assert head not in page.html
    assert "Record checked: in order" in browser.get("/office/evidence").text


def test_last_years_line_is_drawn_beside_this_years(world: World, settings: Settings, eve: Browser) -> None:
    with world.database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
    sign(world, world.ann)
    day = dt.date(2027, 9, 14)
    clock.travel_to(clock.at_london(day, 10))
    with world.database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR + 1, opens_on=day, due_on=dt.date(2027, 10, 1), actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
    eve.log_in(EVE)
    page = eve.get("/office")
    assert "Parents and carers last year, on this day: 33%" in page.text
    assert len([e for e in page.all("polyline") if e["class"] == "last-year"]) == 1


def test_before_rules_are_published_the_office_page_says_what_to_do(
    world: World, eve: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "is_published", lambda _db, _key: False)

    def none_yet(*_args: object, **_more: object) -> agreements.Wording:
        raise NotFound

    monkeypatch.setattr(agreements, "current", none_yet)
    page = eve.get("/office")
    assert "No rules have been published yet." in page.text
    assert "rules publish" in page.text
    eve.get(f"/office/classes/{world.year_4.public_id}")
    eve.get("/office/tasks/conflict")


def test_a_sign_up_is_not_sent_before_rules_are_published(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "is_published", lambda _db, _key: False)
    with world.database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        with pytest.raises(Conflict, match="No rules have been published"):
            campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)


def test_an_unknown_kind_of_task_is_not_found(troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/tasks/nonsense", status=404)


def test_the_first_screen_costs_the_same_for_more_people(world: World, troubles: Troubles, eve: Browser) -> None:
    few = _statements(world, eve)
    with world.database.writing() as db:
        for number in range(40):
            child = builders.add_child(
                db,
                forename=f"Child {number}",
                surname="Many",
                born_on=dt.date(2018, 1, 1),
                year_group="4",
                class_id=world.year_4.id,
                actor=guardian_actor(world.ann),
            )
            guardian = builders.add_guardian(
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
    clock.travel_to(made + dt.timedelta(days=2, minutes=5))
    eve.log_in(EVE)
    page = eve.get("/office")
    assert "There is no fresh backup. None was made for two days" in page.text
    assert "Nothing needs you" not in page.text


def test_a_failed_backup_is_told_to_the_office_with_its_reason(world: World, settings: Settings, eve: Browser) -> None:
    settings.backups.folder.write_text("a file where the folder belongs", encoding="utf-8")
    with pytest.raises(backups.BackupFailed):
        backups.create(settings, world.database)
    assert "The last backup failed. The disk cannot be written to: File exists." in eve.get("/office").text
