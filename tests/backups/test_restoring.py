"""Going back loses nothing that must outlive it: erasures, the old database, and the fact that somebody went back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from oval_aup import backups, evidence, schema, verification
from oval_aup.application import create_app
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database, Session
from oval_aup.core.errors import Conflict
from tests.backups.conftest import NAME, School

Bare = Callable[[School], School]


def details_left(database: Database) -> set[int]:
    with database.reading() as db:
        return set(evidence.details(db, range(1, 50)))


def test_a_bare_machine_verifies_and_serves_after_a_restore(school: School, bare: Bare) -> None:
    file = school.back_up()
    there = bare(school)
    done = backups.restore(there.settings, there.database, file)
    assert (done.size, done.lost, done.erasures, done.aside) == (5, 0, 0, "")
    with there.database.reading() as db:
        assert evidence.verify(db, known_heads=[school.head]).ok
        (restored,) = evidence.entries_of_kind(db, "restored")
    assert restored.body["act"] == {
        "backup_size": 5,
        "backup_head": school.head.entry_hash,
        "known_size": 5,
        "known_head": school.head.entry_hash,
        "erasures_applied_again": 0,
    }
    assert schema.fault(there.database) == ""
    assert backups.fault(there.settings, there.database) == ""
    app = create_app(there.settings)
    assert app.test_client().get("/", base_url=there.settings.school.base_url).status_code == 200


def test_an_erasure_made_after_the_backup_is_made_again_before_anybody_can_read(school: School, bare: Bare) -> None:
    file = school.back_up()
    school.write(2)
    school.erase([2, 6])
    school.back_up()  # carries the list of erasures to where the backups lie
    there = bare(school)
    wiped: list[evidence.NotedErasure] = []

    def wipe(db: Session, noted: evidence.NotedErasure) -> None:
        assert db.scalar(sa.text("SELECT count(*) FROM ledger_details WHERE seq = 2")) == 0
        wiped.append(noted)

    done = backups.restore(there.settings, there.database, file, older_than_known=True, reapply=[wipe])
    assert (done.size, done.known_size, done.lost, done.erasures) == (5, 8, 3, 1)
    assert [(noted.subject, noted.seqs) for noted in wiped] == [("a1b2", (2, 6))]
    assert details_left(there.database) == {1, 3, 4, 5}
    with there.database.reading() as db:
        assert evidence.verify(db).ok
    there.database.dispose()
    on_disk = b"".join(path.read_bytes() for path in there.settings.instance.iterdir() if path.is_file())
    assert f"{NAME} 3".encode() in on_disk
    assert f"{NAME} 2".encode() not in on_disk
    assert backups.fault(there.settings, there.database) == ""
    there.write(1)
    assert details_left(there.database) >= {8}, "what is written after the restore keeps its details"


def test_a_database_put_back_by_hand_is_not_served_before_its_erasures_are_made_again(school: School) -> None:
    live = Path(str(school.database.url.database))
    school.database.dispose()
    old = live.with_name("kept-by-hand.db")
    shutil.copy(live, old)
    school.erase([2])
    school.database.dispose()
    shutil.copy(old, live)
    assert "older than 1 erasure" in backups.fault(school.settings, school.database)
    runner = create_app(school.settings).test_cli_runner()
    for command_words in (["server", "run"], ["worker", "run"]):
        refused = runner.invoke(args=command_words)
        assert refused.exit_code == 1
        assert ".venv/bin/flask backup reapply-erasures" in refused.output
    assert "Erasures applied again: 1." in runner.invoke(args=["backup", "reapply-erasures"]).output
    assert backups.fault(school.settings, school.database) == ""
    assert details_left(school.database) == {1, 3, 4, 5}
    with school.database.reading() as db:
        assert evidence.verify(db).ok
        assert len(evidence.entries_of_kind(db, "restored")) == 1


def test_keys_of_after_the_backup_stay_the_schools_and_in_use(school: School) -> None:
    """Or every paper sealed and every head signed with them would count as a stranger's from then on."""
    keys = school.settings.keys
    ring = evidence.Keyring(keys.folder, keys.password.encode("utf-8"))

    def register() -> tuple[evidence.KeyRow, ...]:
        with school.database.reading() as db:
            return evidence.register(db)

    with school.database.writing() as db:
        ring.prepare(db, school_name="The Oval School", actor=SYSTEM)
    file, first = school.back_up(), register()
    with school.database.writing() as db:
        for use in ("seal", "head"):
            ring.rotate(db, use, school_name="The Oval School", actor=SYSTEM)
        stranger = evidence.Keyring(school.settings.instance / "elsewhere", b"not of the school")
        stranger.rotate(db, "seal", school_name="The Oval School", actor=SYSTEM)
        ring.rotate(db, "seal", school_name="The Oval School", actor=SYSTEM)
        head = evidence.signed_head(db, ring)
    before = register()
    done = backups.restore(school.settings, school.database, file, replace=True, older_than_known=True)
    assert done.keys == 3
    after = register()
    assert [row.key_id for row in after] == [row.key_id for row in (*first, before[2], before[3], before[5])]
    assert {row.key_id: row.since for row in after}.items() <= {row.key_id: row.since for row in before}.items()
    with school.database.reading() as db:
        assert evidence.current_key(db, "seal") == after[-1]
        assert ring.sealing_key(after[-1]).certificate is not None
        (found,) = verification.check_heads(db, head.text)
        assert evidence.verify(db).ok
    assert (found.verdict, found.owned_up) == ("ledger_changed", True), "lost, and not a stranger's"


