"""Whatever people type stays text: in pages, letters, papers, tables, statements and log lines."""

from __future__ import annotations

import csv
import io
import logging
import sys

import pytest
from flask import Flask

from oval_aup import campaigns, notifications, people
from oval_aup.config import Settings
from oval_aup.core import logs
from oval_aup.core.db import Database
from oval_aup.server import supervisor
from tests.people import builders
from tests.security.crawl import crawl
from tests.security.post import Post
from tests.security.rows import changed, everything_in
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import DUE_ON, OFFICE, TODAY, YEAR, World

EVE = "eve@oval.example.org"
SCRIPT = "<script>alert(1)</script>"
MULTIPART = "multipart/form-data; boundary=edge"
NAMES = (SCRIPT, '"><img src=x onerror=alert(1)>', "{{7*7}}{%x%}", "%s%n%(name)s${7*7}#{7*7}", "=1+1|'cmd'", "@SUM(A1)")


@pytest.fixture
def nasty(world: World, settings: Settings) -> tuple[people.GuardianRow, ...]:
    """A family for each name that could do harm: child, guardian and relationship all bear it; everybody is asked."""
    with world.database.writing() as db:
        guardians = []
        for number, name in enumerate(NAMES):
            child = builders.add_child(
                db,
                forename=name,
                surname=name,
                born_on=world.maja.born_on,
                year_group="4",
                class_id=world.year_4.id,
                actor=OFFICE,
            )
            added = builders.add_guardian(
                db,
                child_id=child.person_id,
                forename=name,
                surname=name,
                email=f"family{number}@example.org",
                relationship_name=name[:30],
                parental_responsibility="yes",
                actor=OFFICE,
            )
            guardians.append(added.guardian)
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
    return tuple(guardians)


def inert(html: str) -> list[str]:
    """What in this page or letter could still do something."""
    found = [element for element in Page(html).elements if any(key.startswith("on") for key in element.attributes)]
    found += [e for e in Page(html).all("script", "img") if e["src"] in ("", "x")]
    return [f"{element.name} {element.attributes}" for element in found]


def test_names_that_are_code_are_shown_as_text_on_every_page(
    app: Flask, world: World, nasty: tuple[people.GuardianRow, ...]
) -> None:
    """I01, I10: the office, the teacher and the parent themselves see them as they were typed."""
    eve, di, parent = Browser(app), Browser(app), Browser(app)
    eve.log_in(EVE)
    di.log_in("di@oval.example.org")
    walk.come_in(parent, world, nasty[0], **{"born-day": "30", "born-month": "6", "born-year": "2018"})
    shown = ""
    for browser, start in ((eve, "/office/people?q=example.org"), (di, "/staff/classes"), (parent, "/family/rules")):
        for address, answer in crawl(browser, start).items():
            if answer.mimetype == "text/html":
                assert inert(answer.text) == [], address
                shown += Page(answer.text).text
    for name in NAMES:
        assert name in shown


def test_names_that_are_code_are_text_in_letters(
    nasty: tuple[people.GuardianRow, ...], settings: Settings, database: Database
) -> None:
    """I01: subject, text and HTML; no header more than the letters of others have."""
    post = Post(settings, database)
    post.send()
    assert len(post.letters) >= len(NAMES)
    headers = {tuple(sorted(letter.keys())) for letter in post.letters}
    assert len(headers) == 1
    for letter in post.letters:
        html, text = letter.get_body(("html",)), letter.get_body(("plain",))
        assert html is not None
        assert text is not None
        assert inert(html.get_content()) == []
        assert SCRIPT not in text.get_content(), "nobody is greeted by what is no name"
    assert any("Hello," in body for body in post.bodies())


REASON = f"{SCRIPT}{{{{7*7}}}}\r\nBcc: everybody@example.org\r\n\r\n<h1>Hello"


