"""What every answer carries, which names we answer to, and where we send people on to."""

from __future__ import annotations

import re
from importlib.metadata import version

from flask import Flask, request

from oval_aup.application import create_app
from oval_aup.config import Settings, load
from oval_aup.core.db import Database
from oval_aup.web.assets import LIBRARIES
from oval_aup.web.security import CDN
from tests.security.crawl import crawl
from tests.security.post import Post
from tests.security.rows import changed, everything_in
from tests.security.visits import addresses, visitor_for, visitors
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import World

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' https://cdn.jsdelivr.net",
    "style-src": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "connect-src": "'self'",
}


PUBLIC = {"public.checker": "public, no-cache"}
"""What is the same for everybody may be kept, and is asked after each time."""


def test_every_route_answers_with_the_headers_that_protect_its_reader(app: Flask, world: World) -> None:
    """S09, S11: refusals and missing things as well."""
    held = visitors(app, world)
    faults = []
    for endpoint, address in addresses(app, "GET"):
        answer = visitor_for(endpoint, held).client.get(address)
        headers = answer.headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        wanted = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": PUBLIC.get(endpoint, "no-store"),
        }
        faults += [f"{address}: {name} {headers.get(name)}" for name, value in wanted.items() if headers[name] != value]
        faults += [f"{address}: {name}" for name, value in POLICY.items() if policy.get(name) != value]
        if "unsafe" in headers["Content-Security-Policy"] or "Cookie" not in headers.get("Vary", ""):
            faults.append(f"{address}: {headers['Content-Security-Policy']} {headers.get('Vary')}")
        if headers["Referrer-Policy"] not in ("same-origin", "no-referrer"):
            faults.append(f"{address}: {headers['Referrer-Policy']}")
    assert faults == []


def test_looking_around_changes_nothing_and_no_page_needs_what_the_policy_refuses(
    app: Flask, world: World, post: Post
) -> None:
    """S09, A02: every page that four kinds of visitor can reach by links; no inline script, style or htmx code."""
    held = visitors(app, world)
    before = everything_in(world.database)
    starts = {"office": "/office", "teacher": "/staff/classes", "parent": "/family/rules", "device": "/class/names"}
    seen = 0
    for name, start in starts.items():
        for address, answer in crawl(held[name], start).items():
            seen += 1
            for element in Page(answer.text).elements if answer.mimetype == "text/html" else ():
                risky = [key for key in element.attributes if key.startswith(("on", "hx-on")) or key == "style"]
                assert not risky, (address, element.name, risky)
                assert element.name not in ("style", "base", "iframe", "object", "embed"), (address, element.name)
                assert element.name != "script" or element["src"], address
                assert element["name"] != "htmx-config" or '"allowEval":false' in element["content"]
                if element["src"].startswith("https:"):
                    assert element["integrity"].startswith("sha384-"), address
    assert seen > 60
    assert changed(before, everything_in(world.database)) == set()


def test_a_cookie_can_be_read_by_nobody_and_set_by_no_sibling(settings: Settings) -> None:
    """S07: behind https the cookie is bound to this host, kept from scripts and from other sites' posts."""
    secure = create_app(
        load({"OVAL_INSTANCE": str(settings.instance), "OVAL_BASE_URL": "https://aup.oval.example.org"})
    )
    answer = secure.test_client().get("/staff/log-in", base_url="https://aup.oval.example.org")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-oval=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


HOSTS = ["evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.evil"]


def test_another_host_name_is_not_answered(app: Flask, world: World) -> None:
    """S10: and nothing of it is repeated."""
    for host in HOSTS:
        for path in ("/", "/staff/log-in", "/f/unknown", "/office"):
            for answer in (
                app.test_client().get(path, headers={"Host": host}),
                app.test_client().post(path, headers={"Host": host, "Origin": f"http://{host}"}),
            ):
                assert answer.status_code == 400
                assert "evil" not in answer.text + str(answer.headers)


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.9;host=evil.example",
    "X-Original-URL": "/office",
    "X-Rewrite-URL": "/office",
}


