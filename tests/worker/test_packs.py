"""Evidence packs: all of it inside, provable by itself, and the same content wherever the worker was killed."""

from __future__ import annotations

import base64
import csv
import dataclasses
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from oval_aup import agreements, documents, evidence, packs, people, printing, reports, signing, worker
from oval_aup.core import clock, templating
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.documents import queue
from oval_aup.packs import making, writer
from oval_aup.reports import pack_lines
from oval_aup.verifier import bundle, rules
from oval_aup.verifier.rules import RECORD_NAME
from oval_aup.worker.context import packer_of
from tests.people import builders
from tests.worker.conftest import ROOT, Installation, Waits

OFFICE = Actor(role="office", channel="office")

KILLER = """
import os, signal, sys
from oval_aup import config, worker
from oval_aup.packs import making, writer

def die(*_args, **_values):
    os.kill(os.getpid(), signal.SIGKILL)

point, calls = sys.argv[1], []
if point == "second document":
    add = writer._add_document
    writer._add_document = lambda *args: calls.append(1) or (die() if len(calls) == 2 else add(*args))
elif point != "nowhere":
    room, name = point.split(".")
    setattr({"making": making, "writer": writer, "hashlib": writer.hashlib}[room], name, die)
worker.run(config.load(), once=True)
"""

