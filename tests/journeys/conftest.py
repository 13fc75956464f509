"""The running product with a small demonstration school, and a real Chromium to walk it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from oval_aup import config, demo, schema
from oval_aup.core.db import Database

ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)


def wait_until(met: object, *, seconds: float = 30, what: str = "the condition") -> object:
    """Ask again until ``met()`` answers something true; fails with ``what`` when it never does."""
    until = time.monotonic() + seconds
    pause = 0.02
    while time.monotonic() < until:
        if answer := met():  # type: ignore[operator]
            return answer
        pause = min(pause * 1.5, 0.5)
        time.sleep(pause)
    raise AssertionError(f"{what} did not come about in {seconds} seconds")


@dataclass(frozen=True)
class Running:
    """The product as it runs for the journeys."""

    url: str
    settings: config.Settings
    database: Database
    links: demo.Links

    def newest_letter(self, to: str, *, having: str = "") -> str:
        """Wait for the newest message to an address whose text contains ``having``, and return its plain text."""
        from oval_aup.web import mailroom

        def look() -> str:
            for row in mailroom.letters(self.settings.mail_folder):
                if row.to == to:
                    text = "".join(mailroom.letter(self.settings.mail_folder, row.name).parts)
                    if having in text:
                        return text
            return ""

        return str(wait_until(look, what=f"a message to {to}"))

    def link_in(self, text: str) -> str:
        """The first address in a message."""
        found = re.search(r"https?://\S+", text)
        assert found, text
        return found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demonstration school of eight children a class, served by the real commands on a free port."""
    instance = tmp_path_factory.mktemp("instance")
    port = _free_port()
    environment = {
        "OVAL_INSTANCE": str(instance),
        "OVAL_PORT": str(port),
        "OVAL_DEMO": "yes",
        "OVAL_BASE_URL": f"http://localhost:{port}",
    }
    settings = config.load(environment)
    database = Database(settings.database_url)
    schema.upgrade(database)
    demo.seed(database, settings, pupils=192)
    links = demo.fresh_links(database, settings)
    command = [sys.executable, "-m", "flask", "--app", "app", "server", "run"]
    quiet = {**{k: v for k, v in os.environ.items() if not k.startswith("OVAL_")}, **environment}
    with (instance / "log.txt").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=quiet, stdout=log, stderr=log)
    url = f"http://localhost:{port}"

    def up() -> bool:
        assert server.poll() is None, (instance / "log.txt").read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthy", timeout=1) as answer:
            return bool(answer.status == 200)
        return False

    wait_until(up, what="the server")
    yield Running(url, settings, database, links)
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=30)
    database.dispose()
    problems = (instance / "log.txt").read_text()
    assert "Traceback" not in problems, problems
    shutil.rmtree(instance, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys."""
    assert CHROMIUM, "Chromium is needed: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


def _only_this_machine(route: Route) -> None:
    if route.request.url.startswith(("http://localhost", "http://127.0.0.1", "data:")):
        route.continue_()
    else:
        route.abort()


@contextlib.contextmanager
def visiting(browser: Browser, size: dict[str, int], *, scripts: bool = True) -> Iterator[Page]:
    """A fresh visitor's page; anything the browser reports as an error fails the journey."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, java_script_enabled=scripts, locale="en-GB"
    )
    context.route("**/*", _only_this_machine)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda line: troubles.append(line.text) if line.type == "error" and "Content Security" in line.text else None,
    )
    page.set_default_timeout(15_000)
    yield page
    context.close()
    assert troubles == []


def no_sideways_scrolling(page: Page) -> None:
    """The page fits the window's width."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide}px too wide"


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture of the page for the README and for people who look; only when asked to."""
    if os.environ.get("OVAL_KEEP_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
