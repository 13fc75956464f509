"""The running product with a small demonstration school, and a real Chromium to walk it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, expect, sync_playwright
from sqlalchemy import text

from oval_aup import campaigns, config, demo, evidence, people, schema
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.web import assets, demo_outbox
from tests.conftest import BROWSED_WITHOUT
from tests.tools import check_browser_driver, tool

Answer = TypeVar("Answer")
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1280, height=900)
PICTURES = ROOT / "docs" / "pictures"
README_PICTURES = {
    "family-pictures-phone",
    "family-check-phone",
    "office-home-desk",
    "staff-photo-desk",
    "class-rule-desk",
}
SCRIPTS = Path(sys.prefix) / "assets"
"""Where `make test` puts the real htmx and signature_pad, when it reaches the npm registry."""
PATIENCE = 15_000
"""Milliseconds for anything to come about; two cores may be busy with other tests."""

DRAWING = """window.SignaturePad = class extends EventTarget {
  constructor(canvas) {
    super();
    this.strokes = [];
    const at = (event) => ({ x: event.offsetX, y: event.offsetY });
    canvas.addEventListener("mousedown", (event) => { this.down = true; this.strokes.push({ points: [at(event)] }); });
    canvas.addEventListener("mousemove", (event) => { if (this.down) this.strokes.at(-1).points.push(at(event)); });
    addEventListener("mouseup", () => { this.down = false; this.dispatchEvent(new Event("endStroke")); });
  }
  toData() { return this.strokes; }
  fromData(strokes) { this.strokes = strokes; }
  clear() { this.strokes = []; }
};"""
"""Stands in for signature_pad where the real one could not be fetched: it keeps what the mouse draws."""


def real_scripts() -> list[Path]:
    """The libraries that pages load, each the very file whose hash the pages name; none where one is missing."""
    files = [SCRIPTS / library.copy for library in assets.LIBRARIES.values()]
    if not all(file.is_file() for file in files):
        return []
    for file, library in zip(files, assets.LIBRARIES.values(), strict=True):
        digest = base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()
        assert library.integrity == f"sha384-{digest}", f"{file} is not the version that pages ask for: delete it"
    return files


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys share one server, so they belong into one process."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("journeys"))
            item.add_marker(pytest.mark.browser)


def wait_until(met: Callable[[], Answer], *, seconds: float = 150, what: str = "the condition") -> Answer:
    """Ask again until ``met()`` answers something true; fails with ``what`` when it never does."""
    until = time.monotonic() + seconds
    pause = 0.02
    while time.monotonic() < until:
        if answer := met():
            return answer
        pause = min(pause * 1.5, 0.25)
        time.sleep(pause)
    raise AssertionError(f"{what} did not come about in {seconds} seconds")


@dataclass(frozen=True)
class Running:
    """The product as it runs for the journeys."""

    url: str
    settings: config.Settings
    database: Database

    @property
    def year(self) -> int:
        """The school year of today."""
        return people.school_year(clock.today())

    def family_of(self, guardian_id: int) -> campaigns.Family:
        """Where a family stands now."""
        with self.database.reading() as db:
            return campaigns.family(db, guardian_id, self.year)

    def links(self) -> demo.Links:
        """Fresh private links to three families that still fit their stories."""
        return demo.fresh_links(self.database, self.settings)

    def letter(self, to: str, *, having: str, after: int = 0) -> demo_outbox.LetterPage:
        """Wait for the newest message to an address whose text contains ``having``; ``after`` is a ``mark()``."""
        folder = self.settings.mail_folder

        def look() -> demo_outbox.LetterPage | None:
            paths = [path for path in folder.glob("*.eml") if path.stat().st_mtime_ns > after]
            for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:40]:
                found = demo_outbox.letter(folder, path.name)
                if found.to == to and having in "".join(found.parts):
                    return found
            return None

        found = wait_until(look, what=f"a message to {to} about {having}")
        assert found
        return found

    def mark(self) -> int:
        """This moment, for ``letter(after=…)``."""
        return time.time_ns()


def link_in(letter: demo_outbox.LetterPage) -> str:
    """The first address in a message."""
    return letter.parts[1]


def words_of(pdf: bytes) -> str:
    """The text of a PDF as poppler reads it, on one line."""
    read = subprocess.run([tool("pdftotext"), "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s+", " ", read.stdout.decode("utf-8"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _school(settings: config.Settings) -> Database:
    database = Database(settings.database_url)
    schema.upgrade(database)
    demo.seed(database, settings, pupils=192)
    while evidence.index_new_entries(database):
        pass
    with database.writing() as db:
        # The papers of the weeks before wait for another day, so that these journeys' own have the worker alone.
        db.execute(text("UPDATE document SET next_attempt_at = '2999-01-01 00:00:00' WHERE status = 'pending'"))
    return database


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Running]:
    """A demonstration school of eight children a class, served by the real commands on a free port."""
    instance = tmp_path_factory.mktemp("instance")
    port = _free_port()
    url = f"http://localhost:{port}"
    environment = {"OVAL_INSTANCE": str(instance), "OVAL_PORT": str(port), "OVAL_DEMO": "yes", "OVAL_BASE_URL": url}
    settings = config.load(environment)
    database = _school(settings)
    scripts = real_scripts()
    (instance / "assets").mkdir()
    for script in scripts:
        shutil.copy(script, instance / "assets")
    if not scripts:
        pytestconfig.stash[BROWSED_WITHOUT] = True
    command = [sys.executable, "-m", "flask", "--app", "app", "server", "run"]
    quiet = {**{k: v for k, v in os.environ.items() if not k.startswith("OVAL_")}, **environment}
    log = instance / "log.txt"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=quiet, stdout=out, stderr=out)

    def up() -> bool:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthy", timeout=1) as answer:
            return bool(answer.status == 200)
        return False

    try:
        wait_until(up, what="the server")
        yield Running(url, settings, database)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=40)
        database.dispose()
    problems = log.read_text()
    assert "Traceback" not in problems, problems
    shutil.rmtree(instance, ignore_errors=True)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys, which reaches this machine only.

    It ends with the last visit: while it lives an event loop runs in this thread, and other tests start their own.
    """
    program = tool("chromium")
    check_browser_driver()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
            ],
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(
    browser: Browser, size: ViewportSize, *, scripts: bool = True, libraries: bool = True, draws: bool = False
) -> Iterator[Page]:
    """A fresh visitor's page; an error that the browser reports fails the visit.

    ``libraries``: htmx and signature_pad come, which a school's filter may prevent; ``draws``: a mark can be drawn.
    """
    context = browser.new_context(viewport=size, java_script_enabled=scripts, locale="en-GB", reduced_motion="reduce")
    if draws and not real_scripts():
        context.add_init_script(DRAWING)
    if not libraries:
        context.route(re.compile(r"/(htmx|signature_pad)[.a-z]*\.js$"), lambda route: route.abort())
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda line: troubles.append(line.text) if line.type == "error" and "Content Security" in line.text else None,
    )
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()
    assert troubles == []


def log_in(page: Page, running: Running, name: str) -> None:
    """Log in as one of the demonstration's staff, from their own log-in page."""
    page.goto(f"{running.url}/staff/log-in")
    type_log_in(page, f"{name}@oval.example.org" if "@" not in name else name, demo.PASSWORD)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def type_log_in(page: Page, email: str, password: str) -> None:
    """Fill the log-in in and send it."""
    page.get_by_label("School email address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def heading(page: Page, words: str | re.Pattern[str]) -> None:
    """The page's one heading says this."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def no_sideways_scrolling(page: Page) -> None:
    """The page fits the window's width; right after a press the next page may still be an empty document."""
    expect(page.locator("body > footer, body.child > main").first).to_be_attached()
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide}px too wide"


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture when OVAL_KEEP_PICTURES is set: ``1`` the README's, a folder all of them, whole pages."""
    wanted = os.environ.get("OVAL_KEEP_PICTURES", "")
    if wanted == "1" and name in README_PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
        width = (page.viewport_size or DESK)["width"]
        top = FloatRect(x=0, y=0, width=width, height=1080 if width == PHONE["width"] else 900)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True, clip=top)
    elif len(wanted) > 1:
        page.screenshot(path=Path(wanted) / f"{name}.png", full_page=True)
