"""The office imports a list in the browser: upload, see every change, answer, apply or discard."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from werkzeug.test import TestResponse

from oval_aup import evidence, people
from tests.people.makers import CLASS_HEADERS, class_list, class_row, contacts, link, member, sheet, staff_list
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import World

EVE = "eve@oval.example.org"


def _upload(browser: Browser, content: bytes, *, name: str = "pupils.csv", status: int = 200, **fields: str) -> Page:
    browser.get("/office/roster")
    return browser.post("/office/roster", {"file": (io.BytesIO(content), name), **fields}, status=status)


def _address(browser: Browser) -> str:
    """The import we are looking at."""
    response = browser.response
    assert isinstance(response, TestResponse)
    return response.request.path


def _names(world: World) -> list[str]:
    with world.database.reading() as db:
        return [child.full_name for child in people.children(db)]


@pytest.fixture
def office(browser: Browser, world: World) -> Browser:
    browser.log_in(EVE)
    return browser


def test_a_list_is_previewed_applied_and_entered_in_the_ledger(office: Browser, world: World) -> None:
    before = _names(world)
    page = _upload(office, contacts(link(1, 1), link(1, 2)), partial="yes")
    assert page.heading == "Check the changes"
    for words in ("3 to add", "Leo Brown", "Ann Brown", "Part of the school"):
        assert words in page.text
    assert _names(world) == before
    address = _address(office)
    page = office.post(f"{address}/apply")
    assert page.heading == "List imported"
    assert "1 child joined, 2 parents and carers joined." in page.text
    assert "Leo Brown" in _names(world)
    again = office.get(address)
    assert "Eve Office" in again.text
    with world.database.reading() as db:
        entries = [entry for entry in evidence.entries_about(db, "school") if entry.kind == "imported"]
    assert len(entries) == 1
    assert entries[0].body["act"]["sha256"] in again.text


def test_applying_twice_is_applying_once(office: Browser, world: World) -> None:
    _upload(office, contacts(link(1, 1)), partial="yes")
    address = _address(office)
    token = {"csrf_token": office.page.csrf_token(f"{address}/apply")}
    office.client.post(f"{address}/apply", data=token)
    assert office.client.post(f"{address}/apply", data=token).status_code == 303
    assert office.client.post(f"{address}/discard", data=token).status_code == 409
    assert _names(world).count("Leo Brown") == 1


def test_a_roster_that_changed_meanwhile_is_shown_again_before_anything_is_done(office: Browser, world: World) -> None:
    _upload(office, contacts(link(1, 1)), partial="yes")
    first = _address(office)
    _upload(office, contacts(link(1, 1, Reg="4A")), partial="yes")
    office.post(f"{_address(office)}/apply")
    office.get(first)
    page = office.post(f"{first}/apply")
    assert page.heading == "Check the changes"
    assert "changed since you previewed" in page.text
    assert office.post(f"{first}/apply").heading == "List imported"


def test_a_discarded_list_changes_nothing(office: Browser, world: World) -> None:
    before = _names(world)
    _upload(office, contacts(link(1, 1)), partial="yes")
    address = _address(office)
    page = office.post(f"{address}/discard")
    assert page.heading == "Import the school’s lists"
    assert "Discarded" in page.text
    assert office.get(address).heading == "Import discarded"
    assert _names(world) == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty."),
        (b"%PDF-1.7", "This is a PDF"),
        (b"PK\x03\x04[Content_Types].xml xl/", "This Excel file is damaged or is not really one"),
        (contacts(link(1, 1), link(2, 2))[:-60], "cut short"),
    ],
)
def test_what_is_no_list_is_refused_on_the_same_page(office: Browser, content: bytes, sentence: str) -> None:
    page = _upload(office, content, status=422)
    assert sentence in page.text
    assert page.heading == "Import the school’s lists"
    assert "Not decided" not in page.text


def test_no_file_at_all_is_asked_for(office: Browser) -> None:
    office.get("/office/roster")
    assert "Choose a file." in office.post("/office/roster", {}, status=422).text


def test_a_hundred_megabytes_are_refused_unread(office: Browser) -> None:
    office.get("/office/roster")
    announced = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(100 * 1024 * 1024)}
    response = office.client.post("/office/roster", environ_overrides=announced)
    assert response.status_code == 413
    assert "This file is too large" in response.text


def test_so_many_leavers_must_be_meant(office: Browser, world: World) -> None:
    page = _upload(office, contacts(link(1, 1)))
    assert "has no office number" in page.text  # the base world has no numbers, so nobody leaves yet
    office.post(f"{_address(office)}/apply")
    _upload(office, contacts(link(1, 1), link(2, 2), link(3, 3)))
    office.post(f"{_address(office)}/apply")
    page = _upload(office, contacts(link(4, 4)))
    address = _address(office)
    page = office.post(f"{address}/apply", status=422)
    assert "Confirm that all these people have left." in page.text
    assert "Leo Brown" in _names(world)
    page = office.post(f"{address}/apply", {"confirm_leavers": "yes"})
    assert page.heading == "List imported"
    assert "Leo Brown" not in _names(world)


def test_columns_are_shown_changed_and_remembered(office: Browser) -> None:
    strange = [header.replace("CHILD_LAST_NAME", "Nachname") for header in CLASS_HEADERS]
    row = class_row(1)
    content = sheet(strange, [row | {"Nachname": row["CHILD_LAST_NAME"]}])
    page = _upload(office, content, partial="yes")
    assert page.heading == "Say what the columns hold"
    address = _address(office)
    chosen = _chosen(page)
    clash = office.post(address, {**chosen, "column-1": "child_forename"}, status=422)
    assert "are both said to hold the same thing" in clash.text
    page = office.post(address, {**chosen, "column-1": "child_surname", "partial": "yes"})
    assert page.heading == "Check the changes"
    assert "Leo Brown" in page.text
    office.post(f"{address}/apply")
    assert _upload(office, content, partial="yes").heading == "Check the changes"


def _chosen(page: Page) -> dict[str, str]:
    """The drop-downs as they stand on the page."""
    found = {}
    for option in page.all("option"):
        box = option.inside("select")
        if box is not None and "selected" in option.attributes:
            found[box["name"]] = option["value"]
    return found


def test_another_kind_of_list_is_guessed_anew(office: Browser) -> None:
    _upload(office, class_list(class_row(1, PARENT_1_NAME="Ann Brown")), partial="yes")
    address = _address(office)
    assert office.post(address, {"kind": "staff"}).heading == "Say what the columns hold"
    assert "Choose what kind" in office.post(address, {"kind": "nonsense"}, status=422).text


def test_a_child_known_by_name_only_is_asked_about(office: Browser, world: World) -> None:
    ayaan = class_row(1, CHILD_FIRST_NAME="Ayaan", CHILD_LAST_NAME="Khan", CHILD_DATE_OF_BIRTH="2018-03-14")
    page = _upload(office, class_list(ayaan), partial="yes")
    assert "The same child?" in page.text
    assert "1 row left out" in page.text
    assert "Nothing would change, but 1 row was left out." in page.text
    address = _address(office)
    name = next(box["name"] for box in page.all("select") if box["name"].startswith("answer-"))
    page = office.post(address, {"about": "children", name: "same"})
    assert "1 row left out" not in page.text
    office.post(f"{address}/apply")
    assert _names(world).count("Ayaan Khan") == 1
    page = _upload(office, class_list(ayaan), partial="yes")
    assert "Nothing would change: our records already say all this." in page.text


def test_two_people_in_one_cell_are_asked_about(office: Browser, world: World) -> None:
    row = class_row(1, PARENT_1_NAME="Mr & Mrs J Patel", PARENT_2_NAME="Reed & Sons")
    page = _upload(office, class_list(row), partial="yes")
    assert "Two people in one cell" in page.text
    assert "Mr J Patel and Mrs Patel" in page.text
    address = _address(office)
    page = office.post(
        address, {"about": "pairs", "answer-pair:mr & mrs j patel": "two", "answer-pair:reed & sons": "one"}
    )
    assert _chosen(page)["answer-pair:reed & sons"] == "one"
    office.post(f"{address}/apply")
    with world.database.reading() as db:
        leo = next(child for child in people.children(db) if child.full_name == "Leo Brown")
        named = [link.guardian.full_name for link in people.guardians_of(db, leo.person_id)]
    assert sorted(named) == ["J Patel", "Mrs Patel", "Reed & Sons"]


def test_one_parent_spelt_two_ways_is_asked_about(office: Browser, world: World) -> None:
    parent = {"PARENT_1_EMAIL": "nadia@example.org"}
    rows = class_row(1, PARENT_1_NAME="Nadia Khan", **parent), class_row(2, PARENT_1_NAME="Nadia Begum Khan", **parent)
    page = _upload(office, class_list(*rows), partial="yes")
    assert "One person or two?" in page.text
    address = _address(office)
    name = next(box["name"] for box in page.all("select") if box["name"].startswith("answer-people:"))
    page = office.post(address, {"about": "people", name: "one"})
    assert _chosen(page)[name] == "one"
    office.post(f"{address}/apply")
    with world.database.reading() as db:
        assert len(people.guardians_at(db, "nadia@example.org")) == 1


def test_children_without_a_number_who_are_not_listed_can_all_be_said_to_have_left(
    office: Browser, world: World
) -> None:
    page = _upload(office, contacts(link(1, 1)))
    assert "Not in this file, and without an office number" in page.text
    address = _address(office)
    page = office.post(address, {"about": "gone", "all-gone": "left"})
    assert "100 % of the people on this list today would leave" in page.text
    office.post(f"{address}/apply", {"confirm_leavers": "yes"})
    assert _names(world) == ["Leo Brown"]


def test_a_workbook_is_imported_and_its_sheet_chosen(office: Browser, world: World) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Read me", "please"])
    for name, number in (("Autumn", 1), ("Spring", 2)):
        sheet = book.create_sheet(name)
        for row in csv.reader(class_list(class_row(number)).decode().splitlines()):
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    page = _upload(office, kept.getvalue(), name="pupils.xlsx", partial="yes")
    assert "Sheet “Autumn”" in page.text
    assert _chosen(page)["sheet"] == "Autumn"
    page = office.post(_address(office), {**_chosen(page), "sheet": "Spring", "partial": "yes"})
    assert "Maja Brown" in page.text
    page = office.post(_address(office), {**_chosen(page), "sheet": "Sheet"}, status=422)
    assert "headings but no rows" in page.text
    office.post(f"{_address(office)}/apply")
    assert "Maja Brown" in _names(world)


def test_all_questions_can_be_answered_at_once(office: Browser) -> None:
    ayaan = class_row(1, CHILD_FIRST_NAME="Ayaan", CHILD_LAST_NAME="Khan", CHILD_DATE_OF_BIRTH="2018-03-14")
    _upload(office, class_list(ayaan), partial="yes")
    page = office.post(_address(office), {"about": "children", "all": "same"})
    assert _chosen(page)[f"answer-upn:{ayaan['CHILD_UPN']}"] == "same"


def test_long_tables_are_cut_and_can_be_shown_in_full(office: Browser) -> None:
    page = _upload(office, contacts(*(link(number, number) for number in range(1, 26))), partial="yes")
    assert "Show all 50 of “To add”" in page.text
    shown = len(page.all("tr"))
    page = office.get(f"{_address(office)}?all=joiners")
    assert len(page.all("tr")) == shown + 30
    assert "Show all" not in page.text


def test_a_name_that_is_a_script_is_only_text(office: Browser) -> None:
    page = _upload(office, contacts(link(1, 1, Legal_Surname="<script>alert(1)</script>")), partial="yes")
    assert "<script>alert" not in page.html
    assert "alert(1)" in page.text


def test_a_staff_list_keeps_the_one_who_imports_it(office: Browser, world: World) -> None:
    page = _upload(office, staff_list(member(1)))
    assert "Eve Office" in page.text
    office.post(f"{_address(office)}/apply")
    with world.database.reading() as db:
        assert "Eve Office" in [row.full_name for row in people.staff(db)]


@pytest.mark.parametrize("who", ["hal", "di", "sam", "gov"])
def test_only_the_office_imports(browser: Browser, world: World, who: str) -> None:
    browser.log_in(f"{who}@oval.example.org")
    browser.get("/office/roster", status=403)
    browser.post("/office/roster", {}, status=403)


def test_a_stranger_is_sent_to_the_log_in(browser: Browser, world: World) -> None:
    assert browser.get("/office/roster").heading == "Staff log-in"


def test_an_import_nobody_made_is_not_found(office: Browser) -> None:
    office.get("/office/roster")
    for path in ("", "/apply", "/discard"):
        office.post(f"/office/roster/no-such-import{path}", {}, status=404)
        office.get("/office/roster")
    office.get("/office/roster/no-such-import", status=404)