def test_a_reason_that_is_code_is_text_in_page_paper_and_letter(
    app: Flask, world: World, settings: Settings, nasty: tuple[people.GuardianRow, ...]
) -> None:
    """I01: what a parent gives as reason for a no."""
    cass, eve = Browser(app), Browser(app)
    walk.come_in(cass, world, world.cass, **{"born-day": "30", "born-month": "6", "born-year": "2018"})
    cass.get("/family/rules/decline")
    shown = {"shown_sha256": cass.page.hidden("shown_sha256")}
    cass.post("/family/rules/decline", {"reason": REASON} | shown)
    assert inert(walk.choose(cass, world.maja).html) == [], "nor where it is restated"
    walk.sign(cass, "Cass Nowak")
    eve.log_in(EVE)
    page = eve.get(f"/office/people/{world.cass.public_id}")
    assert inert(page.html) == []
    assert f"{SCRIPT}{{{{7*7}}}}" in page.text
    post = Post(settings, world.database)
    post.send()
    told = [letter for letter in post.letters if "declin" in str(letter["Subject"]).casefold()]
    assert [letter for letter in post.letters if "everybody@example.org" in str(letter.items())] == []
    for letter in told:
        html = letter.get_body(("html",))
        assert html is not None
        assert inert(html.get_content()) == []
        assert "<h1>Hello" not in html.get_content()