SETTLED = ("writer._write", "second document", "hashlib.file_digest", "writer._keep_names", "making.finish_pack")
POINTS = ("making.collect", "writer._settle", "making.settle_pack", *SETTLED)
"""Where the worker is killed: at the beginning of each of these."""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small PDF that carries a record file, for tests in which it does not matter whose."""
    paper = printing.PrintJob(
        '<html lang="en"><title>Record</title><p>Record</p>',
        dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        (printing.EmbeddedFile(RECORD_NAME, "Entries", b'{"v": 2}'),),
    )
    with printing.RenderPool(tmp_path_factory.mktemp("press"), renderers=1, seconds=60) as press:
        return press.print(paper)


def supply(installation: Installation, record: bytes, most: int = 1_000_000) -> int:
    """Make wanted documents in no time; how many there were."""
    made = 0
    while made < most and (claim := documents.claim_document(installation.database)) is not None:
        made += 1
        with installation.database.writing() as db:
            documents.store_document(db, claim, record, through=evidence.head(db).size)
    return made


def packer_in(installation: Installation) -> writer.Packer:
    settings = installation.settings
    seals = evidence.SealPress(worker.keyring(settings), school_name=settings.school.name)
    with installation.database.writing() as db:
        seals.ring.prepare(db, school_name=settings.school.name, actor=OFFICE)
    return packer_of(settings, installation.database, seals)


def write(installation: Installation, record: bytes) -> int:
    """Bring the packs to their end; how many documents had to be made."""
    packer, made = packer_in(installation), 0
    while (now := supply(installation, record)) or writer.make_next(packer):
        made += now
    return made


def order(installation: Installation, *scope: str) -> packs.PackRow:
    about, key = scope or ("school", "")
    with installation.database.writing() as db:
        return reports.order_pack(db, reports.Scope(about, key), actor=OFFICE)


def pack(installation: Installation, public_id: str) -> packs.PackRow:
    with installation.database.reading() as db:
        return packs.pack(db, public_id)


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def made(installation: Installation, record: bytes = b"", *scope: str) -> tuple[packs.PackRow, dict[str, bytes]]:
    """A whole pack: with real records, or quickly with the one given."""
    ordered = order(installation, *scope)
    if record:
        write(installation, record)
    else:
        installation.work_once()
    row = pack(installation, ordered.public_id)
    assert (row.status, row.error) == ("ready", "")
    return row, contents(writer.path_of(installation.settings.shared, row))


def test_a_pack_that_waits_for_its_records_does_not_look_without_a_pause(
    installation: Installation, record: bytes
) -> None:
    packer = packer_in(installation)
    order(installation)
    assert writer.make_next(packer) is True, "it has wanted its records and may go on"
    assert writer.make_next(packer) is False, "they are still being made"
    supply(installation, record, most=1)
    assert writer.make_next(packer) is False, "so are the others"
    supply(installation, record)
    assert writer.make_next(packer) is True


def check_manifest(files: dict[str, bytes]) -> dict[str, object]:
    """Every file is listed as it is, and nothing else is in there."""
    manifest: dict[str, object] = json.loads(files["manifest.json"])
    listed = {one["name"]: (one["sha256"], one["size"]) for one in manifest["files"]}  # type: ignore[attr-defined]
    found = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    found.pop("manifest.json")
    assert listed == found
    return manifest


def check_that_only_the_table_names_people(installation: Installation, files: dict[str, bytes]) -> None:
    table = files["tables/records.csv"].decode("utf-8-sig")
    people = installation.school.people
    assert not re.search("ali|mia|max|ann", " ".join(files), re.IGNORECASE)
    for person in (people.ann, people.mia, people.max):
        line = next(line for line in table.splitlines() if person.full_name in line)
        name = line.split(",")[1].replace(".pdf", ".json")
        assert person.pseudonym.encode() in files[name]
        assert person.full_name.encode() not in files["ledger.jsonl"]


def test_a_pack_proves_itself_without_the_school(installation: Installation) -> None:
    row, files = made(installation)
    manifest = check_manifest(files)
    keys = rules.keys_in({"keys": json.loads(files["keys.json"])})
    head = manifest["head"]
    assert isinstance(head, dict)
    assert rules.check_head(head, keys) is True
    lines = [json.loads(line) for line in files["ledger.jsonl"].splitlines()]
    before = evidence.GENESIS
    for number, line in enumerate(lines, start=1):
        body = json.loads(line["body"])
        assert (line["seq"], body["seq"], body["prev"]) == (number, number, before)
        assert rules.entry_hash(line["body"].encode()) == line["entry_hash"]
        before = line["entry_hash"]
    assert (len(lines), before) == (head["size"], head["entry_hash"])
    in_ledger = {(line["seq"], line["entry_hash"]) for line in lines}
    records = [name for name in files if name.startswith("records/") and name.endswith(".json")]
    assert len(records) == row.total - 1 == 3
    for name in records:
        record = json.loads(files[name])
        rules.check_record(record)
        assert rules.check_head(record["head"], keys) is True
        assert {(one["seq"], one["entry_hash"]) for one in record["entries"]} <= in_ledger
        assert evidence.carried_record(files[name.replace(".json", ".pdf")]) == files[name]
    texts = {name: files[name] for name in files if name.startswith("texts/") and name.endswith(".json")}
    shown = {json.loads(line["body"])["document"].get("text_sha256") for line in lines} - {None}
    assert shown <= {hashlib.sha256(content).hexdigest() for content in texts.values()}
    assert all(name.replace(".json", ".txt") in files for name in texts)
    check_that_only_the_table_names_people(installation, files)


def enter_wordings(installation: Installation) -> None:
    """The entries that publishing makes, which this small school's rules were put in without."""
    with installation.database.writing() as db:
        for key, level in (("staff", "full"), ("parents", "full"), ("children", "full"), ("children", "younger")):
            wording = agreements.current(db, key, reading_level=level)
            evidence.append(
                db,
                "published",
                subject="school",
                act={"material": True},
                document=signing.document_ref(wording),
                idempotency_key=f"published:{wording.text_sha256}",
                actor=OFFICE,
            )


