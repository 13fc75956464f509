"""The office in September: how far, who not and why, reminders, paper, corrections, reports, lists; and who may not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from oval_aup import documents, people, reports
from oval_aup.core import clock
from tests.journeys.conftest import (
    DESK,
    PHONE,
    Running,
    heading,
    keep_picture,
    log_in,
    no_sideways_scrolling,
    visiting,
    wait_until,
    words_of,
)

LIST = """Legal Forename,Legal Surname,Date of Birth,Year,Reg,Adno,Contact ID,Contact Forename,Contact Surname,\
Relationship,Parental Responsibility,Lives With Pupil,Email
Tomasz,Wiśniewski,{born},2,2B,90001,C90001,Ewa,Wiśniewska,Mother,Yes,Yes,ewa.wisniewska@example.org
Ola,Wiśniewska,{born},2,2B,90002,C90001,Ewa,Wiśniewska,Mother,Yes,Yes,ewa.wisniewska@example.org
"""


def reason(page: Page, why: str) -> None:
    """Look at those who have not signed for one reason."""
    page.get_by_label("Why").select_option(label=why)
    page.get_by_role("button", name="Show", exact=True).click()


def rows_of(page: Page) -> Locator:
    return page.get_by_role("table").locator("tbody tr")


def saved_table(page: Page, link: str) -> list[list[str]]:
    """Save a CSV by its link and read it as a spreadsheet would."""
    with page.expect_download() as saved:
        page.get_by_role("link", name=link).click()
    return list(csv.reader(io.StringIO(saved.value.path().read_bytes().decode("utf-8-sig"))))


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_page_says_how_far_the_school_has_come(
    running: Running, chromium: Browser, size: ViewportSize
) -> None:
    kind = "phone" if size is PHONE else "desk"
    with running.database.reading() as db:
        counts = reports.overview(db, running.year).audiences
    with visiting(chromium, size) as page:
        log_in(page, running, "office")
        page.get_by_role("link", name="Office", exact=True).click()
        heading(page, f"School year {people.school_year_label(running.year)}")
        no_sideways_scrolling(page)
        keep_picture(page, f"office-home-{kind}")
        for key, name in (("parents", "Parents and carers"), ("staff", "Staff"), ("children", "Children")):
            card = page.locator("section").filter(has=page.get_by_role("heading", name=name, exact=True, level=2))
            expect(card).to_contain_text(f"{counts[key].percent_signed}%")
            expect(card).to_contain_text(f"{counts[key].signed} of {counts[key].asked} signed")
        page.get_by_role("link", name="Parents and carers", exact=True).click()
        heading(page, "Not answered yet")
        no_sideways_scrolling(page)
        keep_picture(page, f"office-outstanding-{kind}")


def test_the_list_of_those_who_have_not_signed_is_narrowed_reminded_and_saved(
    running: Running, chromium: Browser
) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/outstanding")
        page.get_by_label("What", exact=True).select_option(label="Parents and carers")
        reason(page, "Asked")
        expect(page).to_have_url(re.compile("why=asked"))
        for row in rows_of(page).all()[:5]:
            expect(row).to_contain_text("parents and carers")
            expect(row).to_contain_text("Asked")
        table = saved_table(page, "CSV")
        assert "Name" in table[0]
        assert {row[2].split(":")[0] for row in table[1:]} == {"Parents and carers"}
        name = rows_of(page).last.get_by_role("link").first.inner_text()
        person = rows_of(page).last.get_by_role("link").first.get_attribute("href")
        rows_of(page).last.get_by_role("checkbox").check()
        page.get_by_role("button", name="Remind those ticked").click()
        heading(page, "Send a reminder")
        expect(page.get_by_role("listitem").filter(has_text=name)).to_have_count(1)
        keep_picture(page, "office-remind-desk")
        page.get_by_role("button", name=re.compile("Send 1 message")).click()
        said = re.compile("1 message (is being sent|will be sent on|is waiting: email is not leaving)")
        expect(page.get_by_role("status")).to_contain_text(said)
        page.goto(f"{running.url}{person}")
        heading(page, name)
        newest = page.get_by_role("region", name="Messages").get_by_role("listitem").first
        expect(newest).to_contain_text(re.compile("Reminder|Last reminder"))
        expect(newest).to_contain_text(f"{clock.today().day} {clock.today():%b}")
        # At night and on days without school it waits for the next morning.
        expect(newest).to_contain_text(re.compile("Waiting to be sent|Being sent|On its way|Sent"))
        page.goto(f"{running.url}/office/mail")
        expect(page.get_by_role("main")).to_contain_text("Reminder")


def test_a_paper_answer_is_recorded_and_taken_back_with_a_reason(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/outstanding?audience=parents&why=no-address")
        rows_of(page).first.get_by_role("link").first.click()
        name = page.get_by_role("heading", level=1).inner_text()
        page.get_by_role("link", name="Record an answer").click()
        heading(page, f"Record an answer for {name}")
        no_sideways_scrolling(page)
        keep_picture(page, "office-answer-desk")
        page.get_by_role("button", name="Record it").click()
        expect(page.get_by_role("alert")).to_contain_text("Choose how the answer came")
        page.get_by_label("On paper, signed").check()
        page.get_by_label("How did you confirm who it was?").fill("Ms Begum knows her well")
        page.get_by_label("They agree").check()
        for choice in page.get_by_role("region", name=re.compile("^Pictures of")).get_by_label("No", exact=True).all():
            choice.check()
        page.get_by_role("button", name="Record it").click()
        heading(page, name)
        expect(page.get_by_role("status")).to_contain_text("Recorded.")
        marks = page.get_by_role("region", name="Signatures")
        expect(marks).to_contain_text("paper")
        expect(marks).to_contain_text("Entered by: Sam Ellis, from a paper form.")
        no_sideways_scrolling(page)
        keep_picture(page, "office-person-desk")
        marks.get_by_role("link", name=re.compile("^Withdraw or correct")).first.click()
        heading(page, "Take back an answer of")
        page.get_by_label("It was a mistake").check()
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Why?").fill("The form was another family’s")
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_role("status").first).to_contain_text("Taken back. It stays in the record")
        expect(marks).to_contain_text("The form was another family’s")
        expect(marks).to_contain_text("Taken back later.")
        keep_picture(page, "office-person-taken-back-desk")


def test_a_class_list_shows_every_childs_choices_and_can_be_saved(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/classes")
        page.get_by_role("link", name="4B", exact=True).click()
        heading(page, "Class 4B")
        no_sideways_scrolling(page)
        keep_picture(page, "office-class-desk")
        with running.database.reading() as db:
            room = next(row for row in people.classes(db) if row.name == "4B")
            names = [child.full_name for child in people.children(db, room.id)]
        expect(rows_of(page)).to_have_count(len(names))
        table = saved_table(page, "CSV")
        assert sorted(row[0] for row in table[1:]) == sorted(names)
        answers = {cell for row in table[1:] for cell in row[2:-1]}
        assert "yes" in answers
        assert answers <= set(reports.VERDICTS.values())


def test_the_whole_schools_report_is_ordered_and_saved(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "head")
        page.get_by_role("link", name="Evidence").click()
        page.get_by_label("About").select_option(label="The whole school")
        page.get_by_role("button", name="Create report").click()
        expect(page.get_by_role("status").first).to_contain_text("The report is being prepared.")
        no_sideways_scrolling(page)
        name = f"{documents.KINDS['school_report'].label} (PDF)"
        ready = page.get_by_role("region", name="Documents").first.get_by_role("link", name=name)

        def is_ready() -> bool:
            page.reload()
            return ready.count() > 0

        wait_until(is_ready, what="the report")
        keep_picture(page, "office-evidence-desk")
        with page.expect_download() as saved:
            ready.first.click()
        said = words_of(saved.value.path().read_bytes())
        with running.database.reading() as db:
            counts = reports.overview(db, running.year).audiences
        pages = re.findall(r"Page (\d+) of (\d+)", said)
        assert [int(number) for number, _of in pages] == list(range(1, int(pages[0][1]) + 1))
        assert f"School year {people.school_year_label(running.year)}" in said
        for each in counts.values():
            assert f"{each.signed} of {each.asked} signed" in said
        table = saved_table(page, "CSV Progress of each class")
        assert {"4A", "4B", "4C"} <= {row[0] for row in table}


def test_a_list_is_imported_after_every_change_was_shown(running: Running, chromium: Browser) -> None:
    born = dt.date(running.year - 7, 3, 14)
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/roster")
        choose = page.get_by_label("Excel or CSV file")
        choose.set_input_files({"name": "empty.csv", "mimeType": "text/csv", "buffer": b""})
        page.get_by_role("button", name="Preview the changes").click()
        expect(page.get_by_role("alert")).to_be_visible()
        keep_picture(page, "office-roster-problem-desk")
        content = LIST.format(born=f"{born:%d/%m/%Y}").encode("utf-8-sig")
        choose.set_input_files({"name": "joiners.csv", "mimeType": "text/csv", "buffer": content})
        page.get_by_label("This file is only part of the school").check()
        page.get_by_role("button", name="Preview the changes").click()
        heading(page, "Check the changes")
        expect(page.get_by_role("main")).to_contain_text("Tomasz Wiśniewski")
        expect(page.get_by_role("main")).to_contain_text("Ewa Wiśniewska")
        no_sideways_scrolling(page)
        keep_picture(page, "office-roster-preview-desk")
        page.goto(f"{running.url}/office/people?q=Wi%C5%9Bniewsk")
        expect(page.get_by_role("link", name="Tomasz Wiśniewski")).to_have_count(0)
        page.go_back()
        page.get_by_role("button", name="Apply these changes").click()
        heading(page, "List imported")
        keep_picture(page, "office-roster-done-desk")
        page.get_by_role("link", name="People", exact=True).click()
        page.get_by_role("searchbox").fill("Wiśniewsk")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Ewa Wiśniewska").click()
        family = page.get_by_role("region", name="Family")
        expect(family).to_contain_text("Tomasz Wiśniewski")
        expect(family).to_contain_text("Ola Wiśniewska")


def test_a_parent_signs_at_the_counter_on_the_offices_device(running: Running, chromium: Browser) -> None:
    guardian = running.links().single.guardian
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/people?q={guardian.split()[-1]}")
        page.get_by_role("link", name=guardian, exact=True).first.click()
        page.get_by_text("Sign now on this device").click()
        page.get_by_role("button", name=re.compile("hand over the device")).click()
        heading(page, "Your family page")
        expect(page.get_by_role("button", name="Log out")).to_have_count(0)
        page.goto(f"{running.url}/office")
        heading(page, "Staff log-in")


def test_the_head_reads_and_the_governor_sees_figures_only(running: Running, chromium: Browser) -> None:
    with running.database.reading() as db:
        guardian = people.guardians_asked(db)[0]
    person = f"/office/people/{guardian.public_id}"
    may = {
        "head": ("/office", "/office/people", person, "/office/outstanding", "/office/classes", "/office/evidence"),
        "governor": ("/office", "/office/classes", "/office/evidence"),
    }
    may_not = {
        "head": (f"{person}/answer", "/office/roster", "/office/log-ins", "/office/remind?everybody=yes"),
        "governor": ("/office/people", person, "/office/outstanding", f"{person}/answer", "/staff/classes"),
        "teacher": ("/office", "/office/people", person),
        "staff": ("/office", "/staff/classes", person),
    }
    for name, refused in may_not.items():
        with visiting(chromium, DESK, scripts=False) as page:
            log_in(page, running, name)
            for path in may.get(name, ()):
                answer = page.goto(f"{running.url}{path}")
                assert answer and answer.status == 200, (name, path)  # noqa: PT018 - one thought
                if name == "governor":
                    assert guardian.full_name not in page.inner_text("body"), path
                    keep_picture(page, f"governor{path.replace('/', '-')}-desk")
            for path in refused:
                answer = page.goto(f"{running.url}{path}")
                assert answer and answer.status == 403, (name, path)  # noqa: PT018
                assert guardian.full_name not in page.inner_text("body"), (name, path)