def test_no_table_holds_a_cell_that_a_spreadsheet_would_run(
    app: Flask, world: World, nasty: tuple[people.GuardianRow, ...]
) -> None:
    """I06: whole exports, with names that begin formulas."""
    eve = Browser(app)
    eve.log_in(EVE)
    choices = f"/office/classes/{world.year_4.public_id}/choices.csv"
    for path in ("/office/outstanding.csv", "/office/coverage.csv", choices):
        answer = eve.client.get(path)
        assert answer.status_code == 200
        cells = [cell for row in csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
        if "coverage" not in path:
            assert "'=1+1" in answer.text


SEARCHES = [
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "'; DROP TABLE person; --",
    "ann' UNION SELECT 1",
    '"',
    "*",
    "[a]",
    "é" * 400,
]


def test_a_search_finds_text_and_runs_nothing(app: Flask, world: World) -> None:
    """I10: signs of SQL are letters like others."""
    eve = Browser(app)
    eve.log_in(EVE)
    before = everything_in(world.database)
    for typed in SEARCHES:
        assert "Khan" not in eve.get("/office/people", query_string={"q": typed}).text, typed
        eve.get("/office/outstanding", query_string={"why": typed, "class": typed, "who": typed, "page": typed})
    assert changed(before, everything_in(world.database)) == set()


def test_a_form_of_ten_thousand_parts_is_refused_unread(app: Flask, world: World) -> None:
    """I09: and so is a body over the limit, or one field without end."""
    eve = Browser(app)
    eve.log_in(EVE)
    eve.get("/office/roster")
    before = everything_in(world.database)
    part = b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    many = b"".join(part % (b"field%d" % number, b"x") for number in range(10_000))
    for body in (many, part % (b"csrf_token", b"x" * (3 * 1024 * 1024))):
        answer = eve.client.post("/office/roster", data=body + b"--edge--\r\n", content_type=MULTIPART)
        assert answer.status_code == 413
    huge = eve.client.post("/office/roster", data=b"x", headers={"Content-Length": "99999999999"})
    assert huge.status_code in (400, 413)
    assert changed(before, everything_in(world.database)) == set()


PATHS = ["../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "C:\\x.csv", "a\r\nSet-Cookie: x=y.csv", "x" * 5_000]


def test_the_name_of_a_file_leads_nowhere(app: Flask, world: World, settings: Settings) -> None:
    """I09, I01: it is a label that is kept short and shown as text; no file is ever written under it."""
    eve = Browser(app)
    eve.log_in(EVE)
    kept = set(settings.instance.rglob("*"))
    for name in PATHS:
        eve.get("/office/roster")
        content = b"Forename,Surname\r\nA,B\r\n"
        answer = eve.client.post("/office/roster", data={"csrf_token": eve.token, "file": (io.BytesIO(content), name)})
        assert answer.status_code in (303, 422), name
        assert "Set-Cookie: x" not in str(answer.headers)
        if answer.status_code == 303:
            eve.get(answer.headers["Location"])
    assert set(settings.instance.rglob("*")) == kept


def test_a_zero_byte_is_refused_before_any_table_sees_it(app: Flask, world: World) -> None:
    """I10: in a field, in a query and in an address."""
    eve = Browser(app)
    eve.log_in(EVE)
    assert eve.client.get("/office/people?q=%00").status_code == 400
    assert eve.client.get("/office/people/%00").status_code == 400
    assert eve.client.post("/staff/forgotten", data={"email": "a\0@b", "csrf_token": eve.token}).status_code == 400


FORGED = "x\r\n2026-09-15T10:00:00.000000Z CRITICAL oval_aup.web everything is lost\x1b[2J\u2028"


def written(message: str, *values: object, fault: Exception | None = None) -> list[str]:
    """The lines that a record becomes."""
    exc_info = (type(fault), fault, fault.__traceback__) if fault else None
    record = logging.LogRecord("oval_aup.web", logging.ERROR, __file__, 1, message, values, exc_info)
    return logs.Formatter().format(record).split("\n")


def test_nothing_typed_can_forge_a_line_of_the_log() -> None:
    """I10: line breaks and terminal codes are escaped, in messages and in tracebacks."""
    (line,) = written("mail cannot be sent: %s", FORGED)
    assert line.isprintable()
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        first, *trace = written("unexpected error", fault=error)
    assert first.endswith("ERROR oval_aup.web unexpected error")
    assert all(line.startswith("  | ") and line.isprintable() for line in trace)


def test_private_links_and_the_values_of_rows_are_cut_from_log_lines() -> None:
    """A09, P08: even where a library writes the address of a request or PostgreSQL repeats a row."""
    (line,) = written('GET /f/SECRET-1?x=1 "http://x/set-password/SECRET_2" failed')
    assert "SECRET" not in line
    assert "/f/…" in line
    fault = ValueError("duplicate key\nDETAIL:  Key (forename)=(Ayaan) already exists.")
    lines = written("fault", fault=fault)
    assert "Ayaan" not in "".join(lines)
    assert "duplicate key" in lines[-1]


def test_the_web_server_keeps_no_list_of_the_addresses_asked_for(settings: Settings) -> None:
    """A09: an access log would hold every private link."""
    command = supervisor.web_command(settings)
    assert not [part for part in command if "access-log" in part]
    assert command[command.index("--log-level") + 1] == "warning"


def test_every_process_writes_its_log_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """I10: set up once, and never over somebody else's."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    level = root.level
    try:
        logs.install()
        logs.install()
        logging.getLogger("werkzeug").warning("GET /f/%s", "SECRET")
    finally:
        root.setLevel(level)
    assert stream.getvalue().count("\n") == 1
    assert "SECRET" not in stream.getvalue()


def test_no_child_is_named_in_logs_addresses_subjects_or_file_names(
    app: Flask, world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """P08: over a family's whole way and a walk through all that the office can see."""
    caplog.set_level(logging.DEBUG)
    ann, eve = Browser(app), Browser(app)
    walk.signed(ann, world)
    eve.log_in(EVE)
    seen = [*crawl(ann, "/family"), *crawl(eve, "/office")]
    post = Post(settings, world.database)
    post.send()
    with world.database.reading() as db:
        messages = notifications.messages_to(db, world.ann.pseudonym)
    seen += [message.subject for message in messages]
    seen += [str(letter["Subject"]) for letter in post.letters]
    seen += [str(path) for path in settings.instance.rglob("*")]
    children = [row.forename for row in (world.ayaan, world.zara, world.maja)]
    assert [(text, name) for text in seen for name in children if name in text] == []
    assert [name for name in children if name in caplog.text] == []
