"""The demonstration and a real school never share a database, and a real start makes nothing up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result

from oval_aup import accounts, config, demo, evidence, people
from oval_aup.application import create_app
from oval_aup.cli import setup
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.server import supervisor

OFFICE = Actor(role="office", channel="cli")
ADDRESS = "office@hill.sch.uk"


def settings(instance: Path, **more: str) -> config.Settings:
    return config.load({"OVAL_INSTANCE": str(instance), **more})


def run(instance: Path, *words: str, demonstration: bool = False) -> Result:
    """A command with the settings of a real school, or of a demonstration."""
    app = create_app(settings(instance, OVAL_DEMO="yes" if demonstration else "no"))
    try:
        return app.test_cli_runner().invoke(args=list(words))
    finally:
        app.extensions["oval_database"].dispose()


def begin_school(database: Database) -> None:
    with database.writing() as db:
        people.add_staff_member(db, forename="Bea", surname="Miah", work_email=ADDRESS, actor=OFFICE)


def test_a_real_start_refuses_the_made_up_school_and_says_what_to_do(instance: Path, database: Database) -> None:
    demo.seed(database, settings(instance, OVAL_DEMO="yes"), pupils=24)
    with pytest.raises(config.BadSetting, match=r"holds the made-up school.*OVAL_INSTANCE to a new folder"):
        supervisor.refuse_unfit(settings(instance), database)
    supervisor.refuse_unfit(settings(instance, OVAL_DEMO="yes"), database)
    for words in ("server run", "worker run", "rules publish", f"account open {ADDRESS}", "campaign remind"):
        refused = run(instance, *words.split())
        assert refused.exit_code == 1
        assert "made-up school" in refused.output
        assert len(refused.output.splitlines()) == 1
    assert run(instance, "ledger", "verify").exit_code == 0, "what only reads works in either"


def test_a_made_up_school_without_its_mark_is_known_by_the_published_password(
    instance: Path, database: Database
) -> None:
    with database.writing() as db:
        member = people.add_staff_member(
            db, forename="Bea", surname="Miah", work_email="office@oval.example.org", actor=OFFICE
        )
        account = accounts.open_account(db, person_id=member.person_id, email=member.work_email, role="admin")
        accounts.choose_password(db, account.public_id, demo.PASSWORD, school_name="The Oval School")
    assert "made-up school" in demo.fault(settings(instance), database)
    assert demo.fault(settings(instance, OVAL_DEMO="yes"), database) == ""


def test_the_demonstration_refuses_a_real_school(instance: Path, database: Database) -> None:
    begin_school(database)
    for words in (["demo", "serve"], ["demo", "seed"], ["server", "run"], ["roster", "apply", __file__]):
        refused = run(instance, *words, demonstration=True)
        assert refused.exit_code == 1, words
        assert "holds a real school" in refused.output
    with database.reading() as db:
        assert len(people.staff(db)) == 1
        assert evidence.entries_of_kind(db, "demonstration") == ()
    assert demo.fault(settings(instance), database) == ""


def test_a_school_that_has_only_published_its_rules_is_real_as_well(instance: Path, database: Database) -> None:
    assert run(instance, "rules", "publish").exit_code == 0
    assert "real school" in demo.fault(settings(instance, OVAL_DEMO="yes"), database)


@pytest.mark.parametrize("verb", ["seed", "serve"])
def test_nothing_is_made_up_without_the_demonstration_being_asked_for(
    verb: str, instance: Path, database: Database
) -> None:
    refused = run(instance, "demo", verb)
    assert refused.exit_code == 1
    assert "needs OVAL_DEMO=yes" in refused.output
    with database.reading() as db:
        assert people.staff(db) == ()


def test_the_first_office_log_in_needs_no_list(instance: Path, database: Database) -> None:
    opened = run(instance, "account", "open", ADDRESS, "--name", "Bea Anne Miah")
    assert opened.exit_code == 0, opened.output
    link = re.search(r"http://localhost:8000/set-password/(\S+)", opened.output)
    assert link is not None
    with database.writing() as db:
        accounts.set_password(db, link.group(1), "violet tram harvest", school_name="The Oval School")
    with database.reading() as db:
        account = accounts.account_by_email(db, ADDRESS)
        assert account is not None
        assert account.role == "admin"
        member = people.staff_member(db, account.person_id)
        assert (member.forename, member.full_name, member.staff_group) == ("Bea Anne", "Bea Anne Miah", "office")
        assert accounts.password_holds(db, ADDRESS, "violet tram harvest")


def test_with_a_mail_server_the_link_is_e_mailed_and_never_printed(
    instance: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_school(database)
    app = create_app(settings(instance, OVAL_SMTP_URL="smtp://127.0.0.1:2525?tls=none"))
    opened = app.test_cli_runner().invoke(args=["account", "open", ADDRESS])
    app.extensions["oval_database"].dispose()
    assert opened.exit_code == 0, opened.output
    assert "emailed by the server" in opened.output
    assert "/set-password/" not in opened.output


def test_the_server_says_where_it_is_and_what_is_still_to_be_done(instance: Path, database: Database) -> None:
    known = settings(instance, OVAL_PORT="8123", OVAL_BASE_URL="https://aup.hill.sch.uk")
    said = setup.welcome(database, known)
    assert "https://aup.hill.sch.uk" in said
    assert "127.0.0.1 port 8123" in said
    steps = setup.next_steps(database, known)
    for step, words in zip(steps, ("rules publish", "account open", "OVAL_SMTP_URL", "/office/roster"), strict=True):
        assert words in step
    run(instance, "rules", "publish")
    begin_school(database)
    for step, words in zip(setup.next_steps(database, known), ("account open", "OVAL_SMTP_URL"), strict=False):
        assert words in step
    run(instance, "account", "open", ADDRESS, "--name", "Bea Miah")
    mailed = settings(instance, OVAL_SMTP_URL="smtp://127.0.0.1:2525?tls=none")
    assert f"choose the password of {ADDRESS}" in setup.next_steps(database, mailed)[0]
