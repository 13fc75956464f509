"""How one endpoint answers with a page or only its changing part, and how it sends the browser on."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue


def wants_fragment() -> bool:
    """True for an htmx request that swaps part of a page: not a boosted link, not a history restore."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def page_or_partial(page: str, partial: str, status: int = 200, /, **context: object) -> Response:
    """Render the page, or only its partial where a fragment was asked for."""
    response = make_response(render_template(partial if wants_fragment() else page, **context), status)
    response.vary.add("HX-Request")
    return response


def go(target: str) -> ResponseReturnValue:
    """Send the browser to another page after a post: 303, or the header htmx obeys."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, 303)
