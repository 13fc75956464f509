"""A backup is whole, encrypted and tried out, or it is not called good."""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
import sqlalchemy as sa
from pyrage import x25519

from oval_aup import backups, evidence, worker
from oval_aup.backups import archive, creation, manifest
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Conflict
from tests.backups.conftest import NAME, School

ROOT = Path(__file__).resolve().parents[2]


def test_a_backup_made_while_people_write_is_whole_and_holds_all_they_were_promised(school: School) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            school.write()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = []
        for _time in range(3):
            promised = school.head
            made.append((promised, backups.create(school.settings, school.database)))
    finally:
        stop.set()
        writer.join()
    for promised, one in made:
        assert one.good
        assert one.ledger_size >= promised.size
    assert made[-1][1].ledger_size > made[0][1].ledger_size, "nobody wrote meanwhile"
    with school.database.reading() as db:
        assert evidence.verify(db, known_heads=[one.head for _promised, one in made]).ok


def test_a_stolen_backup_names_nobody_and_what_opens_it_is_not_in_it(school: School) -> None:
    ring = worker.keyring(school.settings)
    with school.database.writing() as db:
        ring.rotate(db, "seal", school_name="The Oval School", actor=SYSTEM)
    file = school.back_up()
    stolen = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert stolen.count(b"age-encryption.org/v1\n-> X25519 ") == 1
    assert NAME.encode() not in stolen
    secret = (school.settings.instance / backups.IDENTITY).read_text(encoding="ascii").splitlines()[-1]
    identity = x25519.Identity.from_str(secret)
    plain = io.BytesIO(pyrage.decrypt(file.read_bytes(), [identity]))
    with tarfile.open(fileobj=plain, mode="r:gz") as tar:  # as the age tool and tar would
        inside = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    assert inside.keys() <= archive.MEMBERS
    whole = b"".join(inside.values())
    assert NAME.encode() in whole
    for private in (b"PRIVATE KEY", b"AGE-SECRET-KEY", school.settings.secret_key.encode(), password(school)):
        assert private not in whole
    assert (school.settings.instance / backups.IDENTITY).stat().st_mode & 0o077 == 0
    assert file.stat().st_mode & 0o077 == 0


def password(school: School) -> bytes:
    return school.settings.keys.password.encode()


def damaged(content: bytes, how: str) -> bytes:
    if how == "cut short":
        return content[: len(content) * 2 // 3]
    if how == "cut by one byte":
        return content[:-1]
    if how == "bit flipped":
        place = len(content) // 2
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    if how == "bytes appended":
        return content + b"\0"
    if how == "another key":
        made: bytes = pyrage.encrypt(content, [x25519.Identity.generate().to_public()])
        return made
    return {"empty": b"", "foreign": b"%PDF-1.7 " * 5000}[how]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut short", "is damaged or was cut short"),
        ("cut by one byte", "is damaged or was cut short"),
        ("bit flipped", "is damaged or was cut short"),
        ("bytes appended", "is damaged or was cut short"),
        ("another key", "was made for another identity"),
        ("empty", "is not a backup of this product"),
        ("foreign", "is not a backup of this product"),
    ],
)
def test_a_file_that_is_not_whole_or_not_ours_is_refused_and_nothing_is_touched(
    school: School, how: str, said: str
) -> None:
    file = school.back_up()
    file.write_bytes(damaged(file.read_bytes(), how))
    before, head = sorted(school.settings.instance.iterdir()), school.head
    with pytest.raises(backups.BackupFailed, match=said):
        backups.verify(school.settings, school.database, file)
    with pytest.raises(backups.BackupFailed, match=said):
        backups.restore(school.settings, school.database, file, replace=True)
    assert (sorted(school.settings.instance.iterdir()), school.head) == (before, head)