def test_a_stranger_checks_a_pack_with_python_alone(installation: Installation, tmp_path: Path) -> None:
    enter_wordings(installation)
    _row, files = made(installation)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert files["verify.py"] == bundle.checker().content
    with installation.database.reading() as db:
        named = [entry.body["act"].get("checker_sha256") for entry in evidence.entries_of_kind(db, "exported")]
    assert bundle.checker().sha256 in named
    command = [sys.executable, "-I", "-S", "verify.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    record = tmp_path / "records" / "00001.pdf"
    record.write_bytes(record.read_bytes() + b"\n")
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "records/00001.pdf was changed" in found.stdout


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_an_expert_checks_a_pack_by_hand(installation: Installation) -> None:
    """Follows ``by-hand.txt`` with nothing but a hash function; its OpenSSL lines are tried where the checker is."""
    enter_wordings(installation)
    _row, files = made(installation)
    said = files["by-hand.txt"].decode("utf-8")
    assert all(line in said for line in pack_lines.FORMULAS.values())
    manifest = json.loads(files["manifest.json"])
    named = {one["name"]: one["sha256"] for one in manifest["files"]}
    assert named == {name: digest(content) for name, content in files.items() if name != "manifest.json"}

    lines = [json.loads(line) for line in files["ledger.jsonl"].splitlines()]
    bodies = [json.loads(line["body"]) for line in lines]
    assert [digest(b"\x00" + line["body"].encode()) for line in lines] == [line["entry_hash"] for line in lines]
    assert [body["prev"] for body in bodies] == ["0" * 64, *(line["entry_hash"] for line in lines[:-1])]
    exported = [body["act"] for body in bodies if body["kind"] == "exported"]

    left_out = re.compile(r"ledger\.jsonl|records/.*\.json")
    listed = sorted(name for name in named if not left_out.fullmatch(name))
    contents_sha256 = digest(b"\x05" + "".join(f"{named[name]} {name}\n" for name in listed).encode())
    assert [act["contents_sha256"] for act in exported if act["kind"] == "pack_contents"][-1] == contents_sha256

    pairs = {(act.get("sha256"), act.get("record_sha256")) for act in exported}
    for name in (name for name in named if re.fullmatch(r"records/.*\.json", name)):
        record = json.loads(files[name])
        pdf = files[name.replace(".json", ".pdf")]
        assert (digest(pdf), digest(files[name])) in pairs
        for one in record["entries"]:
            salt, details = base64.b64decode(one["salt"]), one["details"].encode()
            promised = json.loads(one["body"])["details_commitment"]
            assert promised == (digest(b"\x02" + salt + details) if salt else "")
    shown = {body["document"]["text_sha256"] for body in bodies if body["document"]}
    assert shown == {named[name] for name in named if re.fullmatch(r"texts/.*\.json", name)} & shown

    keys = {digest(base64.b64decode(key["public"])): key["key"] for key in json.loads(files["keys.json"])}
    assert all(found == name for found, name in keys.items())
    assert set(keys) == {body["act"]["key"] for body in bodies if body["kind"] == "key_rotated"}
    head = manifest["head"]
    assert (head["size"], head["entry_hash"]) == (len(lines), lines[-1]["entry_hash"])
    at, last, key, size = (head[name] for name in ("at", "entry_hash", "key", "size"))
    signed = f'{{"at":"{at}","entry_hash":"{last}","key":"{key}","size":{size},"v":1}}'
    assert rules.head_bytes(head) == b"\x04" + signed.encode()


def test_what_to_read_first_fits_a_narrow_window_and_says_what_to_type(installation: Installation) -> None:
    _row, files = made(installation)
    said = {name: files[name].decode("utf-8") for name in ("README.txt", "by-hand.txt")}
    typed = set(pack_lines.TYPED.values()) | set(pack_lines.FORMULAS.values())
    for text in said.values():
        assert [line for line in text.splitlines() if len(line) > 79 and line.strip() not in typed] == []
        assert "{{" not in text
        assert text.endswith((".\n", "checked\n"))
    assert [line for line in typed if not any(line in text for text in said.values())] == []
    for name in files:
        assert name.split("/")[0] in said["README.txt"] or name == "README.txt", f"{name} is not explained"


def test_people_stand_where_somebody_would_look_for_them(installation: Installation, record: bytes) -> None:
    room, names = installation.school.people.older, ("el-Sayed", "Łukasik", "Eaton", "Lucas", "Zed")
    with installation.database.writing() as db:
        for surname in names:
            row = builders.add_child(
                db,
                forename="Ana",
                surname=surname,
                born_on=dt.date(2017, 5, 4),
                year_group="4",
                class_id=room.id,
                actor=OFFICE,
            )
            evidence.append(db, "blocked", subject=row.pseudonym, act={}, idempotency_key=surname, actor=OFFICE)
    _row, files = made(installation, record, "class", room.public_id)
    for table, column in (("records", 2), ("image-choices", 0)):
        rows = csv.reader(files[f"tables/{table}.csv"].decode("utf-8-sig").splitlines())
        found = [row[column].split(" ", 1)[1] for row in rows if row[column].startswith("Ana ")]
        assert found == ["Eaton", "el-Sayed", "Lucas", "Łukasik", "Zed"], table


def test_a_child_of_whom_nothing_is_recorded_is_in_the_table_of_choices(
    installation: Installation, record: bytes
) -> None:
    room = installation.school.people.older
    with installation.database.writing() as db:
        builders.add_child(
            db,
            forename="Ana",
            surname="Zed",
            born_on=dt.date(2017, 5, 4),
            year_group="4",
            class_id=room.id,
            actor=OFFICE,
        )
        names = {child.full_name for child in people.children(db, room.id)}
    for scope in (("class", room.public_id), ("audience", "children")):
        _row, files = made(installation, record, *scope)
        listed = {row[0] for row in csv.reader(files["tables/image-choices.csv"].decode("utf-8-sig").splitlines())}
        assert names <= listed
        assert "Ana Zed" not in files["tables/records.csv"].decode("utf-8")


def test_a_pack_of_one_day_names_it_once(installation: Installation) -> None:
    with installation.database.reading() as db:
        day = dt.date(2026, 11, 22)
        assert reports.pack_plan(db, reports.Scope("school", "", day, day)).scope["title"] == (
            f"Whole school, {templating.day(day)}"
        )


WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def test_every_name_in_a_pack_can_be_unpacked_anywhere(installation: Installation, record: bytes) -> None:
    row, files = made(installation, record)
    assert len({name.casefold() for name in files}) == len(files)
    for part in (part for name in (*files, row.file_name) for part in name.split("/")):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)", part), part
        assert not WINDOWS.fullmatch(part), part


