"""A small HTTP visitor that keeps its cookies and counts every byte both ways."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(?!csrf_token)([^"]+)" value="([^"]*)"')
RADIO = re.compile(r'<input type="radio" name="([^"]+)" value="yes"')
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Answer:
    """One answer."""

    status: int
    text: str
    location: str


@dataclass
class Visitor:
    """One browser on one kept-alive connection, without any cache."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    token: str = ""
    requests: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str) -> Answer:
        """Fetch a page and remember its form token."""
        return self._ask("GET", path, b"", {})

    def post(self, path: str, fields: Sequence[tuple[str, str]] = ()) -> Answer:
        """Send a form with the token of the page before; redirects are not followed."""
        return self._ask("POST", path, urlencode([("csrf_token", self.token), *fields]).encode(), FORM)

    def follow(self, answer: Answer) -> Answer:
        """Go where an answer sends us."""
        if answer.status not in {302, 303}:
            raise AssertionError(f"{answer.status}: {answer.text[:2000]}")
        return self.get(answer.location)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent = {**headers, "Host": f"localhost:{self.port}", "Accept-Encoding": "gzip"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body or None, sent)
        response = self.connection.getresponse()
        content = response.read()
        self.requests += 1
        self.bytes_out += len(body) + sum(len(name) + len(value) + 4 for name, value in sent.items()) + len(path) + 16
        self.bytes_in += len(content) + sum(len(name) + len(value) + 4 for name, value in response.getheaders()) + 17
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        text = content.decode("utf-8", "replace") if response.getheader("Content-Encoding") != "gzip" else ""
        if found := TOKEN.search(text):
            self.token = found[1]
        location = response.getheader("Location") or ""
        text = " ".join(text.split())  # the source breaks lines inside of tags
        return Answer(response.status, text, re.sub(r"^https?://[^/]+", "", location))


@dataclass(frozen=True)
class Load:
    """What a burst of posts came to."""

    per_second: float
    p50: float
    p95: float
    """Milliseconds."""
    seconds: float


def burst(jobs: Sequence[Callable[[], object]], *, at_once: int) -> Load:
    """Do all the jobs, ``at_once`` at a time, and time each."""

    def timed(job: Callable[[], object]) -> float:
        began = time.perf_counter()
        job()
        return time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        times = sorted(pool.map(timed, jobs))
    took = time.perf_counter() - began
    return Load(len(times) / took, 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.95) - 1], took)