def test_forwarded_headers_are_nothing_to_us_unless_a_proxy_is_configured(
    app: Flask, world: World, database: Database
) -> None:
    """S10: neither the address tries are counted under nor the site we are; a made-up address buys no more tries."""
    client = app.test_client()
    answer = client.get("/office", headers=FORWARDED)
    assert answer.headers["Location"] == "/staff/log-in?next=/office"
    browser = Browser(app)
    browser.get("/family/new-link")
    leads_to = [
        browser.client.post(
            "/family/new-link",
            data={"email": f"nobody{number}@example.org", "csrf_token": browser.token},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        ).location
        for number in range(31)
    ]
    assert leads_to[0] == "/family/new-link/sent"
    assert leads_to[-1] == "/family/too-many-tries"
    browser.get("/family/too-many-tries", status=429)


def test_behind_one_proxy_only_the_hop_it_wrote_counts(settings: Settings) -> None:
    """S10: what a visitor writes in front of it does not."""
    behind = create_app(load({"OVAL_INSTANCE": str(settings.instance), "OVAL_TRUSTED_PROXIES": "1"}))
    seen: list[str | None] = []

    @behind.before_request
    def note() -> None:
        seen.append(request.remote_addr)

    behind.test_client().get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert seen == ["198.51.100.7"]


def test_letters_lead_to_the_configured_address_whatever_host_was_asked(
    app: Flask, world: World, post: Post, settings: Settings
) -> None:
    """S10: a link asked for under another of our names still leads home."""
    browser = Browser(app)
    browser.get("/family/new-link", headers={"Host": "127.0.0.1:1234"})
    browser.client.post(
        "/family/new-link",
        data={"email": world.cass.email, "csrf_token": browser.token},
        headers={"Host": "127.0.0.1:1234"},
    )
    post.send()
    assert not [body for body in post.bodies() if "127.0.0.1" in body]
    assert len(post.secrets()) == 6


GAMES = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "///evil.example",
    "@evil.example",
    "/staff\r\nSet-Cookie: a=b",
]


def test_nobody_is_sent_on_to_another_site(app: Flask, world: World) -> None:
    """S10: neither when the address is offered nor when the form is sent."""
    for target in GAMES:
        browser = Browser(app)
        browser.get("/staff/log-in", query_string={"next": target})
        form = {"email": "di@oval.example.org", "password": "violet tram harvest", "next": target}
        browser.post("/staff/log-in", form, status=303, follow=False)
        assert browser.response is not None
        assert browser.response.headers["Location"] == "/staff", target
        again = browser.client.get("/staff/log-in", query_string={"next": target})
        assert again.headers["Location"] == "/staff", target


def test_no_answer_but_an_asset_may_be_kept_by_a_cache_that_is_shared(app: Flask, world: World) -> None:
    """S11: and the framework is newer than its two cache faults."""
    assert tuple(map(int, version("flask").split("."))) >= (3, 1, 3)
    browser = Browser(app)
    page = browser.get("/staff/log-in")
    sheet = next(e["href"] for e in page.all("link") if e["rel"] == "stylesheet")
    asset = browser.client.get(sheet)
    assert "immutable" in asset.headers["Cache-Control"]
    assert "Set-Cookie" not in asset.headers


def test_a_cookie_signed_with_another_key_is_no_cookie(app: Flask, world: World, settings: Settings) -> None:
    """S12: a new key logs everybody out and loses nothing; nothing but cookies is signed with it."""
    browser = Browser(app)
    browser.log_in("di@oval.example.org")
    before = everything_in(world.database)
    app.config["SECRET_KEY"] = "another secret that only the tests know"
    assert browser.client.get("/staff").headers["Location"].startswith("/staff/log-in")
    assert changed(before, everything_in(world.database)) == set()


def test_the_scripts_from_the_cdn_are_pinned_and_compared(browser: Browser) -> None:
    """S11: an exchanged file on somebody else's server does not run."""
    browser.get("/staff/log-in")
    found = {element["src"]: element for element in browser.page.all("script") if element["src"].startswith("http")}
    assert found, "the log-in page loads htmx from the CDN where the school has no copy"
    for address, element in found.items():
        library = next(each for each in LIBRARIES.values() if address == f"{CDN}{each.path}")
        assert re.search(r"@\d+\.\d+\.\d+/", library.path)
        assert element["integrity"] == library.integrity
        assert element["crossorigin"] == "anonymous"
