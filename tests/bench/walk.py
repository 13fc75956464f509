"""One guardian’s visit through a test client, up to the last post."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.bench.client import HIDDEN, RADIO, TOKEN
from tests.bench.school import Family


def walk(client: FlaskClient, family: Family) -> Callable[[], None]:
    """Answer yes to everything; what is returned sends the signature."""
    born, token = family.born_on, ""

    def page(path: str) -> str:
        nonlocal token
        text = " ".join(client.get(path).text.split())
        token = found.group(1) if (found := TOKEN.search(text)) else token
        return text

    def post(path: str, *fields: tuple[str, str]) -> str:
        answer = client.post(path, data=MultiDict([("csrf_token", token), *fields]))
        return re.sub(r"^https?://[^/]+", "", answer.location or "")

    page(f"/f/{family.token}")
    where = post(
        f"/f/{family.token}",
        ("born-day", str(born.day)),
        ("born-month", str(born.month)),
        ("born-year", str(born.year)),
    )
    while where != "/family/check":
        text = page(where)
        chosen = [(name, "yes") for name in dict.fromkeys(RADIO.findall(text))]
        where = post(where, *HIDDEN.findall(text), ("read", "yes"), *chosen)
    hidden = HIDDEN.findall(page(where))

    def sign() -> None:
        if post("/family/check", *hidden, ("typed_name", family.name)) != "/family/done":
            raise SystemExit("the signature was refused")

    return sign