def test_a_finished_pack_and_each_hand_out_stand_in_the_ledger(installation: Installation, record: bytes) -> None:
    row, _files = made(installation, record)
    whole = writer.path_of(installation.settings.shared, row).read_bytes()
    assert (row.sha256, row.size) == (hashlib.sha256(whole).hexdigest(), len(whole))
    for time in range(2):
        with installation.database.writing() as db:
            packs.hand_out_pack(db, row.public_id, idempotency_key=f"taken {time}", actor=OFFICE)
    with installation.database.reading() as db:
        acts = [entry.body["act"] for entry in evidence.entries_of_kind(db, "exported")]
        assert evidence.verify(db).ok
    mine = [act for act in acts if act.get("pack") == row.public_id]
    assert [act["kind"] for act in mine] == ["pack_contents", "pack", "pack", "pack"]
    assert [act.get("handed_out", False) for act in mine[1:]] == [False, True, True]
    assert {(act["sha256"], act["size"]) for act in mine[1:]} == {(row.sha256, row.size)}


def test_the_scope_decides_who_is_in_it(installation: Installation) -> None:
    people = installation.school.people
    with installation.database.reading() as db:

        def in_pack(*scope: object) -> set[str]:
            return {one.subject for one in reports.pack_plan(db, reports.Scope(*scope)).records}  # type: ignore[arg-type]

        ann, mia, max_ = people.ann.pseudonym, people.mia.pseudonym, people.max.pseudonym
        assert in_pack() == in_pack("year", "2026") == {ann, mia, max_}
        assert in_pack("audience", "parents") == {ann}
        assert in_pack("class", people.older.public_id) <= {ann, mia, max_}
        day = clock.london(clock.now()).date().replace(year=2026, month=11, day=22)
        assert in_pack("school", "", day, day) == {ann, mia, max_}
        for nobody in (("audience", "staff"), ("year", "2031"), ("school", "", day.replace(day=24), None)):
            with pytest.raises(Invalid, match="Nothing was recorded"):
                in_pack(*nobody)
        for wrong in (("audience", "cats"), ("year", "soon"), ("planet", ""), ("school", "", day, day.replace(day=1))):
            with pytest.raises(Invalid):
                in_pack(*wrong)
        with pytest.raises(NotFound):
            in_pack("class", "nobody")


def kept_files(installation: Installation) -> int:
    with installation.database.reading() as db:
        return db.scalar(sa.text("SELECT count(*) FROM document_content")) or 0


