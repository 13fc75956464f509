"""Evidence as people meet it: a pack is handed over, a stranger checks what is in it, an earlier day is looked up."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from oval_aup import people
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


def check_file(page: Page, running: Running, name: str, content: bytes) -> None:
    """Hand a file in on the public page."""
    page.goto(f"{running.url}/verify")
    page.get_by_label("PDF or record file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_role("button", name="Check this file").click()


def test_a_class_pack_is_handed_over_and_checked_by_somebody_who_trusts_nobody(
    running: Running, chromium: Browser, tmp_path: Path
) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/packs")
        page.get_by_label("About").select_option(label="Class 1A")
        page.get_by_role("button", name="Create pack").click()
        heading(page, "Evidence packs")
        expect(page.locator("#packs")).to_contain_text("Class 1A")
        no_sideways_scrolling(page)
        keep_picture(page, "evidence-packs-desk")
        taken = page.get_by_role("button", name="Download (ZIP)")

        def is_ready() -> bool:
            page.reload()
            return taken.count() > 0

        wait_until(is_ready, what="the pack")
        keep_picture(page, "evidence-pack-ready-desk")
        with page.expect_download() as saved:
            taken.first.click()
        with zipfile.ZipFile(saved.value.path()) as pack:
            pack.extractall(tmp_path)
    command = [sys.executable, "-I", "-S", "verify.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    record = tmp_path / "records" / "00001.pdf"
    genuine = record.read_bytes()
    for size in (PHONE, DESK):
        kind = "phone" if size is PHONE else "desk"
        with visiting(chromium, size) as page:
            check_file(page, running, "record.pdf", genuine)
            heading(page, "Genuine and unchanged")
            no_sideways_scrolling(page)
            keep_picture(page, f"verify-genuine-{kind}")
            check_file(page, running, "record.pdf", genuine + b"\n")
            heading(page, "Changed after the school made it")
            no_sideways_scrolling(page)
            keep_picture(page, f"verify-changed-{kind}")
            check_file(page, running, "record.json", record.with_suffix(".json").read_bytes())
            heading(page, "Genuine and unchanged")
            check_file(page, running, "holiday.png", b"\x89PNG\r\n\x1a\n" + bytes(64))
            heading(page, "Cannot be confirmed")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_what_stood_on_an_earlier_day_is_looked_up_and_kept_as_a_statement(
    running: Running, chromium: Browser, size: ViewportSize
) -> None:
    kind = "phone" if size is PHONE else "desk"
    with running.database.reading() as db:
        child = people.children(db)[0]
    first = clock.today().replace(day=1)
    with visiting(chromium, size) as page:
        log_in(page, running, "office")
        page.goto(f"{running.url}/office/people/{child.public_id}")
        page.get_by_role("link", name="Position on a past date").click()
        page.get_by_label("Day", exact=True).fill(str(first.day))
        page.get_by_label("Month", exact=True).fill(str(first.month))
        page.get_by_label("Year", exact=True).fill(str(first.year))
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("heading", level=2).first).to_contain_text("Position on")
        no_sideways_scrolling(page)
        keep_picture(page, f"as-at-{kind}")
        page.get_by_role("button", name="Create statement (PDF)").click()
        heading(page, child.full_name)
        statement = page.get_by_role("link", name=re.compile(r"^Position on.*\(PDF\)$"))

        def is_made() -> bool:
            page.reload()
            return statement.count() > 0

        wait_until(is_made, what="the statement")
        with page.expect_download() as saved:
            statement.first.click()
        said = words_of(saved.value.path().read_bytes())
        assert child.full_name in said
        assert f"Position on {first.day} {first:%B %Y}" in said