@pytest.mark.parametrize("name", ["../outside", "secret-key", "database.sqlite/../x"])
def test_a_crafted_archive_writes_nothing_outside_and_is_refused(school: School, tmp_path: Path, name: str) -> None:
    school.back_up()
    recipient = archive.identity(school.settings.instance / backups.IDENTITY).to_public()
    source = tmp_path / "source"
    source.write_bytes(b"x")
    crafted = tmp_path / "crafted.age"
    archive.pack({"heads.txt": source, name: source}, recipient, crafted)
    with pytest.raises(backups.BackupFailed, match="is not a backup of this product"):
        backups.verify(school.settings, school.database, crafted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crafted.age", "source"]


KILLED_AT = {
    "while packing": "archive.make_durable = lambda _file: os.kill(os.getpid(), 9)",
    "while trying out": "creation.opened = lambda *_all: os.kill(os.getpid(), 9)",
    "before the manifest": "creation.manifest.keep = lambda *_all: os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("moment", KILLED_AT)
def test_a_backup_killed_in_the_middle_is_never_taken_for_a_good_one(school: School, moment: str) -> None:
    archive.identity_for_making(school.settings.instance / backups.IDENTITY)
    code = (
        "import os; from oval_aup import backups, config; from oval_aup.backups import archive, creation;"
        f"from oval_aup.core.db import Database; {KILLED_AT[moment]};"
        "settings = config.load(); backups.create(settings, Database(settings.database_url))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **school.environment}, check=False
    )
    assert outcome.returncode == -signal.SIGKILL
    folder = school.settings.backups.folder
    assert list(folder.iterdir()), "it was killed before it began"
    assert backups.kept(school.settings) == ()
    school.back_up()
    assert [one.good for one in backups.kept(school.settings)] == [True]
    assert list(folder.glob("*.part")) == []
    assert list(school.settings.instance.glob("backup-work-*")) == []


def test_a_backup_of_a_ledger_that_is_not_in_order_is_kept_aside_as_bad_and_everybody_can_see(school: School) -> None:
    good = school.back_up()
    with school.database.writing() as db:
        db.execute(sa.text("DROP TRIGGER ledger_entry_no_update"))
        db.execute(sa.text("UPDATE ledger_entry SET body = replace(body, 'opened', 'OPENED') WHERE seq = 2"))
    with pytest.raises(backups.BackupFailed, match="Entry 2 was edited"):
        school.back_up()
    bad, kept = backups.kept(school.settings)
    assert (bad.good, kept.file) == (False, good.name)
    assert bad.file.startswith("bad-")
    standing = backups.backup_health(school.settings)
    assert "Entry 2 was edited" in standing.fault
    assert standing.needs_help


def test_a_full_disk_is_said_and_leaves_nothing_half_made(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_members: object, descriptor: int) -> None:
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_write_tar", full)
    with pytest.raises(backups.BackupFailed, match="No space left on device"):
        school.back_up()
    assert backups.kept(school.settings) == ()
    monkeypatch.undo()
    school.back_up()
    assert not backups.backup_health(school.settings).needs_help


def test_two_backups_are_never_made_at_once(school: School) -> None:
    with creation.alone(school.settings.instance), pytest.raises(Conflict):
        school.back_up()


MONDAY = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)


def due(school: School, moment: dt.datetime) -> bool:
    clock.travel_to(moment)
    return backups.back_up_if_due(school.settings, school.database) is not None


def test_the_worker_makes_one_each_night_and_tries_again_each_hour_after_a_failure(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = dt.timedelta(hours=1)
    assert not due(school, MONDAY), "a new installation waits for its first night"
    assert not due(school, MONDAY + hour)
    assert due(school, MONDAY + 2 * hour)
    assert not due(school, MONDAY + 20 * hour)
    with monkeypatch.context() as broken:
        broken.setattr(manifest, "measure", lambda _file: 1 / 0)
        with pytest.raises(backups.BackupFailed):
            due(school, MONDAY + 26 * hour)
        assert not due(school, MONDAY + 26.5 * hour)
        assert backups.backup_health(school.settings).fault
    assert due(school, MONDAY + 27.5 * hour)
    assert not backups.backup_health(school.settings).fault
    school.settings = replace(school.settings, backups=replace(school.settings.backups, at=None))
    assert not due(school, MONDAY + 70 * hour)


def test_the_office_hears_when_the_last_good_one_is_older_than_two_days(school: School) -> None:
    assert not due(school, MONDAY)
    assert due(school, MONDAY + dt.timedelta(hours=2))
    clock.travel_to(MONDAY + dt.timedelta(hours=49))
    standing = backups.backup_health(school.settings)
    assert (standing.late, standing.needs_help) == (False, False)
    clock.travel_to(MONDAY + dt.timedelta(hours=51))
    assert backups.backup_health(school.settings).late


def test_old_ones_go_but_days_months_and_the_only_good_one_stay(school: School) -> None:
    school.keep_days(2)
    days = ["2026-01-10", "2026-01-20", "2026-02-10", "2026-03-03", "2026-03-04", "2026-03-05"]
    for day in days:
        clock.travel_to(dt.datetime.fromisoformat(f"{day}T03:00:00+00:00"))
        school.back_up()
    kept = [one.made_at[:10] for one in backups.kept(school.settings)]
    assert kept == ["2026-03-05", "2026-03-04", "2026-02-10", "2026-01-20"]
    on_disk = {path.suffix for path in school.settings.backups.folder.iterdir()}
    assert on_disk == {".age", ".json"}
    assert len(list(school.settings.backups.folder.iterdir())) == 8
    with school.database.writing() as db:
        db.execute(sa.text("DROP TRIGGER ledger_entry_no_update"))
        db.execute(sa.text("UPDATE ledger_entry SET body = replace(body, 'opened', 'OPENED') WHERE seq = 2"))
    for later in range(6, 11):
        clock.travel_to(dt.datetime(2027, 3, later, 3, tzinfo=dt.UTC))
        with pytest.raises(backups.BackupFailed):
            school.back_up()
    assert [one.made_at[:10] for one in backups.kept(school.settings) if one.good] == kept
