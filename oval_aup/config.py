"""What the product is told from outside, read once and checked before anything starts."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from oval_aup.core import clock
from oval_aup.core.school import School
from oval_aup.notifications import LOOPBACK, Google, Microsoft, Tokens, google_from_file, smtp_channel

ROOT = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """A setting that cannot be used, in one sentence that names it."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Where the school's private keys lie and what opens them."""

    folder: Path
    password: str
    certificate: Path | None
    """A PKCS#12 file from an authority, which then seals instead of the school's own certificate."""
    certificate_password: str
    timestamp_url: str


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Where backups go, when the worker makes them and how many are kept."""

    folder: Path
    at: dt.time | None
    """London time of day; None when only the command makes them."""
    keep_days: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can differ between two installations."""

    instance: Path
    """This machine's own folder."""
    shared: Path
    """The folder that all machines of an installation share: keys, secrets, packs, notes of backups and readings."""
    database_url: str
    broker_url: str
    """What wakes workers: ``redis://…``, ``postgresql://…``, or empty for a file of our own in ``instance``."""
    secret_key: str
    host: str
    port: int
    demo: bool
    smtp_url: str
    """Empty where no mail server is set."""
    mail_in_folder: bool
    """Whether messages are written into a folder, to try the product out, instead of sent."""
    mail_service: Microsoft | Google | None
    """Who signs the school in for email by OAuth 2; None where a password or nothing does."""
    mail_from: str
    trusted_proxies: int
    upload_limit: int
    """Bytes."""
    cdn: bool
    keys: KeySettings
    witnesses: tuple[str, ...]
    """Addresses that are sent the ledger's head each school day."""
    backups: BackupSettings
    pack_days: int
    """Days after which a finished evidence pack is deleted."""
    school: School

    @property
    def secure_cookies(self) -> bool:
        """True when people reach us by https."""
        return self.school.base_url.startswith("https://")

    @property
    def mail_folder(self) -> Path:
        """Where messages are written in the demonstration, or where the settings ask for it."""
        return self.instance / "mail"


MAIL_FOLDER = "folder"
"""The value of OVAL_SMTP_URL with which messages are written into a folder."""