def test_records_of_a_written_pack_leave_the_database_but_not_those_handed_out(
    installation: Installation, record: bytes
) -> None:
    order(installation)
    assert write(installation, record) == 3 + 1, "three records and the report"
    assert kept_files(installation) == 1, "the report, which somebody asked for"
    order(installation)
    supply(installation, record)
    writer.make_next(packer_in(installation))
    assert supply(installation, record) == 3 + 1, "records are made again when somebody wants them"
    ann = installation.school.people.ann.pseudonym
    with installation.database.writing() as db:
        (mine,) = [row for row in documents.documents_about(db, ann) if row.kind == "record"]
        documents.note_handed_out(db, mine.public_id)
    write(installation, record)
    assert kept_files(installation) == 2 + 1, "both reports and the record that somebody has"
    order(installation)
    assert write(installation, record) == 2 + 1, "the kept record is still fresh"
    with installation.database.reading() as db:
        assert documents.document_bytes(db, mine.public_id) == record
        assert evidence.verify(db).ok


def copy_of(installation: Installation, folder: Path) -> Installation:
    """The whole installation a second time, as it stands on the disk."""
    shutil.copytree(installation.instance, folder)
    return Installation(folder, Database(f"sqlite:///{folder / 'oval.db'}"), installation.school)


def killed_at(installation: Installation, point: str) -> int:
    environment = {**os.environ, **installation.environment}
    done = subprocess.run([sys.executable, "-c", KILLER, point], cwd=ROOT, env=environment, check=False)
    return done.returncode


def resumed(installation: Installation, public_id: str) -> tuple[str, dict[str, bytes]]:
    installation.pass_time_for_claims()
    installation.work_once()
    row = pack(installation, public_id)
    assert (row.status, row.error) == ("ready", "")
    assert [path.name for path in writer.folder(installation.settings.shared).iterdir()] == [f"{public_id}.zip"]
    files = contents(writer.path_of(installation.settings.shared, row))
    check_manifest(files)
    installation.database.dispose()
    return row.sha256, files


def lasting(files: dict[str, bytes]) -> dict[str, str]:
    """Names and hashes of what does not tell the moment at which this very file was settled."""
    stamp = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d")
    kept = {name: stamp.sub(b"", files[name]) for name in files if name != "manifest.json"}
    kept["ledger.jsonl"] = kept["ledger.jsonl"].rsplit(b"\n", 2)[0]  # its last entry names the files, with that moment
    return {name: hashlib.sha256(content).hexdigest() for name, content in kept.items()}


def test_wherever_the_worker_is_killed_the_next_one_ends_with_the_same_content(
    installation: Installation, record: bytes, tmp_path: Path
) -> None:
    ordered = order(installation)
    settings = installation.settings
    seals = evidence.SealPress(worker.keyring(settings), school_name=settings.school.name)
    with installation.database.writing() as db:
        seals.ring.prepare(db, school_name=settings.school.name, actor=OFFICE)
    assert writer.make_next(packer_of(settings, installation.database, seals)), "documents are wanted"
    assert supply(installation, record) == 3 + 1
    installation.database.dispose()
    reference = copy_of(installation, tmp_path / "whole")
    assert killed_at(reference, "nowhere") == 0
    _digest, expected = resumed(reference, ordered.public_id)
    assert len(expected) > 20
    for number, point in enumerate(POINTS):
        broken = copy_of(installation, tmp_path / str(number))
        assert killed_at(broken, point) == -signal.SIGKILL, point
        broken.database.dispose()
        twin = copy_of(broken, tmp_path / f"{number} again")
        digest, found = resumed(broken, ordered.public_id)
        assert lasting(found) == lasting(expected), point
        if point in SETTLED:
            assert resumed(twin, ordered.public_id)[0] == digest, f"{point}: settled, and yet not the same bytes"


