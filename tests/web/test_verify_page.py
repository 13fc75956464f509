"""The public page where anybody has a document or a kept line checked."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from oval_aup import evidence, notifications, printing
from oval_aup.accounts import throttle
from oval_aup.core.db import Database
from oval_aup.verification import inspection
from oval_aup.verification import sandbox as inspection_sandbox
from oval_aup.verifier import bundle
from tests.evidence.paper_trail import PaperTrail, as_intruder, lay
from tests.web.browser import Browser
from tests.web.page import Page


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[printing.RenderPool]:
    with printing.RenderPool(tmp_path_factory.mktemp("press"), renderers=1, seconds=60) as running:
        yield running


@pytest.fixture
def trail(database: Database, tmp_path: Path, press: printing.RenderPool) -> PaperTrail:
    return lay(database, tmp_path, press)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files apart in this process: the one of its own has tests of its own."""

    def here(_command: object, *, input: bytes, **_options: object) -> Any:
        class Done:
            stdout = json.dumps(inspection.take_apart(input)).encode()

        return Done()

    monkeypatch.setattr(subprocess, "run", here)


def check(browser: Browser, content: bytes, name: str = "receipt.pdf", status: int = 200) -> Page:
    browser.get("/verify")
    return browser.post("/verify", {"file": (io.BytesIO(content), name)}, status=status)


def test_the_page_is_found_from_every_footer(browser: Browser) -> None:
    assert 'href="/verify"' in browser.get("/accessibility").html


def test_a_genuine_receipt_is_called_so_in_colour_words_and_shape(browser: Browser, trail: PaperTrail) -> None:
    page = check(browser, trail.receipt)
    assert page.heading == "Genuine and unchanged"
    assert 'class="answer after yes"' in page.html
    assert "<svg" in page.html.split('class="answer')[1]
    assert "Receipt" in page.text
    assert "We haven’t kept your file" in page.text
    assert "Limits of this document" in page.text


