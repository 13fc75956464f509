"""Signs the school in for email by OAuth 2: fetches a token, keeps it until shortly before it ends, says what is wrong.

No token is fetched while a database transaction is open: the channel asks for one only when it connects.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import AssertionSession, OAuth2Session
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from oval_aup.core import clock
from oval_aup.core.i18n import _
from oval_aup.notifications.channels import ChannelDown

FETCH_SECONDS = 20.0
"""How long the token service may take to answer."""

RENEWED_BEFORE = dt.timedelta(minutes=5)
"""A token is not used in its last minutes, since the server's clock may be ahead."""

MICROSOFT_URL = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
MICROSOFT_SCOPE = "https://outlook.office365.com/.default"
GOOGLE_URL = "https://oauth2.googleapis.com/token"
GOOGLE_SCOPE = "https://mail.google.com/"


class TokenService(Protocol):
    """Somebody who gives tokens."""

    @property
    def name(self) -> str:
        """As people know it."""

    def fetch(self) -> dict[str, Any]:
        """A new token as the service answers; raises what Authlib and requests raise."""


@dataclass(frozen=True, slots=True)
class Microsoft:
    """Microsoft 365 by client credentials: the application's own right to send, in the school's own tenant."""

    tenant: str
    client_id: str
    client_secret: str = field(repr=False)
    url: str = ""

    @property
    def name(self) -> str:
        """As people know it."""
        return "Microsoft 365"

    def fetch(self) -> dict[str, Any]:
        """A new token."""
        with OAuth2Session(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            scope=MICROSOFT_SCOPE,
        ) as session:
            session.max_redirects = 0  # a secret follows nobody elsewhere
            url = self.url or MICROSOFT_URL.format(tenant=self.tenant)
            return dict(session.fetch_token(url, grant_type="client_credentials", timeout=FETCH_SECONDS))


@dataclass(frozen=True, slots=True)
class Google:
    """Google Workspace by a signed assertion: a service account that may send for one address of the school's."""

    client_email: str
    private_key: str = field(repr=False)
    key_id: str
    subject: str
    url: str = ""

    @property
    def name(self) -> str:
        """As people know it."""
        return "Google Workspace"

    def fetch(self) -> dict[str, Any]:
        """A new token."""
        url = self.url or GOOGLE_URL
        with AssertionSession(
            url,
            issuer=self.client_email,
            subject=self.subject,
            audience=url,
            claims={"scope": GOOGLE_SCOPE},
            key=RSAKey.import_key(self.private_key),
            header={"alg": "RS256", "kid": self.key_id},
            default_timeout=FETCH_SECONDS,
        ) as session:
            session.max_redirects = 0
            return dict(session.refresh_token())


def google_from_file(path: Path, *, subject: str, url: str = "") -> Google:
    """A service account from the JSON key file that Google gives out; raises ValueError for any other file."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        email, key, key_id = (str(facts[name]) for name in ("client_email", "private_key", "private_key_id"))
        RSAKey.import_key(key)
    except (OSError, ValueError, KeyError, TypeError, JoseError) as fault:
        raise ValueError(f"{path} is not the JSON key of a Google service account") from fault
    return Google(email, key, key_id, subject, url)


class Tokens:
    """One service's token, kept in memory and renewed before it ends."""

    def __init__(self, service: TokenService) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._token = ""
        self._ends_at = clock.now()

    def token(self) -> tuple[str, bool]:
        """The token and whether it was fetched just now; raises ChannelDown with the reason in words."""
        with self._lock:
            if self._token and clock.now() < self._ends_at - RENEWED_BEFORE:
                return self._token, False
            self._token, lasts = self._fetched()
            self._ends_at = clock.now() + lasts
            return self._token, True

    def forget(self) -> None:
        """Fetch a new one next time, because the mail server did not take this one."""
        with self._lock:
            self._token = ""

    def _fetched(self) -> tuple[str, dt.timedelta]:
        service = self.service.name
        try:
            answer = self.service.fetch()
            return str(answer["access_token"]), dt.timedelta(seconds=int(answer.get("expires_in") or 3600))
        except AuthlibBaseError as error:
            said = _in_words(str(error.error or ""), str(error.description or ""))
            raise ChannelDown(
                _("%(service)s refused to sign the school in for email: %(reason)s", service=service, reason=said)
            ) from error
        except requests.RequestException as error:
            raise ChannelDown(
                _(
                    "%(service)s, which signs the school in for email, cannot be reached (%(fault)s).",
                    service=service,
                    fault=type(error).__name__,
                )
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelDown(
                _(
                    "%(service)s, which signs the school in for email, gave an answer that cannot be read (%(fault)s).",
                    service=service,
                    fault=type(error).__name__,
                )
            ) from error


def _in_words(error: str, description: str) -> str:
    """What to do about a refusal; where that is not known, what the service said."""
    known = {
        "AADSTS7000215": _("the client secret is wrong. Copy the secret’s value, not its ID."),
        "AADSTS7000222": _("the client secret has expired. Make a new one and put it in the settings."),
        "AADSTS700016": _("there is no application with this client ID in the school’s tenant."),
        "AADSTS90002": _("there is no tenant of this name or ID."),
        "Invalid JWT Signature": _("the key of the service account is not valid any more. Make a new one."),
        "unauthorized_client": _("the service account has not been allowed to send email for the school’s users."),
        "Invalid email or User ID": _("there is no user with the address that email is sent from."),
    }
    for mark, words in known.items():
        if re.search(rf"{re.escape(mark)}(?!\d)", f"{error} {description}"):
            return f"{words} ({mark})"
    said = re.split(r"\s*(?:Trace ID|Correlation ID):", description)[0].strip()
    return f"{error}: {said}"[:500] if said else error or _("no reason was given.")
