"""The headers every answer carries and the checks every change passes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from oval_aup.config import Settings

CDN = "https://cdn.jsdelivr.net"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'{cdn}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)


def trusted_hosts(settings: Settings) -> list[str]:
    """The host names this system answers to."""
    named = urlsplit(settings.school.base_url).hostname or "localhost"
    return sorted({named, "localhost", "127.0.0.1"})


def _address_is_secret() -> bool:
    """True where whoever knows the address may come closer: private links."""
    return "token" in (request.view_args or {})


def _typed() -> Iterator[str]:
    """Every text that this request brings and that may end up in a table."""
    if not _address_is_secret():
        yield from map(str, (request.view_args or {}).values())
    for fields in (request.args, request.form):
        for values in fields.listvalues():
            yield from values
    for file in request.files.values():
        yield file.filename or ""


def install(app: Flask) -> None:
    """Set the headers and refuse changes that another site asks for."""
    settings: Settings = app.extensions["oval_settings"]
    policy = POLICY.format(cdn=f" {CDN}" if settings.cdn else "")
    own = {settings.school.base_url}

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return
        fetch_site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if fetch_site is not None:
            # "none" is a person typing an address; a post is never that, but a restored tab may say so.
            if fetch_site not in {"same-origin", "none"}:
                abort(403)
        elif origin is not None and origin not in own | {request.host_url.rstrip("/")}:
            abort(403)

    @app.before_request
    def refuse_zero_bytes() -> None:
        # Nobody types one, and PostgreSQL keeps none.
        if any("\0" in text for text in _typed()):
            abort(400)

    @app.after_request
    def set_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        if _address_is_secret():
            headers["Referrer-Policy"] = "no-referrer"
            headers["X-Robots-Tag"] = "noindex, nofollow"
        headers.setdefault("Referrer-Policy", "same-origin")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        if settings.secure_cookies:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
            response.vary.add("Cookie")
        return response
