"""Every setting is documented, and a bad one stops the start with one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oval_aup import config

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_read_is_documented_and_every_documented_one_is_read() -> None:
    source = (ROOT / "oval_aup" / "config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(OVAL_[A-Z_]+)"', source.split("DOCUMENTED: dict")[0] + source.split("def load")[1]))
    assert read == set(config.DOCUMENTED)


@pytest.mark.parametrize("name", sorted(config.DOCUMENTED))
def test_the_operations_guide_names_it(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OVAL_PORT", "many", "OVAL_PORT must be a whole number from 1 to 65535, not “many”."),
        ("OVAL_PORT", "0", "OVAL_PORT must be a whole number"),
        ("OVAL_DEMO", "true", "OVAL_DEMO must be yes or no, not “true”."),
        ("OVAL_SECRET_KEY", "short", "OVAL_SECRET_KEY must have at least 32 characters."),
        ("OVAL_BASE_URL", "aup.example.org", "OVAL_BASE_URL must look like"),
        ("OVAL_SMTP_URL", "mail.example.org", "OVAL_SMTP_URL must look like"),
        ("OVAL_SMTP_URL", "smtp://mail.example.org:submission", "OVAL_SMTP_URL must look like"),
        ("OVAL_SMTP_URL", "smtp://user:secret@mail.example.org", "password is not sent over an unencrypted connection"),
        ("OVAL_SMTP_URL", "smtp://mail.example.org?tls=starttlss", "OVAL_SMTP_URL: a mail server is written"),
        ("OVAL_MAIL_OAUTH", "yahoo", "OVAL_MAIL_OAUTH must be microsoft, google or none, not “yahoo”."),
        ("OVAL_MAIL_OAUTH", "microsoft", "OVAL_MAIL_OAUTH_TENANT is needed where OVAL_MAIL_OAUTH is microsoft."),
        ("OVAL_MAIL_OAUTH", "google", "OVAL_MAIL_OAUTH_KEY_FILE is needed where OVAL_MAIL_OAUTH is google."),
        ("OVAL_DATABASE_URL", "mysql://x", "OVAL_DATABASE_URL must begin with"),
        ("OVAL_SCHOOL_EMAIL", "two@@signs", "OVAL_SCHOOL_EMAIL must be one email address"),
        ("OVAL_SCHOOL_NAME", "The Oval\nSchool", "OVAL_SCHOOL_NAME must be one line of text"),
        ("OVAL_SCHOOL_NAME", "The Oval\u2028School", "OVAL_SCHOOL_NAME must be one line of text"),
        ("OVAL_REGULATOR", "Bcc: x\r", "OVAL_REGULATOR must be one line of text"),
        ("OVAL_FAKE_TODAY", "tomorrow", "OVAL_FAKE_TODAY must be a date"),
        ("OVAL_FAKE_TODAY", "2026-09-01", "OVAL_FAKE_TODAY is for demonstrations"),
        ("OVAL_SCHOOL_HOLIDAYS", "half term", "OVAL_SCHOOL_HOLIDAYS must hold dates like 2026-10-26/2026-10-30"),
        ("OVAL_SCHOOL_HOLIDAYS", "2026-10-30/2026-10-26", "ends before it begins"),
        ("OVAL_CHILDREN_SIGN_FROM_YEAR", "9", "OVAL_CHILDREN_SIGN_FROM_YEAR must be a whole number from 1 to 7"),
        ("OVAL_BACKUP_AT", "at night", "OVAL_BACKUP_AT must be a time of day such as 02:30, or off"),
        ("OVAL_BACKUP_KEEP", "0", "OVAL_BACKUP_KEEP must be a whole number from 2 to 400"),
        ("OVAL_SCOOL_NAME", "The Oval", "OVAL_SCOOL_NAME is not a setting of this product"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(name: str, value: str, sentence: str, instance: Path) -> None:
    with pytest.raises(config.BadSetting) as caught:
        config.load({"OVAL_INSTANCE": str(instance), name: value})
    assert sentence in str(caught.value)


OAUTH = {
    "OVAL_SMTP_URL": "smtp://office%40oval.example.org@smtp.office365.com:587?tls=starttls",
    "OVAL_MAIL_OAUTH": "microsoft",
    "OVAL_MAIL_OAUTH_TENANT": "oval.example.org",
    "OVAL_MAIL_OAUTH_CLIENT_ID": "5f0c",
    "OVAL_MAIL_OAUTH_CLIENT_SECRET": "a-secret",
}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OVAL_MAIL_OAUTH_TENANT", "common", "must be the school’s own tenant, not “common”."),
        ("OVAL_MAIL_OAUTH_TENANT", "a/../b", "must be the school’s own tenant"),
        ("OVAL_MAIL_OAUTH_CLIENT_SECRET", "", "OVAL_MAIL_OAUTH_CLIENT_SECRET is needed"),
        ("OVAL_MAIL_OAUTH_TOKEN_URL", "http://login.example.org", "must begin with https://."),
        ("OVAL_SMTP_URL", "smtp://a:b@smtp.office365.com:587?tls=starttls", "without a password"),
        ("OVAL_SMTP_URL", "smtp://office@smtp.office365.com:587", "over an unencrypted connection"),
    ],
)
def test_signing_in_by_oauth_needs_what_it_needs(name: str, value: str, sentence: str, instance: Path) -> None:
    with pytest.raises(config.BadSetting) as caught:
        config.load({"OVAL_INSTANCE": str(instance), **OAUTH, name: value})
    assert sentence in str(caught.value)


def test_the_settings_for_oauth_never_show_the_secret(instance: Path) -> None:
    settings = config.load({"OVAL_INSTANCE": str(instance), **OAUTH})
    assert settings.mail_service is not None
    assert settings.mail_service.name == "Microsoft 365"
    assert "a-secret" not in repr(settings)


def test_a_google_key_that_is_none_stops_the_start(instance: Path) -> None:
    (instance / "key.json").write_text('{"client_email": "a@b.c", "private_key": "none", "private_key_id": "1"}')
    google = {**OAUTH, "OVAL_MAIL_OAUTH": "google", "OVAL_MAIL_OAUTH_KEY_FILE": str(instance / "key.json")}
    with pytest.raises(config.BadSetting, match="is not the JSON key of a Google service account"):
        config.load({"OVAL_INSTANCE": str(instance), **google})


def test_the_secret_key_is_made_once_and_kept_private(instance: Path) -> None:
    first = config.load({"OVAL_INSTANCE": str(instance)}).secret_key
    assert config.load({"OVAL_INSTANCE": str(instance)}).secret_key == first
    assert (instance / "secret-key").stat().st_mode & 0o077 == 0


def test_a_damaged_secret_key_is_said_and_not_replaced(instance: Path) -> None:
    (instance / "secret-key").write_text("", encoding="ascii")
    with pytest.raises(config.BadSetting, match="damaged"):
        config.load({"OVAL_INSTANCE": str(instance)})