def test_the_checker_of_packs_is_handed_to_anybody_beside_its_hash(browser: Browser, trail: PaperTrail) -> None:
    made = bundle.checker()
    page = browser.get("/verify")
    assert made.sha256 in page.text
    for command in ("sha256sum verify.py", "shasum -a 256 verify.py", "Get-FileHash verify.py"):
        assert command in page.text
    stranger = browser.app.test_client()
    given = stranger.get("/verify/checker")
    assert given.data == made.content
    assert given.headers["Content-Type"] == "text/x-python; charset=utf-8"
    assert given.headers["Content-Disposition"] == 'attachment; filename="verify.py"'
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in given.headers
    again = stranger.get("/verify/checker", headers={"If-None-Match": given.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    answer = check(browser, given.data, "verify.py")
    assert answer.heading == "Genuine and unchanged"
    assert "Checker for evidence packs" in answer.text


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("spoil", "heading"),
    [
        (lambda pdf: pdf + b" ", "Changed after the school made it"),
        (lambda pdf: b"%PDF-1.4 and nothing more", "Cannot be confirmed"),
        (lambda pdf: b"a letter", "Cannot be confirmed"),
        (lambda pdf: b"{}", "Not this school’s document"),
    ],
)
def test_everything_else_gets_a_plain_answer(
    browser: Browser, trail: PaperTrail, spoil: Callable[[bytes], bytes], heading: str
) -> None:
    page = check(browser, spoil(trail.receipt))
    assert page.heading == heading
    assert "0121 496 0000" in page.text


def test_no_file_and_a_busy_moment_are_said_and_nothing_breaks(
    browser: Browser, trail: PaperTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.get("/verify")
    assert "Choose a file" in browser.post("/verify", {}, status=422).text
    with inspection_sandbox._places, inspection_sandbox._places:
        assert "try again in a minute" in check(browser, trail.receipt, status=503).text


def test_who_brings_a_pack_past_the_limit_is_told_how_it_is_checked(browser: Browser) -> None:
    browser.app.config["MAX_CONTENT_LENGTH"] = 100_000
    page = check(browser, b"PK\3\4" + b"\0" * 100_000, "evidence-pack.zip", status=413)
    assert page.heading == "Check a document"
    assert f"with {bundle.checker().name}, further down this page" in page.text
    assert "flask evidence verify" in page.text
    assert "choose a smaller file" not in page.text.lower()
    assert 'type="file"' in page.html
    browser.get("/verify")
    page = browser.post("/verify/head", {"head": "x" * 100_000}, status=413)
    assert "Paste just the line" in page.text


def test_one_address_cannot_have_files_checked_without_end(
    browser: Browser, trail: PaperTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(throttle.LIMITS, "proof", 1)
    check(browser, trail.receipt)
    assert "Too many attempts" in check(browser, trail.receipt, status=429).text
    browser.get("/verify")
    browser.post("/verify/head", {"head": "anything"}, status=429)


def test_a_kept_line_is_answered_and_says_nothing_else(browser: Browser, trail: PaperTrail) -> None:
    with trail.database.reading() as db:
        line = evidence.signed_head(db, trail.ring).text
    browser.get("/verify")
    page = browser.post("/verify/head", {"head": f"  {line[:90]}\n{line[90:]} "})
    assert page.heading == "The ledger has not been changed"
    browser.get("/verify")
    page = browser.post("/verify/head", {"head": line.replace(" 8 ", " 9 ")})
    assert page.heading == "Not this school’s line, or mistyped"
    browser.get("/verify")
    assert "After OVAL-HEAD come six parts" in browser.post("/verify/head", {"head": line[:100]}, status=422).text
    browser.get("/verify")
    short = line.replace(line.split()[3], line.split()[3][:-1])
    assert "part 3 after OVAL-HEAD has 63 characters" in browser.post("/verify/head", {"head": short}, status=422).text
    browser.get("/verify")
    assert "begins with OVAL-HEAD" in browser.post("/verify/head", {"head": line[10:]}, status=422).text


def test_too_much_at_one_time_is_refused_and_nothing_left_out_in_silence(browser: Browser, trail: PaperTrail) -> None:
    with trail.database.reading() as db:
        line = evidence.signed_head(db, trail.ring).text
    lines = "\n".join(line.replace(line[-60:-50], f"{number:010d}") for number in range(30))
    for text, words in ((lines, "no more than 20 lines"), ("x" * 20_001, "too long")):
        browser.get("/verify")
        assert words in browser.post("/verify/head", {"head": text}, status=422).text


def test_the_page_says_whose_word_it_is(browser: Browser, trail: PaperTrail) -> None:
    assert "this answer comes from it" in check(browser, b"a letter").text
    with trail.database.reading() as db:
        line = evidence.signed_head(db, trail.ring).text
    browser.get("/verify")
    assert "comes from the school’s own system" in browser.post("/verify/head", {"head": line}).text


@pytest.mark.usefixtures("quick")
def test_an_edited_ledger_and_a_far_off_time_break_no_page(browser: Browser, trail: PaperTrail) -> None:
    record = json.loads(trail.record)
    record["head"]["at"] = "0001-01-01T00:00:00Z"
    assert check(browser, json.dumps(record).encode()).heading == "Changed after the school made it"
    browser.app.extensions.pop("oval_chain")
    as_intruder(trail.database, "UPDATE ledger_entry SET body = x'00ff' WHERE seq = 4")
    page = check(browser, trail.receipt)
    assert page.heading == "Cannot be confirmed"
    assert "Entry 4 was edited" in page.text


def test_a_line_that_knows_more_than_the_ledger_alarms_the_office(
    browser: Browser, trail: PaperTrail, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with trail.database.reading() as db:
        line = evidence.signed_head(db, trail.ring).text
    as_intruder(trail.database, *(f"DELETE FROM {name} WHERE seq > 6" for name in ("ledger_details", "ledger_entry")))
    for _twice in range(2):
        browser.get("/verify")
        page = browser.post("/verify/head", {"head": line})
        assert page.heading == "The ledger has been changed"
    assert "has fewer now" in caplog.text
    with trail.database.reading() as db:
        told = [one.to_address for one in notifications.messages_in(db, ["queued"]) if one.kind == "ledger-alarm"]
    assert told == ["office@oval.example.org"]


@pytest.mark.usefixtures("quick")
def test_nothing_of_the_file_is_logged_or_kept(
    browser: Browser, trail: PaperTrail, caplog: pytest.LogCaptureFixture, instance: Path
) -> None:
    before = set(instance.rglob("*"))
    caplog.set_level("DEBUG")
    check(browser, trail.receipt + b"SECRET", "Nadia Khan.pdf")
    assert "Nadia" not in caplog.text
    assert "SECRET" not in caplog.text
    assert set(instance.rglob("*")) == before
