"""Speaks SMTP step by step, so that for every kind of failure it is known whether the letter can have arrived."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from urllib.parse import parse_qs, unquote, urlsplit

import idna

from oval_aup.core.i18n import _
from oval_aup.notifications import smtp_replies
from oval_aup.notifications.channels import (
    ChannelDown,
    HandOver,
    PermanentRefusal,
    TemporaryRefusal,
    UncertainDelivery,
)
from oval_aup.notifications.oauth import Tokens

STEP_SECONDS = 30.0
"""How long the server may take over one command."""

RECEIPT_SECONDS = 120.0
"""How long it may take to answer after the final dot before the letter counts as uncertain."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """One mail server; ``tls`` is ``none``, ``starttls`` or ``always``."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str
    """The envelope sender, where bounces go."""
    ca_file: str = ""
    step_seconds: float = STEP_SECONDS
    receipt_seconds: float = RECEIPT_SECONDS
    tokens: Tokens | None = None
    """Signs in instead of a password (XOAUTH2)."""

    @contextmanager
    def opened(self) -> Iterator[SmtpCarrier]:
        carrier = SmtpCarrier(self)
        carrier.connect()
        try:
            yield carrier
        finally:
            carrier.close()

    def trusted(self) -> ssl.SSLContext:
        """Who is believed to be the server: the machine's certificates, or the one authority that was named."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def smtp_channel(
    url: str,
    *,
    sender: str,
    tokens: Tokens | None = None,
    step_seconds: float = STEP_SECONDS,
    receipt_seconds: float = RECEIPT_SECONDS,
) -> SmtpChannel:
    """Read ``smtp://user:password@host:587?tls=starttls`` or ``smtps://user:password@host``.

    ``&ca=/path.pem`` names a certificate authority of the school's own; with ``tokens`` there is a user and no
    password. Raises ValueError for an address that cannot be used, among them one that would send a password
    unencrypted over a network.
    """
    parts = urlsplit(url)
    choices = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    tls = "always" if parts.scheme == "smtps" else choices.pop("tls", "none")
    ca_file = choices.pop("ca", "")
    host = parts.hostname or ""
    if parts.scheme not in {"smtp", "smtps"} or not host or tls not in {"none", "starttls", "always"} or choices:
        raise ValueError("a mail server is written smtp://user:password@host:587?tls=starttls or smtps://…")
    user = unquote(parts.username or "")
    if user and tls == "none" and host not in LOOPBACK:
        raise ValueError("a mail password is not sent over an unencrypted connection: add ?tls=starttls")
    port = parts.port or {"none": 25, "starttls": 587, "always": 465}[tls]
    password = unquote(parts.password or "")
    if tokens is not None and (not user or password):
        raise ValueError("with OAuth a mail server is written smtp://user@host:587?tls=starttls, without a password")
    return SmtpChannel(host, port, tls, user, password, sender, ca_file, step_seconds, receipt_seconds, tokens)


class _TokenNotTaken(Exception):
    """The server refused the token: an old one is worth a second try with a new one."""


def _bearer(user: str, token: str, challenge: bytes | None) -> str:
    """The XOAUTH2 answer; after a refusal the server sends its reasons as a challenge and waits for an empty line."""
    return "" if challenge is not None else f"user={user}\x01auth=Bearer {token}\x01\x01"


class SmtpCarrier:
    """One connection, used for letter after letter and renewed when the server has closed it."""

    def __init__(self, channel: SmtpChannel) -> None:
        self.channel = channel
        self._server: smtplib.SMTP | None = None

    def connect(self) -> None:
        """Open, encrypt and log in; raises ChannelDown for whatever prevents it."""
        channel = self.channel
        token, is_new = channel.tokens.token() if channel.tokens else ("", True)
        try:
            self._connect(token)
        except _TokenNotTaken as refusal:
            if channel.tokens is not None:
                channel.tokens.forget()
            if is_new:
                raise ChannelDown(str(refusal)) from refusal
            self.connect()

    def _connect(self, token: str) -> None:
        channel = self.channel
        try:
            server = self._reach()
            self._server = server
            server.ehlo_or_helo_if_needed()
            if channel.tls == "starttls":
                server.starttls(context=channel.trusted())
                server.ehlo()
            if token:
                server.auth("XOAUTH2", lambda challenge=None: _bearer(channel.user, token, challenge))
            elif channel.user:
                server.login(channel.user, channel.password)
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            if token:
                raise _TokenNotTaken(
                    _(
                        "The mail server did not accept the sign-in for %(user)s. The application may not be allowed"
                        " to send from this mailbox: %(reply)s",
                        user=channel.user,
                        reply=_said(error),
                    )
                ) from error
            raise ChannelDown(_("The mail server refused the log-in: %(reply)s", reply=_said(error))) from error
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            raise ChannelDown(_("The mail server lacks what the setting asks for: %(fault)s", fault=error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise ChannelDown(
                _("The mail server %(host)s cannot be used: %(fault)s", host=channel.host, fault=_said(error))
            ) from error

    def close(self) -> None:
        """Say goodbye if there is anybody left to say it to."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def carry(self, letter: EmailMessage, to_address: str, hand_over: HandOver) -> None:
        """Send one letter and return only when the server has taken it."""
        server = self._ready()
        local, _at, domain = to_address.rpartition("@")
        plain = local.isascii()
        if not plain and not server.has_extn("smtputf8"):
            raise PermanentRefusal(_("The mail server cannot write to an address with such letters."), code="553")
        recipient = f"{local}@{_ascii_domain(domain)}"
        text = letter.as_bytes(policy=SMTP_POLICY if plain else SMTP_POLICY.clone(utf8=True))
        try:
            self._envelope(server, recipient, plain=plain)
            hand_over()
        except BaseException:
            self.close()  # whatever was begun ends here, with nothing handed over
            raise
        self._text(server, text)

    def _reach(self) -> smtplib.SMTP:
        channel = self.channel
        if channel.tls == "always":
            return smtplib.SMTP_SSL(channel.host, channel.port, timeout=channel.step_seconds, context=channel.trusted())
        return smtplib.SMTP(channel.host, channel.port, timeout=channel.step_seconds)

    def _ready(self) -> smtplib.SMTP:
        if self._server is not None:
            try:
                if self._server.rset()[0] == 250:
                    return self._server
            except (smtplib.SMTPException, OSError):
                pass
            self.close()
        self.connect()
        assert self._server is not None  # noqa: S101 - connect() raises otherwise
        return self._server

    def _envelope(self, server: smtplib.SMTP, recipient: str, *, plain: bool) -> None:
        try:
            code, reply = server.mail(self.channel.sender, () if plain else ("SMTPUTF8",))
            if code != 250:
                raise ChannelDown(
                    _("The mail server refused our sender address: %(reply)s", reply=_reply(code, reply)),
                    about=smtp_replies.SENDER,
                )
            code, reply = server.rcpt(recipient)
            if code not in {250, 251}:
                raise _refusal(code, reply, of_recipient=True)
            code, reply = server.docmd("DATA")
            if code != 354:
                raise _refusal(code, reply)
        except (smtplib.SMTPException, OSError) as error:
            raise TemporaryRefusal(
                _("The connection broke before the letter was sent: %(fault)s", fault=_said(error))
            ) from error

    def _text(self, server: smtplib.SMTP, text: bytes) -> None:
        quoted = re.sub(rb"(?m)^\.", b"..", text)
        try:
            server.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
            server.send(b".\r\n")
        except (smtplib.SMTPException, OSError) as error:
            self.close()  # without its final dot no server may keep the letter
            raise TemporaryRefusal(
                _("The connection broke while the letter was being sent: %(fault)s", fault=_said(error))
            ) from error
        try:
            if server.sock is not None:
                server.sock.settimeout(self.channel.receipt_seconds)
            code, reply = server.getreply()
            if server.sock is not None:
                server.sock.settimeout(self.channel.step_seconds)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise UncertainDelivery(
                _("The letter was sent, but the answer never came: %(fault)s", fault=_said(error))
            ) from error
        if code != 250:
            raise _refusal(code, reply)


def _refusal(code: int, reply: bytes, *, of_recipient: bool = False) -> Exception:
    said = _reply(code, reply)
    about = smtp_replies.about(code, said, of_recipient=of_recipient)
    if about == smtp_replies.SENDER:
        return ChannelDown(
            _("The mail server takes no more messages from the school for now: %(reply)s", reply=said), about=about
        )
    if about == smtp_replies.SERVER:
        return ChannelDown(_("The mail server cannot take messages at the moment: %(reply)s", reply=said))
    if about == smtp_replies.MOMENT:
        return TemporaryRefusal(said)
    return PermanentRefusal(said, code=str(code), about_address=about == smtp_replies.RECIPIENT)


def _reply(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('utf-8', 'replace')}"[:500]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _reply(error.smtp_code, said if isinstance(said, bytes) else said.encode())
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("its certificate is not trusted (%(fault)s)", fault=error.verify_message)
    if isinstance(error, ConnectionRefusedError):
        return _("it does not accept connections")
    if isinstance(error, TimeoutError):
        return _("it does not answer")
    if isinstance(error, socket.gaierror):
        return _("there is no server of this name, or the network is down")
    return str(error) or type(error).__name__


def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise PermanentRefusal(_("There is no such domain."), code="553") from None
