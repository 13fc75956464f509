"""One browser per kind of visitor, and the addresses of every route with made-up ids in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from flask import Flask
from flask.testing import FlaskClient

from tests.web.browser import Browser
from tests.web.classroom import lessons
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import World


def addresses(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """The endpoint and an address of every route that takes this method."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if method in (rule.methods or ()):
            values = {name: "1" if name == "number" else str(uuid.uuid4()) for name in rule.arguments}
            with app.test_request_context():
                yield rule.endpoint, app.url_for(rule.endpoint, **values)  # type: ignore[arg-type]


def visitors(app: Flask, world: World) -> dict[str, Browser]:
    """The office, a teacher, a parent and a class device, each let in by the front door."""
    office, teacher, parent, device = (Browser(app) for _each in range(4))
    office.log_in("eve@oval.example.org")
    lesson = lessons.open_lesson(teacher, world)
    walk.come_in(parent, world)
    lessons.join(device, lesson.join_code)
    return {"office": office, "teacher": teacher, "parent": parent, "device": device}


def visitor_for(endpoint: str, held: dict[str, Browser]) -> Browser:
    """Whoever may do most on a route."""
    room, _dot, name = endpoint.partition(".")
    if room == "classroom":
        return held["device" if name in {"mark", "not_me_now", "child", "names", "rules", "join_now"} else "teacher"]
    return held["parent" if room == "family" else "office"]


def token_of(client: FlaskClient) -> str:
    """A good form token of this browser."""
    page = Page(client.get("/family/new-link").text)
    return page.csrf_token()