DOCUMENTED: dict[str, tuple[str, str]] = {
    "OVAL_INSTANCE": ("instance", "Folder for the database, the broker’s file and whatever is not shared"),
    "OVAL_DATABASE_URL": ("sqlite in OVAL_INSTANCE", "SQLite or PostgreSQL, as SQLAlchemy writes addresses"),
    "OVAL_SHARED_FOLDER": ("OVAL_INSTANCE", "With several machines: a folder they share, for keys and evidence packs"),
    "OVAL_BROKER_URL": ("a file in OVAL_INSTANCE", "With several machines: redis://… or postgresql://…, wakes workers"),
    "OVAL_SECRET_KEY": ("made at first start", "Signs cookies; at least 32 characters"),
    "OVAL_HOST": ("127.0.0.1", "Address to listen on"),
    "OVAL_PORT": ("8000", "Port to listen on"),
    "OVAL_BASE_URL": ("http://localhost:OVAL_PORT", "How people reach the system; printed in letters"),
    "OVAL_TRUSTED_PROXIES": ("0", "How many reverse proxies stand in front"),
    "OVAL_DEMO": ("no", "yes: demonstration mode, with /dev/outbox and made-up people"),
    "OVAL_SMTP_URL": (
        "none: messages wait",
        "smtp://user:password@host:587?tls=starttls or smtps://…; folder: OVAL_INSTANCE/mail, as in the demonstration",
    ),
    "OVAL_MAIL_OAUTH": ("none", "microsoft or google: how to sign in to the mail server instead of by password"),
    "OVAL_MAIL_OAUTH_TENANT": ("none", "Microsoft: the school’s own tenant, as an ID or a domain name"),
    "OVAL_MAIL_OAUTH_CLIENT_ID": ("none", "Microsoft: the application’s (client) ID"),
    "OVAL_MAIL_OAUTH_CLIENT_SECRET": ("none", "Microsoft: the value of the application’s client secret"),
    "OVAL_MAIL_OAUTH_KEY_FILE": ("none", "Google: the service account’s key, a JSON file"),
    "OVAL_MAIL_OAUTH_TOKEN_URL": ("the service’s own", "Another address to fetch tokens from, in national clouds"),
    "OVAL_MAIL_FROM": ("the school’s email", "Sender of every message"),
    "OVAL_SCHOOL_NAME": ("The Oval School", "As printed everywhere"),
    "OVAL_SCHOOL_PHONE": ("0121 496 0000", "The office’s number"),
    "OVAL_SCHOOL_EMAIL": ("office@oval.example.org", "The office’s email address"),
    "OVAL_REGULATOR": ("Information Commissioner’s Office", "Who hears complaints about personal information"),
    "OVAL_CHILDREN_SIGN_FROM_YEAR": ("3", "Children from this year group sign for themselves, in class"),
    "OVAL_SCHOOL_HOLIDAYS": ("a typical year’s", "No reminders then: 2026-10-26/2026-10-30, 2027-05-03, …"),
    "OVAL_UPLOAD_LIMIT_MB": ("10", "Largest roster file accepted"),
    "OVAL_KEY_PASSWORD": ("made at first start", "Opens the private keys in OVAL_INSTANCE/keys; 12 characters or more"),
    "OVAL_SEAL_CERTIFICATE": ("the school’s own", "A PKCS#12 file from a certificate authority, to seal PDFs with"),
    "OVAL_SEAL_CERTIFICATE_PASSWORD": ("none", "Opens that file"),
    "OVAL_TIMESTAMP_URL": ("none", "An RFC 3161 service that adds its time to every seal"),
    "OVAL_WITNESSES": ("none", "Who is sent the ledger’s head each school day: head@…, clerk@…"),
    "OVAL_BACKUP_FOLDER": ("OVAL_INSTANCE/backups", "Where backups go: better another disk than the database’s"),
    "OVAL_BACKUP_AT": ("02:30", "London time at which the worker makes the day’s backup; off: only by command"),
    "OVAL_BACKUP_KEEP": ("14", "Of how many days the backups are kept, beside one a month for a year"),
    "OVAL_PACK_DAYS": ("30", "Days after which a finished evidence pack is deleted; its ledger entry stays"),
    "OVAL_CDN": ("yes", "no: load htmx and signature_pad from instance/assets only"),
    "OVAL_FAKE_TODAY": ("none", "A date the clock pretends; refused without OVAL_DEMO=yes"),
}
"""Every setting: its default in words, and what it is for."""


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment; raises BadSetting with a sentence for the first bad one."""
    env = {key: value for key, value in (os.environ if environ is None else environ).items() if key.startswith("OVAL_")}
    unknown = sorted(set(env) - set(DOCUMENTED))
    if unknown:
        raise BadSetting(f"{unknown[0]} is not a setting of this product; the README lists those that are.")
    for name, text in sorted(env.items()):
        if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in text):
            raise BadSetting(f"{name} must be one line of text, without line breaks or other control characters.")
    instance = Path(env.get("OVAL_INSTANCE") or ROOT / "instance").resolve()
    shared = Path(env.get("OVAL_SHARED_FOLDER") or instance).resolve()
    _make_folder(instance, "OVAL_INSTANCE")
    _make_folder(shared, "OVAL_SHARED_FOLDER")
    port = _whole_number(env, "OVAL_PORT", 8000, 1, 65535)
    demo = _yes_or_no(env, "OVAL_DEMO", default=False)
    _move_clock(env, demo=demo)
    email = _address(env, "OVAL_SCHOOL_EMAIL", "office@oval.example.org")
    return Settings(
        instance=instance,
        shared=shared,
        database_url=_database_url(env, instance),
        broker_url=_broker_url(env),
        secret_key=_secret_key(env, shared),
        host=env.get("OVAL_HOST") or "127.0.0.1",
        port=port,
        demo=demo,
        smtp_url=_smtp_url(env),
        mail_in_folder=env.get("OVAL_SMTP_URL") == MAIL_FOLDER or (demo and not env.get("OVAL_SMTP_URL")),
        mail_service=_mail_service(env),
        mail_from=_address(env, "OVAL_MAIL_FROM", email),
        trusted_proxies=_whole_number(env, "OVAL_TRUSTED_PROXIES", 0, 0, 5),
        upload_limit=_whole_number(env, "OVAL_UPLOAD_LIMIT_MB", 10, 1, 200) * 1024 * 1024,
        cdn=_yes_or_no(env, "OVAL_CDN", default=True),
        keys=_keys(env, shared),
        witnesses=_witnesses(env),
        backups=_backups(env, shared),
        pack_days=_whole_number(env, "OVAL_PACK_DAYS", 30, 1, 3650),
        school=School(
            name=" ".join(env.get("OVAL_SCHOOL_NAME", "").split()) or "The Oval School",
            phone=env.get("OVAL_SCHOOL_PHONE", "").strip() or "0121 496 0000",
            email=email,
            base_url=_base_url(env, port),
            regulator=env.get("OVAL_REGULATOR") or "Information Commissioner’s Office",
            children_sign_from_year=_whole_number(env, "OVAL_CHILDREN_SIGN_FROM_YEAR", 3, 1, 7),
            holidays=_holidays(env),
        ),
    )


def _make_folder(folder: Path, name: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadSetting(f"{name}: cannot write in {folder} ({error.strerror}).") from error


def _whole_number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise BadSetting(f"{name} must be a whole number from {least} to {most}, not “{text}”.")
    return int(text)


def _yes_or_no(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = (env.get(name) or ("yes" if default else "no")).lower()
    if text not in {"yes", "no"}:
        raise BadSetting(f"{name} must be yes or no, not “{text}”.")
    return text == "yes"


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name) or default
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise BadSetting(f"{name} must be one email address, not “{text}”.") from None
    return text


def _holidays(env: Mapping[str, str]) -> tuple[tuple[dt.date, dt.date], ...]:
    holidays = []
    for piece in filter(None, (part.strip() for part in (env.get("OVAL_SCHOOL_HOLIDAYS") or "").split(","))):
        first, _slash, last = (part.strip() for part in piece.partition("/"))
        try:
            days = (dt.date.fromisoformat(first), dt.date.fromisoformat(last or first))
        except ValueError:
            raise BadSetting(
                f"OVAL_SCHOOL_HOLIDAYS must hold dates like 2026-10-26/2026-10-30, not “{piece}”."
            ) from None
        if days[1] < days[0]:
            raise BadSetting(f"OVAL_SCHOOL_HOLIDAYS: “{piece}” ends before it begins.")
        holidays.append(days)
    return tuple(holidays)


def _base_url(env: Mapping[str, str], port: int) -> str:
    text = (env.get("OVAL_BASE_URL") or f"http://localhost:{port}").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        raise BadSetting(f"OVAL_BASE_URL must look like https://aup.example.sch.uk, not “{text}”.")
    return text


def _smtp_url(env: Mapping[str, str]) -> str:
    text = env.get("OVAL_SMTP_URL") or ""
    if text in {"", MAIL_FOLDER}:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise BadSetting("OVAL_SMTP_URL must look like smtp://user:password@host:587?tls=starttls.")
    try:
        smtp_channel(text, sender="")
    except ValueError as fault:  # or else the worker alone would stop, and the school would wait for its messages
        raise BadSetting(f"OVAL_SMTP_URL: {fault}.") from fault
    return text


def _mail_service(env: Mapping[str, str]) -> Microsoft | Google | None:
    kind = (env.get("OVAL_MAIL_OAUTH") or "none").lower()
    if kind == "none":
        return None
    if kind not in {"microsoft", "google"}:
        raise BadSetting(f"OVAL_MAIL_OAUTH must be microsoft, google or none, not “{kind}”.")
    smtp_url, token_url = env.get("OVAL_SMTP_URL") or "", env.get("OVAL_MAIL_OAUTH_TOKEN_URL") or ""
    address = urlsplit(token_url)
    if token_url and address.scheme != "https" and address.hostname not in LOOPBACK:
        raise BadSetting("OVAL_MAIL_OAUTH_TOKEN_URL must begin with https://.")
    service = _microsoft(env, token_url) if kind == "microsoft" else _google(env, smtp_url, token_url)
    try:
        smtp_channel(smtp_url, sender="", tokens=Tokens(service))
    except ValueError as fault:
        raise BadSetting(f"OVAL_SMTP_URL: {fault}.") from fault
    return service


def _microsoft(env: Mapping[str, str], token_url: str) -> Microsoft:
    names = ("OVAL_MAIL_OAUTH_TENANT", "OVAL_MAIL_OAUTH_CLIENT_ID", "OVAL_MAIL_OAUTH_CLIENT_SECRET")
    for name in names:
        if not (env.get(name) or "").strip():
            raise BadSetting(f"{name} is needed where OVAL_MAIL_OAUTH is microsoft.")
    tenant, client_id, client_secret = (env[name].strip() for name in names)
    if tenant.lower() in {"common", "organizations", "consumers"} or not re.fullmatch(r"[A-Za-z0-9.-]+", tenant):
        raise BadSetting(f"OVAL_MAIL_OAUTH_TENANT must be the school’s own tenant, not “{tenant}”.")
    return Microsoft(tenant, client_id, client_secret, token_url)


def _google(env: Mapping[str, str], smtp_url: str, token_url: str) -> Google:
    path = env.get("OVAL_MAIL_OAUTH_KEY_FILE") or ""
    if not path:
        raise BadSetting("OVAL_MAIL_OAUTH_KEY_FILE is needed where OVAL_MAIL_OAUTH is google.")
    try:
        return google_from_file(Path(path), subject=unquote(urlsplit(smtp_url).username or ""), url=token_url)
    except ValueError as fault:
        raise BadSetting(f"OVAL_MAIL_OAUTH_KEY_FILE: {fault}.") from fault


def _database_url(env: Mapping[str, str], instance: Path) -> str:
    text = env.get("OVAL_DATABASE_URL") or f"sqlite:///{instance / 'oval.db'}"
    if not text.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
        raise BadSetting("OVAL_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
    return text.replace("postgresql://", "postgresql+psycopg://", 1)


def _broker_url(env: Mapping[str, str]) -> str:
    text = env.get("OVAL_BROKER_URL") or ""
    if text and not text.startswith(("redis://", "rediss://", "postgresql://")):
        raise BadSetting("OVAL_BROKER_URL must begin with redis://, rediss:// or postgresql://.")
    return text


def _secret_key(env: Mapping[str, str], shared: Path) -> str:
    damaged = "restore it from a backup or delete it to log everybody out"
    return _kept_secret(env, "OVAL_SECRET_KEY", shared / "secret-key", 32, damaged)


def _keys(env: Mapping[str, str], shared: Path) -> KeySettings:
    damaged = "restore it from your copy: without it the private keys cannot be opened"
    certificate = Path(env["OVAL_SEAL_CERTIFICATE"]) if env.get("OVAL_SEAL_CERTIFICATE") else None
    if certificate is not None and not certificate.is_file():
        raise BadSetting(f"OVAL_SEAL_CERTIFICATE: there is no file {certificate}.")
    timestamp_url = env.get("OVAL_TIMESTAMP_URL") or ""
    if timestamp_url and (
        urlsplit(timestamp_url).scheme not in {"http", "https"} or not urlsplit(timestamp_url).netloc
    ):
        raise BadSetting(f"OVAL_TIMESTAMP_URL must be a web address, not “{timestamp_url}”.")
    return KeySettings(
        folder=shared / "keys",
        password=_kept_secret(env, "OVAL_KEY_PASSWORD", shared / "key-password", 12, damaged),
        certificate=certificate,
        certificate_password=env.get("OVAL_SEAL_CERTIFICATE_PASSWORD") or "",
        timestamp_url=timestamp_url,
    )


def _witnesses(env: Mapping[str, str]) -> tuple[str, ...]:
    found = [piece.strip() for piece in (env.get("OVAL_WITNESSES") or "").split(",")]
    return tuple(_address({"OVAL_WITNESSES": piece}, "OVAL_WITNESSES", piece) for piece in found if piece)


def _backups(env: Mapping[str, str], shared: Path) -> BackupSettings:
    text = env.get("OVAL_BACKUP_AT") or "02:30"
    try:
        at = None if text.lower() == "off" else dt.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - no date
    except ValueError:
        raise BadSetting(f"OVAL_BACKUP_AT must be a time of day such as 02:30, or off, not “{text}”.") from None
    folder = Path(env.get("OVAL_BACKUP_FOLDER") or shared / "backups").resolve()
    return BackupSettings(folder, at, keep_days=_whole_number(env, "OVAL_BACKUP_KEEP", 14, 2, 400))


def _kept_secret(env: Mapping[str, str], name: str, kept: Path, least: int, damaged: str) -> str:
    """A secret from the environment, or one that is made at first start and kept in a file."""
    if secret := env.get(name):
        if len(secret) < least:
            raise BadSetting(f"{name} must have at least {least} characters.")
        return secret
    try:
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = kept.read_text(encoding="ascii").strip()
        if len(secret) < least:
            raise BadSetting(f"{kept} is damaged; {damaged}.") from None
        return secret
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


def _move_clock(env: Mapping[str, str], *, demo: bool) -> None:
    text = env.get("OVAL_FAKE_TODAY")
    if not text:
        return
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"OVAL_FAKE_TODAY must be a date such as 2026-09-01, not “{text}”.") from error
    if not demo:
        raise BadSetting("OVAL_FAKE_TODAY is for demonstrations: what a school records bears its true date.")
    clock.travel_to(day)
