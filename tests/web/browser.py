"""A test client that behaves like a browser and looks at every page it is given."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.web.page import Page

PASSWORD = "violet tram harvest"


class Browser:
    """Keeps cookies, sends the form token of the page it is on, and fails on a page that is not fit for people."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.page = Page("")
        self.token = ""
        self.response: TestResponse | None = None

    def get(self, path: str, *, status: int = 200, **more: Any) -> Page:
        """Open a page, following redirects, and check it."""
        return self._seen(self.client.get(path, follow_redirects=True, **more), status)

    def post(
        self, path: str, values: dict[str, Any] | None = None, *, status: int = 200, follow: bool = True, **more: Any
    ) -> Page:
        """Send a form with the token of the page we are on, or the last one seen, and check what comes back."""
        form = {"csrf_token": self.page.csrf_token(path) or self.token} | (values or {})
        response = self.client.post(path, data=form, **more)
        while response.status_code == 307 and follow:  # the same form once more, which Werkzeug's client would empty
            response = self.client.post(response.location, data=form, **more)
        own_page = "<html" in response.text and response.status_code in (200, 409, 422)
        assert not (own_page and path.startswith(("/f/", "/family"))), "a reload of this page would send the form again"
        if follow and response.location:
            response = self.client.get(response.location, follow_redirects=True)
        return self._seen(response, status)

    def htmx(self, path: str, *, status: int = 200) -> Page:
        """Ask for a fragment as htmx would."""
        response = self.client.get(path, headers={"HX-Request": "true"})
        assert response.status_code == status, response.status_code
        assert "HX-Request" in response.headers.get("Vary", "")
        assert "<html" not in response.text
        return Page(response.text)

    def log_in(self, email: str, *, password: str = PASSWORD, status: int = 200) -> Page:
        """Log in as staff by the form."""
        self.get("/staff/log-in")
        return self.post("/staff/log-in", {"email": email, "password": password}, status=status)

    def _seen(self, response: TestResponse, status: int) -> Page:
        self.response = response
        assert response.status_code == status, f"{response.status_code}, not {status}: {Page(response.text).text[:400]}"
        if response.mimetype != "text/html" or "<html" not in response.text:
            return self.page
        self.page = Page(response.text)
        self.token = self.page.csrf_token() or self.token
        faults = self.page.faults()
        if "Content-Security-Policy" not in response.headers:
            faults.append("no content security policy")
        if response.headers.get("Cache-Control") != "no-store":
            faults.append("the page may be kept by a cache")
        assert not faults, f"{response.request.path}: {faults}"
        return self.page
