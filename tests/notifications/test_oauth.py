"""Signing in by OAuth 2 against a mail server and a token service on loopback: renewal and refusal."""

from __future__ import annotations

import base64
import datetime as dt
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from oval_aup import notifications
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.notifications.conftest import SENDER, Post, Say, StartServer, free_port

Send = Callable[..., notifications.SendCounts]
OFFICE = "office@oval.example.org"


class TokenService:
    """Gives out token-1, token-2 … or the refusal it was told to give."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.refusal: dict[str, str] | None = None
        self.database: Database | None = None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service.asked.append({name: values[0] for name, values in parse_qs(body).items()})
                if service.database is not None:
                    with service.database.writing():  # would wait for ever if whoever asks held a transaction open
                        pass
                good = {"access_token": f"token-{len(service.asked)}", "token_type": "Bearer", "expires_in": 3600}
                said = json.dumps(service.refusal or good).encode()
                self.send_response(401 if service.refusal else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[TokenService]:
    running = TokenService()
    yield running
    running.stop()


class TokenPost(Post):
    """Takes letters from whoever shows a token that is good just now."""

    def __init__(self) -> None:
        super().__init__()
        self.good: set[str] = {f"token-{number}" for number in range(1, 9)}
        self.shown: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        user, bearer = base64.b64decode(args[1]).decode().rstrip("\x01").split("\x01")
        token = bearer.removeprefix("auth=Bearer ")
        self.shown.append(token)
        if user == f"user={OFFICE}" and token in self.good:
            return AuthResult(success=True)
        await server.challenge_auth(json.dumps({"status": "400", "schemes": "bearer"}))
        return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")


@pytest.fixture
def post() -> TokenPost:
    return TokenPost()


Through = Callable[[notifications.Tokens], notifications.SmtpChannel]


@pytest.fixture
def through(start_server: StartServer, post: TokenPost, tls_context: ssl.SSLContext, certificate: Path) -> Through:
    """A channel to an encrypted mail server that takes nothing without a token."""
    server = start_server(post, tls_context=tls_context, require_starttls=True, auth_required=True)

    def channel(tokens: notifications.Tokens) -> notifications.SmtpChannel:
        url = f"smtp://office%40oval.example.org@127.0.0.1:{server.port}?tls=starttls&ca={certificate}"
        return notifications.smtp_channel(url, sender=SENDER.address, tokens=tokens)

    return channel


def microsoft(service: TokenService) -> notifications.Tokens:
    return notifications.Tokens(notifications.Microsoft("oval.example.org", "the-app", "the-secret", service.url))


def test_a_token_signs_in_and_is_fetched_outside_of_any_transaction(
    database: Database, queue: Say, send: Send, through: Through, service: TokenService, post: TokenPost
) -> None:
    service.database = database
    queue("one")
    assert send(through(microsoft(service))).sent == 1
    assert post.shown == ["token-1"]
    (asked,) = service.asked
    assert asked == {
        "grant_type": "client_credentials",
        "client_id": "the-app",
        "client_secret": "the-secret",
        "scope": "https://outlook.office365.com/.default",
    }


def test_a_token_is_kept_until_shortly_before_it_ends_and_then_renewed(
    queue: Say, send: Send, through: Through, service: TokenService, post: TokenPost
) -> None:
    tokens = microsoft(service)
    for number, minutes in enumerate((0, 50, 4, 2)):
        clock.travel_to(clock.now() + dt.timedelta(minutes=minutes))
        queue(f"letter {number}")
        assert send(through(tokens)).sent == 1
    assert post.shown == ["token-1", "token-1", "token-1", "token-2"]
    assert len(service.asked) == 2


def test_a_kept_token_that_the_mail_server_takes_no_more_is_renewed_at_once(
    queue: Say, send: Send, through: Through, service: TokenService, post: TokenPost
) -> None:
    tokens = microsoft(service)
    queue("one")
    send(through(tokens))
    post.good.discard("token-1")
    queue("two")
    assert send(through(tokens)).sent == 1
    assert post.shown == ["token-1", "token-1", "token-2"]


def test_a_new_token_that_is_not_taken_is_an_outage_and_no_attempt(
    database: Database, queue: Say, send: Send, through: Through, service: TokenService, post: TokenPost
) -> None:
    post.good.clear()
    row = queue("one")
    counts = send(through(microsoft(service)))
    assert counts.trouble == (
        "The mail server did not accept the sign-in for office@oval.example.org. The application may not be allowed"
        " to send from this mailbox: 535 5.7.3 Authentication unsuccessful"
    )
    with database.reading() as db:
        now, outage = notifications.message(db, row.public_id), notifications.outage(db)
    assert (now.status, now.attempts) == ("queued", 0)
    assert outage is not None
    assert (outage.about, outage.waiting) == ("server", 1)


EXPIRED = "AADSTS7000222: The provided client secret keys for app 'x' are expired. Trace ID: 1234 Correlation ID: 5678"


@pytest.mark.parametrize(
    ("error", "description", "said"),
    [
        ("invalid_client", EXPIRED, "the client secret has expired. Make a new one and put it in the settings."),
        ("invalid_client", "AADSTS7000215: Invalid client secret provided.", "the client secret is wrong."),
        ("unauthorized_client", "AADSTS700016: Application not found in the directory.", "no application with this"),
        (
            "invalid_scope",
            "AADSTS1002012: The scope is not valid. Trace ID: 12",
            "invalid_scope: AADSTS1002012: The sc",
        ),
        ("temporarily_unavailable", "", "temporarily_unavailable"),
    ],
)
def test_a_refused_token_is_said_in_words_and_costs_no_letter_an_attempt(
    database: Database,
    queue: Say,
    send: Send,
    through: Through,
    service: TokenService,
    error: str,
    description: str,
    said: str,
) -> None:
    row = queue("one")
    service.refusal = {"error": error, "error_description": description}
    tokens = microsoft(service)
    counts = send(through(tokens))
    assert counts.trouble.startswith("Microsoft 365 refused to sign the school in for email: ")
    assert said in counts.trouble
    assert "Trace" not in counts.trouble
    with database.reading() as db:
        now, outage = notifications.message(db, row.public_id), notifications.outage(db)
    assert (now.status, now.attempts) == ("queued", 0)
    assert outage is not None
    assert outage.reason == counts.trouble
    service.refusal = None
    clock.travel_to(clock.now() + dt.timedelta(minutes=2))
    assert send(through(tokens)).sent == 1


def test_a_token_service_out_of_reach_is_an_outage(queue: Say, send: Send, through: Through) -> None:
    tokens = notifications.Tokens(
        notifications.Microsoft("oval.example.org", "app", "the-secret", f"http://127.0.0.1:{free_port()}/token")
    )
    queue("one")
    trouble = send(through(tokens)).trouble
    assert "Microsoft 365, which signs the school in for email, cannot be reached" in trouble
    assert "the-secret" not in trouble
    assert "the-secret" not in repr(tokens.service)


def test_a_google_service_account_signs_an_assertion_for_the_sending_address(
    queue: Say, send: Send, through: Through, service: TokenService, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = tmp_path / "key.json"
    account = {"client_email": "aup@project.iam.example.org", "private_key": pem, "private_key_id": "key-7"}
    path.write_text(json.dumps(account))
    tokens = notifications.Tokens(notifications.google_from_file(path, subject=OFFICE, url=service.url))
    queue("one")
    assert send(through(tokens)).sent == 1
    (asked,) = service.asked
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in asked["assertion"].split(".")[:2])
    assert (header["alg"], header["kid"]) == ("RS256", "key-7")
    assert (claims["iss"], claims["sub"], claims["aud"], claims["scope"]) == (
        "aup@project.iam.example.org",
        OFFICE,
        service.url,
        "https://mail.google.com/",
    )
    assert 0 < claims["exp"] - claims["iat"] <= 3600


def test_a_setting_with_a_token_and_a_password_is_refused() -> None:
    tokens = notifications.Tokens(notifications.Microsoft("t", "c", "s"))
    for url in ("smtp://a:b@127.0.0.1", "smtp://127.0.0.1"):
        with pytest.raises(ValueError, match="without a password"):
            notifications.smtp_channel(url, sender="x@example.org", tokens=tokens)
