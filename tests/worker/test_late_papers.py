"""A key that is missing stops papers, never an act: the office sees it, and is written to once."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import itertools
import shutil
from pathlib import Path

from oval_aup import evidence, reports, worker
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.documents import queue as documents
from tests.worker.conftest import Installation


def alarms(installation: Installation) -> list[str]:
    found = []
    for path in (installation.instance / "mail").glob("*.eml"):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = letter.get_body(("plain",))
        if "not being made" in letter["subject"] and body is not None:
            assert letter["to"] == "office@oval.example.org"
            found.append(body.get_content())
    return found


def needs(installation: Installation) -> tuple[reports.Need, ...]:
    with installation.database.reading() as db:
        return reports.needs(db, 2026).get("papers-late", ())


def move(folder: Path, there: Path) -> None:
    for path in list(folder.iterdir()):
        shutil.move(path, there / path.name)


def work_after(installation: Installation, minutes: int) -> None:
    clock.travel_to(clock.now() + dt.timedelta(minutes=minutes))
    installation.work_once()


def test_the_office_hears_once_that_sealing_waits_and_again_only_after_all_was_well(
    installation: Installation, tmp_path: Path
) -> None:
    installation.work_once()
    keys = installation.settings.keys.folder
    move(keys, tmp_path)
    first = installation.want_receipt()
    work_after(installation, 0)
    assert "is missing" in installation.document(first).error
    assert (alarms(installation), needs(installation)) == ([], ())
    for _time in range(3):
        work_after(installation, 16)
    (letter,) = alarms(installation)
    assert "One document has been waiting" in letter
    assert "The private key" in letter
    (need,) = needs(installation)
    assert "is missing" in need.beside
    move(tmp_path, keys)
    work_after(installation, 60)
    assert installation.document(first).is_ready
    work_after(installation, 1)
    assert needs(installation) == ()
    move(keys, tmp_path)
    ann = installation.school.people.ann
    installation.school.want("record", ann.pseudonym, person_id=ann.person_id)
    work_after(installation, 0)
    for _time in range(2):
        work_after(installation, 16)
    assert len(alarms(installation)) == 2
    with installation.database.reading() as db:
        assert evidence.verify(db).ok


def test_a_key_that_is_away_for_the_holidays_costs_no_paper_and_nobody_has_to_ask_again(
    installation: Installation, tmp_path: Path
) -> None:
    installation.work_once()
    keys = installation.settings.keys.folder
    move(keys, tmp_path)
    first = installation.want_receipt()
    for _time in range(documents.MAX_ATTEMPTS + 1):
        work_after(installation, 90)
    assert installation.document(first).status == "pending"
    assert "is missing" in installation.document(first).error
    move(tmp_path, keys)
    work_after(installation, 5)
    assert installation.document(first).is_ready


def test_the_office_is_warned_in_time_that_the_certificate_ends(installation: Installation) -> None:
    installation.work_once()
    with installation.database.reading() as db:
        key = evidence.current_key(db, "seal")
    assert key is not None
    assert key.ends_at is not None
    warned = []
    for days in (61, 60, 45, 30, 8, 7, 1):
        clock.travel_to(key.ends_at - dt.timedelta(days=days))
        installation.work_once()
        mails = (path.read_bytes() for path in (installation.instance / "mail").glob("*.eml"))
        warned.append(sum(b"certificate" in one.split(b"\n\n")[0] for one in mails))
    assert [after - before for before, after in itertools.pairwise([0, *warned])] == [0, 1, 0, 1, 0, 1, 0]
    with installation.database.reading() as db:
        (need,) = reports.needs(db, 2026)["certificate"]
    assert need.due_on == clock.london(key.ends_at).date()
    with installation.database.writing() as db:
        worker.keyring(installation.settings).rotate(db, "seal", school_name="The Oval School", actor=SYSTEM)
        assert "certificate" not in reports.needs(db, 2026)
