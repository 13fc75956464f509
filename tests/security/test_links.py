"""Private links: opening them changes nothing, asking for them tells nothing, and their secrets are nowhere else."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

import pikepdf
import pytest
from flask import Flask

from oval_aup import accounts, documents, worker
from oval_aup.config import Settings
from tests.security.crawl import crawl
from tests.security.post import Post
from tests.security.rows import changed, everything_in, statements
from tests.web.browser import Browser
from tests.web.classroom import lessons
from tests.web.family import walk
from tests.web.world import World


def test_a_scanner_that_opens_every_link_in_every_letter_changes_nothing(
    app: Flask, post: Post, world: World, settings: Settings
) -> None:
    """A02: GET and HEAD three times each, of every address that ever left by email."""
    paths = post.paths()
    assert {path.split("/")[1] for path in paths} >= {"f", "set-password"}
    before = everything_in(world.database)
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS") * 3:
            scanner = app.test_client()
            answer = scanner.open(path, method=method, headers={"User-Agent": "Mozilla/5.0 SafeLinks"})
            assert answer.status_code < 400, (method, path)
            answer.close()
    assert changed(before, everything_in(world.database)) == set()


def test_a_link_works_for_its_reader_after_the_scanner_was_there(app: Flask, post: Post, world: World) -> None:
    """A02: nothing was used up."""
    path = next(path for path in post.paths() if path.startswith("/set-password/"))
    app.test_client().get(path)
    browser = Browser(app)
    browser.get(path)
    browser.post(path, {"password": "marble otter sunrise", "again": "marble otter sunrise"})
    assert browser.log_in(world.di.work_email, password="marble otter sunrise").heading == "My signing"


def test_a_forwarded_link_shows_no_name_and_no_standing_on_another_device(app: Flask, post: Post, world: World) -> None:
    """A04: the address alone is worth nothing; what it opens is the same page for everybody."""
    pages = set()
    for path in (path for path in post.paths() if path.startswith("/f/")):
        answer = app.test_client().get(path).text
        for row in (world.ann, world.bob, world.cass, world.ayaan, world.zara, world.maja):
            assert row.full_name not in answer
            assert row.forename not in answer.replace("Anna", "")
        pages.add(Browser(app).get(path).text)
    assert len(pages) == 1


MOST_ASKED = 30
"""Links asked for from one address within a quarter of an hour."""

ASKED = [
    ("/family/new-link", "bob@example.org"),
    ("/staff/forgotten", "di@oval.example.org"),
]


@pytest.mark.parametrize(("path", "known"), ASKED)
def test_asking_for_a_link_costs_and_says_the_same_for_known_and_unknown_addresses(
    app: Flask, world: World, path: str, known: str
) -> None:
    """A07: the same words, the same status, the same kinds of statement and one commit for either address."""
    answers, costs = [], []
    for address in (known, "nobody@example.org"):
        browser = Browser(app)
        browser.get(path)
        with statements(world.database) as sent:
            browser.post(path, {"email": address}, status=303, follow=False)
        assert browser.response is not None
        answers.append((browser.response.status_code, browser.response.headers["Location"], browser.response.data))
        costs.append({statement.split()[0] for statement in sent})
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]
    assert "INSERT" in costs[1], "an unknown address is written down as well, so that both wait for the disk"


def test_logging_in_costs_the_same_for_known_and_unknown_addresses(app: Flask, world: World) -> None:
    """A07: one slow comparison each; the statements are the very same."""
    costs = []
    for address in ("di@oval.example.org", "nobody@oval.example.org"):
        browser = Browser(app)
        browser.get("/staff/log-in")
        with statements(world.database) as sent:
            browser.post("/staff/log-in", {"email": address, "password": "not the password"}, status=422)
        costs.append(sent)
    assert costs[0] == costs[1]


def test_asking_for_password_links_is_stopped_after_a_while(app: Flask, world: World) -> None:
    """A06: nobody can make the school's mail server write without end, whatever addresses are typed."""
    browser = Browser(app)
    browser.get("/staff/forgotten")
    statuses = [
        browser.client.post(
            "/staff/forgotten", data={"email": f"nobody{number}@example.org", "csrf_token": browser.token}
        ).status_code
        for number in range(MOST_ASKED + 1)
    ]
    assert set(statuses[:-1]) == {303}
    assert statuses[-1] == 429


