"""The product's own stylesheet, in files by topic, and scripts, and where the two libraries from the CDN come from."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request, url_for
from markupsafe import Markup

from oval_aup.config import Settings
from oval_aup.web.access import allow
from oval_aup.web.security import CDN

STATIC = Path(__file__).parent / "static"
STYLES = ("tokens", "base", "layout", "parts", "staff", "office", "family", "class-sheet", "board")
"""The files of ``static/styles``, in their order in the one stylesheet that is served."""
LAYERS = "@layer tokens, base, layout, parts, audience, print;\n"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ico": "image/x-icon"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Library:
    """A script from the CDN: pinned, with the hash a browser compares."""

    path: str
    integrity: str
    copy: str
    """Its file name in ``instance/assets``, used instead where present."""


LIBRARIES = {
    "htmx": Library(
        "/npm/htmx.org@2.0.11/dist/htmx.min.js",
        "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
        "htmx.min.js",
    ),
    "signature_pad": Library(
        "/npm/signature_pad@5.1.4/dist/signature_pad.umd.min.js",
        "sha384-tDSOCzVljSggNbjPF/Hz+FRfFWI/03Gp04+9fEFbNzsT1CI/tk1WBY2QG4dlmevX",
        "signature_pad.umd.min.js",
    ),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    content: bytes
    squeezed: bytes
    media_type: str
    version: str


def _load(path: Path) -> Asset:
    return _asset(path.read_bytes(), KINDS[path.suffix])


def _stylesheet() -> Asset:
    """The stylesheet, joined from its files without their indentation."""
    parts = [(STATIC / "styles" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES]
    joined = LAYERS + re.sub(r"(?m)^\s+", "", "".join(parts))
    return _asset(joined.encode("utf-8"), KINDS[".css"])


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, gzip.compress(content, 9, mtime=0), media_type, hashlib.sha256(content).hexdigest()[:12])


def install(app: Flask) -> None:
    """Serve the assets under names that change with their content, so that browsers keep them for ever."""
    settings: Settings = app.extensions["oval_settings"]
    copies = settings.instance / "assets"
    assets = {path.name: _load(path) for path in sorted(STATIC.iterdir()) if path.suffix in KINDS}
    assets["oval.css"] = _stylesheet()
    assets |= {
        entry.copy: _load(copies / entry.copy) for entry in LIBRARIES.values() if (copies / entry.copy).is_file()
    }

    @app.get("/static/<version>/<name>", endpoint="static")
    @allow("anyone")
    def serve(version: str, name: str) -> Response:
        asset = assets.get(name) or abort(404)
        squeeze = request.accept_encodings["gzip"] > 0
        response = Response(
            asset.squeezed if squeeze else asset.content, content_type=f"{asset.media_type}; charset=utf-8"
        )
        response.headers["Cache-Control"] = FOREVER if version == asset.version else "no-cache"
        response.vary.add("Accept-Encoding")
        if squeeze:
            response.headers["Content-Encoding"] = "gzip"
        return response

    addresses: dict[tuple[str, str], str] = {}

    def asset_url(name: str) -> str:
        # Every page asks for several, and putting an address together costs more than the rest of its line.
        place = (request.script_root, name)
        if place not in addresses:
            addresses[place] = url_for("static", version=assets[name].version, name=name)
        return addresses[place]

    def library(name: str) -> Markup:
        """The script element of a library, from the school's own copy where there is one."""
        entry = LIBRARIES[name]
        if entry.copy in assets:
            return Markup('<script defer src="{}" integrity="{}"></script>').format(
                asset_url(entry.copy), entry.integrity
            )
        if not settings.cdn:
            return Markup("")
        return Markup('<script defer src="{}" integrity="{}" crossorigin="anonymous"></script>').format(
            CDN + entry.path, entry.integrity
        )

    app.jinja_env.globals.update(asset_url=asset_url, library=library)