def test_a_worker_killed_while_records_are_made_is_followed_by_one_that_makes_the_rest(
    installation: Installation, workers: Callable[[], subprocess.Popen[bytes]], until: Waits
) -> None:
    ordered = order(installation)

    def ready() -> int:
        with installation.database.reading() as db:
            return documents.pending_documents(db).ready

    first = workers()
    until(lambda: ready() >= 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert pack(installation, ordered.public_id).status == "collecting"
    installation.pass_time_for_claims()
    installation.work_once()
    assert pack(installation, ordered.public_id).status == "ready"
    check_manifest(contents(writer.path_of(installation.settings.shared, pack(installation, ordered.public_id))))
    with installation.database.reading() as db:
        exported = [entry.body["act"] for entry in evidence.entries_of_kind(db, "exported")]
        assert sum(act["kind"] == "record" for act in exported) == 3, "each record was made once"
        assert evidence.verify(db).ok


def test_a_cancelled_pack_leaves_nothing_behind_and_goes_on_when_told(
    installation: Installation, record: bytes
) -> None:
    ordered = order(installation)
    assert order(installation) == ordered, "the same while it is being made is that one"
    with installation.database.writing() as db:
        packs.cancel_pack(db, ordered.public_id)
    write(installation, record)
    assert pack(installation, ordered.public_id).status == "cancelled"
    assert not writer.folder(installation.settings.shared).exists()
    with installation.database.writing() as db:
        assert packs.resume_pack(db, ordered.public_id).status == "queued"
    write(installation, record)
    assert pack(installation, ordered.public_id).status == "ready"


def test_cancelling_a_pack_frees_the_queue_for_the_next_one(installation: Installation, record: bytes) -> None:
    first = order(installation)
    writer.make_next(packer_in(installation))
    second = order(installation, "audience", "parents")
    with installation.database.writing() as db:
        waiting = documents.pending_documents(db).waiting
        packs.cancel_pack(db, first.public_id)
        assert (waiting, documents.pending_documents(db).waiting) == (4, 1), "the record that the other wants too"
    write(installation, record)
    assert pack(installation, second.public_id).status == "ready"
    with installation.database.writing() as db:
        packs.resume_pack(db, first.public_id)
    write(installation, record)
    assert pack(installation, first.public_id).status == "ready"


def test_a_small_pack_overtakes_a_large_one_that_is_being_made(
    installation: Installation, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = order(installation)
    monkeypatch.setattr(making, "SMALL", large.total - 1)
    packer = packer_in(installation)
    writer.make_next(packer)
    small = order(installation, "audience", "parents")
    writer.make_next(packer)
    while pack(installation, small.public_id).is_open:
        supply(installation, record, most=1)
        writer.make_next(packer)
    assert pack(installation, large.public_id).is_open
    write(installation, record)
    assert pack(installation, large.public_id).status == "ready"


def test_a_pack_cancelled_while_it_is_written_is_not_finished(
    installation: Installation, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = order(installation)
    monkeypatch.setattr(writer, "BEAT_SECONDS", 0.0)

    def cancel(*_args: object) -> None:
        with installation.database.writing() as db:
            packs.cancel_pack(db, ordered.public_id)

    monkeypatch.setattr(writer, "_add_document", cancel)
    write(installation, record)
    assert pack(installation, ordered.public_id).status == "cancelled"
    assert list(writer.folder(installation.settings.shared).iterdir()) == []


def test_a_document_that_cannot_be_made_fails_the_pack_with_its_reason_until_it_can(
    installation: Installation, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = order(installation, "audience", "parents")
    impatient = dataclasses.replace(queue._queue, max_attempts=1, back_off=())
    monkeypatch.setattr(queue, "_queue", impatient)
    with monkeypatch.context() as broken:

        def no_paper(*_args: object, **_values: object) -> printing.PrintJob:
            raise printing.RenderFailed("There is no paper.")

        broken.setattr(reports, "paper", no_paper)
        installation.work_once()
        installation.work_once()
    row = pack(installation, ordered.public_id)
    assert (row.status, row.error) == ("failed", "2 documents could not be made: There is no paper.")
    with installation.database.reading() as db:
        assert [need.beside for need in reports.needs(db, 2026)["pack-failed"]] == [row.error]
    with installation.database.writing() as db:
        packs.resume_pack(db, row.public_id)
    write(installation, record)
    assert pack(installation, row.public_id).status == "ready"


def test_a_pack_goes_after_its_days_and_its_ledger_entry_stays(installation: Installation, record: bytes) -> None:
    row, _files = made(installation, record)
    path = writer.path_of(installation.settings.shared, row)
    stranger = path.with_name("0000.1.part")
    stranger.touch()
    writer.sweep(installation.settings.shared, installation.database, keep_days=installation.settings.pack_days)
    assert path.exists()
    clock.travel_to(clock.now().replace(year=clock.now().year + 1))
    writer.sweep(installation.settings.shared, installation.database, keep_days=installation.settings.pack_days)
    assert not path.exists()
    assert pack(installation, row.public_id).status == "deleted"
    with installation.database.reading() as db:
        assert row.sha256 in [entry.body["act"].get("sha256") for entry in evidence.entries_of_kind(db, "exported")]