@pytest.mark.parametrize("purpose", ["family", "set-password"])
def test_a_page_whose_address_is_a_secret_tells_no_other_page_where_its_visitor_came_from(
    app: Flask, world: World, purpose: str
) -> None:
    """A09: no referrer, no cache, no search engine; with a good secret, a bad one and after a mistake."""
    path = {"family": "/f/", "set-password": "/set-password/"}[purpose]
    with world.database.writing() as db:
        secret = accounts.mint_link(db, purpose=purpose, person_id=world.di.person_id, sent_to="di@oval.example.org")
    browser = Browser(app)
    browser.get(path + secret)
    answers = [
        browser.client.get(path + secret),
        browser.client.get(path + "never-made"),
        browser.client.post(path + secret, data={"csrf_token": browser.token}),
        browser.client.post(path + secret),
    ]
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "no-referrer", answer.status
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_the_secrets_of_links_are_in_the_sent_letters_and_nowhere_else(
    app: Flask, post: Post, world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A08, A09: after a sign-up, a family's and a teacher's signing and a lesson: tables, logs, PDFs, pages, files."""
    caplog.set_level(logging.DEBUG)
    visits = _everybody_signs(app, post, world)
    worker.run(replace(settings, mail_in_folder=True), once=True, database=world.database)
    seen: list[str] = []
    for browser, start in (*visits, (_eve(app), "/office")):
        for answer in crawl(browser, start).values():
            seen += [answer.get_data().decode("utf-8", "replace"), str(answer.headers)]
    with world.database.reading() as db:
        (made,) = [row for row in documents.documents_about(db, world.cass.pseudonym) if row.is_ready]
        paper = _unfolded(documents.document_bytes(db, made.public_id))
    kept = [file for file in settings.instance.rglob("*") if file.is_file() and file.suffix != ".eml"]
    places = {
        "table": str(everything_in(world.database)),
        "log": caplog.text + str([vars(record) for record in caplog.records]),
        "page": "\n".join(seen),
        "paper": paper,
        "file": "\n".join(file.read_bytes().decode("latin-1") for file in kept),
    }
    assert len(seen) > 60
    assert "consent_recorded" in paper
    secrets = post.secrets()
    assert len(secrets) == 6, "three parents asked, one of them twice, one password, one receipt"
    assert [(place, secret) for secret in secrets for place, text in places.items() if secret in text] == []


def _everybody_signs(app: Flask, post: Post, world: World) -> list[tuple[Browser, str]]:
    """Cass signs through the link she was sent, Di holds a lesson, a device joins it; each with where they now are."""
    (path,) = [path for path in post.paths() if path.startswith("/f/") and _belongs(world, path, world.cass.person_id)]
    cass = Browser(app)
    cass.get(path)
    cass.post(path, {"born-day": "30", "born-month": "6", "born-year": "2018"})
    walk.accept(cass)
    walk.choose(cass, world.maja)
    walk.sign(cass, "Cass Nowak")
    di = Browser(app)
    lesson = lessons.open_lesson(di, world)
    device = Browser(app)
    lessons.join(device, lesson.join_code)
    lessons.make_mark(device, world.ayaan)
    return [(cass, "/family"), (di, "/staff"), (device, "/class/names")]


def _eve(app: Flask) -> Browser:
    browser = Browser(app)
    browser.log_in("eve@oval.example.org")
    return browser


def _belongs(world: World, path: str, person_id: int) -> bool:
    with world.database.reading() as db:
        return accounts.link(db, path.removeprefix("/f/"), purpose="family").person_id == person_id


def _unfolded(paper: bytes) -> str:
    """Everything in a PDF with its compression undone."""
    with pikepdf.open(io.BytesIO(paper)) as opened:
        streams = [item.read_bytes() for item in opened.objects if isinstance(item, pikepdf.Stream)]
    return b"\n".join(streams).decode("latin-1")
