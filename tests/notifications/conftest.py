"""A real mail server on loopback that can be told to misbehave, and an outbox to feed it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oval_aup import notifications
from oval_aup.core.db import Database

SENDER = notifications.Sender("The Oval School", "office@oval.example.org")
Say = Callable[..., notifications.MessageRow]


def cut(server: SMTP) -> None:
    """Drop the connection without a word."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class Post:
    """What the server does with each letter: by default it takes it."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipient_reply = ""
        self.text_reply = ""
        self.drop_at = ""
        self.logged_in: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.drop_at == "recipient":
            cut(server)
        if self.recipient_reply:
            return self.recipient_reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.text_reply:
            return self.text_reply
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        if self.drop_at == "after the dot":
            cut(server)
        return "250 Taken"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, secret: Any
    ) -> AuthResult:
        assert isinstance(secret, LoginPassword)
        self.logged_in.append(secret.login.decode())
        return AuthResult(success=secret.password == b"p@ss word", handled=False)


class MailServer:
    """A running server and its address."""

    def __init__(self, post: Post, controller: Controller) -> None:
        self.post = post
        self.port = controller.port
        self._controller = controller

    def stop(self) -> None:
        self._controller.stop()

    def channel(self, url: str = "smtp://127.0.0.1:{port}", **options: Any) -> notifications.SmtpChannel:
        quick: dict[str, Any] = {"step_seconds": 5.0, "receipt_seconds": 5.0, **options}
        return notifications.smtp_channel(url.format(port=self.port), sender=SENDER.address, **quick)


StartServer = Callable[..., MailServer]


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    running: list[MailServer] = []

    def start(post: Post | None = None, **options: Any) -> MailServer:
        post = post or Post()
        if options.pop("log_in", False):
            options.update(authenticator=post.authenticate, auth_require_tls=True, auth_required=True)
        controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        running.append(MailServer(post, controller))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and key for 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def queue(database: Database) -> Say:
    """Queue one ordinary letter; any part of it can be given."""

    def put(key: str = "one", **parts: Any) -> notifications.MessageRow:
        letter = notifications.Letter(
            parts.pop("subject", "Please read and sign the school’s rules"),
            parts.pop("text", "Dear Nadia,\n\nplease sign.\n.a line that begins with a dot\n"),
            parts.pop("html", "<p>Dear Nadia, please sign.</p>"),
        )
        chosen: dict[str, Any] = {
            "kind": "ask",
            "recipient": "a" * 32,
            "to_address": "nadia@example.org",
            "letter": letter,
            "dedupe_key": key,
            **parts,
        }
        with database.writing() as db:
            return notifications.enqueue(db, **chosen)

    return put


@pytest.fixture
def send(database: Database) -> Callable[..., notifications.SendCounts]:
    """One run of sending with a made-up link and a made-up attachment."""

    def run(channel: notifications.Channel, **options: Any) -> notifications.SendCounts:
        chosen: dict[str, Any] = {
            "sender": SENDER,
            "mint": lambda db, message: f"https://oval.example.org/l/{message.kind}-secret",
            "attachment": lambda db, public_id: ("receipt.pdf", b"%PDF-1.7 " + public_id.encode()),
            **options,
        }
        return notifications.send_due(database, channel, **chosen)

    return run