def test_an_existing_database_is_only_ever_moved_aside(school: School) -> None:
    file = school.back_up()
    school.write(3)
    with pytest.raises(Conflict, match="There is a database already"):
        backups.restore(school.settings, school.database, file)
    with pytest.raises(Conflict, match="is known to have had 8"):
        backups.restore(school.settings, school.database, file, replace=True)
    assert school.head.size == 8
    done = backups.restore(school.settings, school.database, file, replace=True, older_than_known=True)
    assert done.lost == 3
    aside = Database(f"sqlite:///{done.aside}")
    with aside.reading() as db:
        assert evidence.head(db).size == 8
    aside.dispose()
    assert school.head.size == 6


def test_after_a_declared_loss_the_daily_reading_raises_no_alarm(school: School) -> None:
    def remember() -> None:
        head = evidence.SignedHead(
            school.head.size, school.head.entry_hash, "2026-11-22T12:41:07.000000Z", "0" * 64, "A" * 86 + "=="
        )
        evidence.keep_head(school.settings.instance, head)

    remember()
    file = school.back_up()
    school.write(3)
    remember()
    assert len(evidence.kept_heads(school.settings.instance)) == 2
    backups.restore(school.settings, school.database, file, replace=True, older_than_known=True)
    school.write(4)
    kept = evidence.kept_heads(school.settings.instance)
    assert [head.size for head in kept] == [5]
    assert len(list(school.settings.instance.glob("heads-before-*.txt"))) == 1
    with school.database.reading() as db:
        assert evidence.verify(db, known_heads=kept).ok
    assert backups.create(school.settings, school.database).good


def test_a_database_in_use_is_not_pulled_away(school: School) -> None:
    file = school.back_up()
    somebody = Database(str(school.database.url))
    with somebody.reading() as db, pytest.raises(backups.BackupFailed, match="The database is in use"):
        evidence.head(db)
        backups.restore(school.settings, school.database, file, replace=True)
    somebody.dispose()
    assert school.head.size == 5


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 8176])
def test_a_database_damaged_beyond_reading_is_replaced_and_kept(school: School, content: bytes) -> None:
    file = school.back_up()
    school.database.dispose()
    live = Path(str(school.database.url.database))
    live.write_bytes(content)
    with pytest.raises(Conflict, match="There is a database already"):
        backups.restore(school.settings, school.database, file)
    done = backups.restore(school.settings, school.database, file, replace=True)
    assert Path(done.aside).read_bytes() == content
    assert school.head.size == 6


def test_a_backup_of_an_older_version_is_brought_up_to_date_and_of_a_newer_one_refused(
    school: School, bare: Bare, tmp_path: Path
) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    command.upgrade(schema._config(old), "0002_guard_history")
    then = School(school.settings.instance, old)
    then.write(2)
    file = then.back_up()
    there = bare(school)
    backups.restore(there.settings, there.database, file)
    assert schema.current(there.database) == schema.newest(there.database)
    assert details_left(there.database) == {1, 2}
    with school.database.writing() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999_tomorrow'"))
    with pytest.raises(backups.BackupFailed, match="9999_tomorrow"):
        school.back_up()
    old.dispose()


def test_the_commands_say_what_they_did_and_refuse_in_one_sentence(school: School) -> None:
    runner = create_app(school.settings).test_cli_runner()
    school.database.dispose()

    def run(*words: str) -> tuple[int, str]:
        outcome = runner.invoke(args=["backup", *words])
        assert "Traceback" not in outcome.output
        return outcome.exit_code, outcome.output

    assert run("restore") == (1, f"There is no good backup in {school.settings.backups.folder}.\n")
    assert "There is no backup file" in run("verify", "oval-none.age")[1]
    code, said = run("create")
    assert (code, said.count("keep a copy of that file elsewhere")) == (0, 1)
    assert "Backups in" in run("list")[1]
    assert run("verify")[0] == 0
    assert run("restore")[0] == 1
    assert "Restored" in run("restore", "--replace")[1]
    assert NAME not in "".join(run("list")[1])
    (school.settings.instance / backups.IDENTITY).unlink()
    assert "which opens backups, is missing" in run("verify")[1]
