"""The commands of the operations guide work, may be repeated, and refuse with one sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from oval_aup import accounts, campaigns, config, people, schema
from oval_aup.application import create_app
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.demo.roster import DemoRoster
from oval_aup.verifier import bundle
from tests.conftest import raise_faults

ROOT = Path(__file__).resolve().parents[2]
OFFICE = Actor(role="office", channel="cli")


@pytest.fixture
def app(database: Database, instance: Path) -> Flask:
    app = create_app(
        config.load({"OVAL_INSTANCE": str(instance), "OVAL_UPLOAD_LIMIT_MB": "1", "OVAL_SMTP_URL": "folder"})
    )
    raise_faults(app)
    return app


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    made = DemoRoster(2026, pupils=24)
    contacts, staff = tmp_path / "pupils-contacts.csv", tmp_path / "staff.csv"
    contacts.write_bytes(made.contacts_csv())
    staff.write_bytes(made.staff_csv())
    return [str(contacts), str(staff)]


GUARD = "ledger_entry_no_delete"


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


def test_every_command_is_described_and_named_in_the_readme(app: Flask) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    own = {name: group for name, group in app.cli.commands.items() if name not in {"run", "shell", "routes"}}
    for noun, group in own.items():
        for verb, command in group.commands.items():  # type: ignore[attr-defined]
            assert command.help, f"{noun} {verb}"
            if (noun, verb) not in {("db", "revise"), ("demo", "serve")}:
                assert {noun, verb} <= set(re.findall(r"[a-z-]+", readme)), f"{noun} {verb}"


def test_keys_are_listed_and_exchanged(app: Flask) -> None:
    assert "No key yet" in run(app, "evidence", "keys").output
    for use in ("head", "seal", "head"):
        assert run(app, "evidence", "rotate-key", use).exit_code == 0
    listed = run(app, "evidence", "keys").output
    assert listed.count("in use") == 2
    assert "3 keys." in listed


def test_the_checker_of_packs_is_named_by_its_hash_and_written_where_asked(app: Flask, tmp_path: Path) -> None:
    made = bundle.checker()
    assert run(app, "evidence", "checker").output == f"{made.sha256}  verify.py\n"
    place = tmp_path / "verify.py"
    assert run(app, "evidence", "checker", "--out", str(place)).output == f"{made.sha256}  {place}\n"
    assert place.read_bytes() == made.content


def test_upgrading_the_database_may_be_repeated(app: Flask, database: Database) -> None:
    outcomes = [run(app, "db", "upgrade") for _time in range(2)]
    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    assert schema.newest(database) in outcomes[0].output


def test_a_preview_shows_and_writes_nothing(app: Flask, files: list[str], database: Database) -> None:
    outcome = run(app, "roster", "preview", *files)
    assert outcome.exit_code == 0, outcome.output
    assert "pupils-contacts.csv" in outcome.output
    with database.reading() as db:
        assert people.children(db) == ()
        assert people.roster.imports(db) == ()


def test_applying_the_same_files_twice_changes_nothing_the_second_time(
    app: Flask, files: list[str], database: Database
) -> None:
    assert run(app, "roster", "apply", *files).exit_code == 0
    second = run(app, "roster", "apply", *files)
    assert second.output.count("nothing had to change") == 2
    with database.reading() as db:
        assert len(people.children(db)) == 24
    assert run(app, "ledger", "verify").exit_code == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "empty"), (b"%PDF-1.7\n", "PDF"), (b"a,b\n" + b"x" * (1024 * 1024), "1 MB")],
    ids=["empty", "a PDF", "too large"],
)
def test_a_file_that_cannot_be_a_list_is_refused_in_one_sentence(
    app: Flask, tmp_path: Path, content: bytes, sentence: str, database: Database
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    outcome = run(app, "roster", "apply", str(path))
    assert outcome.exit_code == 1
    assert sentence in outcome.output
    assert "Traceback" not in outcome.output
    with database.reading() as db:
        assert people.children(db) == ()


def test_a_dry_run_of_reminders_names_what_would_go_and_sends_nothing(
    app: Flask, files: list[str], database: Database
) -> None:
    run(app, "rules", "publish")
    run(app, "roster", "apply", *files)
    settings = app.extensions["oval_settings"]
    clock.travel_to(clock.at_london(people.school_year_starts(2026).replace(day=14), 9))
    with database.writing() as db:
        plan = campaigns.plan(
            db, school_year=2026, opens_on=clock.today(), due_on=clock.today().replace(month=10), actor=OFFICE
        )
        campaigns.open_campaign(db, plan, school=settings.school, actor=OFFICE)
    clock.travel_to(clock.at_london(people.school_year_starts(2026).replace(day=21), 9))
    dry = run(app, "campaign", "remind", "--dry-run")
    assert "would go" in dry.output
    assert not dry.output.startswith("0 would go")
    wet = [run(app, "campaign", "remind").output.splitlines()[-1] for _time in range(2)]
    assert wet[0].replace("queued", "would go") == dry.output.splitlines()[-1]
    assert wet[1] == "0 queued."


def test_a_tampered_ledger_is_named_and_fails_the_command(app: Flask, database: Database) -> None:
    run(app, "rules", "publish")
    raw = database.engine.raw_connection()
    raw.execute("DROP TRIGGER ledger_entry_no_update")
    raw.execute("UPDATE ledger_entry SET body = replace(body, 'published', 'PUBLISHED') WHERE seq = 2")
    raw.commit()
    raw.close()
    outcome = run(app, "ledger", "verify")
    assert outcome.exit_code == 1
    assert "2" in outcome.output


@pytest.mark.parametrize(
    "tampering",
    [
        f"DROP TRIGGER {GUARD}",
        f"DROP TRIGGER {GUARD}; CREATE TRIGGER {GUARD} BEFORE DELETE ON ledger_entry WHEN 0 BEGIN SELECT 1; END",
    ],
    ids=["dropped", "emptied"],
)
def test_a_guard_that_is_gone_is_named_and_put_back_by_the_upgrade(
    app: Flask, database: Database, tampering: str
) -> None:
    run(app, "rules", "publish")
    raw: Any = database.engine.raw_connection()
    raw.driver_connection.executescript(tampering)
    raw.close()
    outcome = run(app, "ledger", "verify")
    assert outcome.exit_code == 1
    assert "lacks 1 guard that keeps history from being changed: ledger_entry_no_delete" in outcome.output
    assert "as they were written" in outcome.output
    assert "ledger_entry_no_delete" in run(app, "db", "upgrade").output
    assert run(app, "ledger", "verify").exit_code == 0


def test_the_outbox_is_sent_to_the_mail_folder(
    app: Flask, files: list[str], instance: Path, database: Database
) -> None:
    run(app, "rules", "publish")
    run(app, "roster", "apply", *files)
    with database.writing() as db:
        campaigns.send_password_link(db, "office@oval.example.org", school=app.extensions["oval_settings"].school)
    outcome = run(app, "outbox", "send")
    assert outcome.output.startswith("1 sent")
    assert len(list((instance / "mail").glob("*.eml"))) == 1
    assert run(app, "outbox", "send").output.startswith("0 sent")


def test_the_first_office_log_in_is_one_whatever_the_post_is_called(app: Flask, database: Database) -> None:
    with database.writing() as db:
        member = people.add_staff_member(
            db,
            forename="Bea",
            surname="Miah",
            work_email="bea@oval.example.org",
            post="School business lead",
            actor=OFFICE,
        )
        accounts.open_accounts(db)
    for _again in range(2):
        outcome = run(app, "account", "open", "Bea@oval.example.org")
        assert outcome.exit_code == 0
        assert "bea@oval.example.org can log in as admin" in outcome.output
        assert "Open this link within 3 days: http://localhost:8000/set-password/" in outcome.output
    with database.reading() as db:
        account = accounts.account_of(db, member.person_id)
    assert account is not None
    assert account.role == "admin"


def test_a_log_in_for_a_stranger_is_refused_in_one_sentence(app: Flask) -> None:
    outcome = run(app, "account", "open", "nobody@oval.example.org")
    assert outcome.exit_code == 1
    assert outcome.output.count("\n") == 1
    assert "Nobody on the staff list has the email address" in outcome.output
