"""The checker that travels in every pack finds each kind of change with bare Python, and nothing else."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import quopri
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oval_aup import evidence, printing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.canonical import canonical
from oval_aup.core.db import Database
from oval_aup.verifier import bundle, openssl_export, pack_check, rules
from tests.evidence.paper_trail import PaperTrail, lay


def list_files(folder: Path, **more: object) -> None:
    """Write the manifest anew, as somebody does who covers up a change."""
    path = folder / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each != path)
    facts["files"] = [
        {
            "name": each.relative_to(folder).as_posix(),
            "sha256": hashlib.sha256(each.read_bytes()).hexdigest(),
            "size": each.stat().st_size,
        }
        for each in files
    ]
    path.write_text(json.dumps({**facts, **more}), encoding="utf-8")


def lines(database: Database) -> list[dict[str, Any]]:
    with database.reading() as db:
        size = evidence.head(db).size
        rows = evidence.bare_entries(db, range(1, size + 1))
    return [{"seq": row.seq, "entry_hash": row.entry_hash, "body": row.body.decode("utf-8")} for row in rows]


def write_ledger(folder: Path, entries: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    (folder / "ledger.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def trail(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperTrail]:
    folder = tmp_path_factory.mktemp("trail")
    shutil.copy(migrated_file, folder / "oval.db")
    database = Database(f"sqlite:///{folder / 'oval.db'}")
    with printing.RenderPool(folder, renderers=1, seconds=60) as press:
        yield lay(database, folder, press)
    database.dispose()


@pytest.fixture
def pack(trail: PaperTrail, tmp_path: Path) -> Path:
    """A folder as a pack's ZIP unpacks to."""
    folder = tmp_path / "pack"
    for part in ("records", "tables"):
        (folder / part).mkdir(parents=True)
    (folder / "records" / "00001.pdf").write_bytes(trail.receipt)
    (folder / "records" / "00001.json").write_bytes(trail.record)
    (folder / "tables" / "records.csv").write_text("Number,Name\n1,Nadia Khan\n", encoding="utf-8")
    (folder / "README.txt").write_text("Read me.", encoding="utf-8")
    (folder / bundle.checker().name).write_bytes(bundle.checker().content)
    with trail.database.reading() as db:
        (folder / "keys.json").write_text(json.dumps([key.facts for key in evidence.register(db)]), encoding="utf-8")
    settle(folder, trail, tmp_path)
    return folder


def settle(folder: Path, trail: PaperTrail, place: Path) -> None:
    """Enter what is in the folder in a copy of the ledger, and add that and the list of files."""
    list_files(folder, v=1)
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    with trail.copy(place) as copied:
        with copied.writing() as db:
            act = {
                "kind": "pack_contents",
                "contents_sha256": rules.contents_hash({each["name"]: each["sha256"] for each in listed}),
            }
            evidence.append(db, "exported", subject="school", act=act, idempotency_key="contents", actor=SYSTEM)
            head = evidence.signed_head(db, trail.ring).facts
        write_ledger(folder, lines(copied))
    list_files(folder, head=head)


def run(folder: Path, *words: str, path: str = os.environ["PATH"]) -> tuple[int, str]:
    """Bare Python: no site packages, no environment, no folder of ours."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *words]
    done = subprocess.run(command, cwd="/", env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def test_a_pack_as_it_was_made_is_in_order(pack: Path) -> None:
    code, found = run(pack)
    assert (code, found.count("FAULT")) == (0, 0), found
    assert "one unbroken chain of 9 entries" in found
    assert "The school signed this ledger" in found
    assert "1 PDFs are byte for byte" in found
    assert not list(pack.rglob("__pycache__"))


ALWAYS_YES = b"import sys\nprint('Everything is in order.')\nsys.exit(0)\n"


def test_a_checker_that_always_says_yes_is_found_by_the_one_from_elsewhere(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "verify.py").write_bytes(bundle.checker().content)
    assert run(tmp_path / "downloads", str(pack))[0] == 0
    (pack / "verify.py").write_bytes(ALWAYS_YES)
    list_files(pack)
    assert run(pack)[0] == 0  # which is why nobody should rely on it
    code, found = run(tmp_path / "downloads", str(pack))
    assert code == 1
    assert "The ledger does not name this set of files" in found


def test_the_checker_is_one_file_that_holds_the_very_rules_of_the_product(tmp_path: Path) -> None:
    made = bundle.checker()
    assert hashlib.sha256(made.content).hexdigest() == made.sha256
    assert Path(rules.__file__).read_bytes() in made.content
    assert b"from oval_aup" not in made.content


def test_without_any_way_to_check_a_signature_it_says_how(pack: Path, tmp_path: Path) -> None:
    code, found = run(pack, path=str(tmp_path))
    assert code == 1
    assert "needs OpenSSL" in found
    assert "FAULT" not in found


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        text = path.read_bytes()
        assert old.encode() in text
        path.write_bytes(text.replace(old.encode(), new.encode(), 1))

    return spoil


def behind(folder: Path) -> None:
    path = folder / "records" / "00001.pdf"
    path.write_bytes(path.read_bytes() + b" ")


def with_entries(alter: Callable[[list[dict[str, Any]]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        entries = [json.loads(line) for line in (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
        alter(entries)
        write_ledger(folder, entries)

    return spoil


def with_record(alter: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "records" / "00001.json"
        facts = json.loads(path.read_bytes())
        alter(facts)
        path.write_text(json.dumps(facts), encoding="utf-8")

    return spoil


def rewrite_chain(entries: list[dict[str, Any]]) -> None:
    """Everything from entry 4 on computed anew."""
    prev = entries[2]["entry_hash"]
    for entry in entries[3:]:
        facts = json.loads(entry["body"])
        facts["prev"] = prev
        if facts["seq"] == 4:
            facts["act"] = {"number": 99}
        entry["body"] = canonical(facts).decode("utf-8")
        prev = entry["entry_hash"] = rules.entry_hash(entry["body"].encode("utf-8"))


def another_key(folder: Path) -> None:
    keys = json.loads((folder / "keys.json").read_bytes())
    public = os.urandom(32)
    keys[0] |= {"public": base64.b64encode(public).decode(), "key": rules.key_id(public)}
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")


def manifest_head(**facts: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_bytes())
        manifest["head"] |= facts
        path.write_text(json.dumps(manifest), encoding="utf-8")

    return spoil


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an entry edited": (
        change("ledger.jsonl", '\\"number\\":4', '\\"number\\":5'),
        "Entry 4 of the ledger was changed",
    ),
    "an entry taken out": (with_entries(lambda e: e.pop(4)), "Entry 5 of the ledger is missing"),
    "the first entry taken out": (with_entries(lambda e: e.pop(0)), "Entry 1 of the ledger is missing"),
    "the end cut off": (with_entries(lambda e: e.pop()), "signed a ledger of 9 entries"),
    "entries exchanged": (with_entries(lambda e: e.insert(3, e.pop(4))), "Entry 4 of the ledger is missing"),
    "an entry twice": (with_entries(lambda e: e.append(e[-1])), "Entry 10 of the ledger is missing"),
    "the chain computed anew": (with_entries(rewrite_chain), "signed a ledger of 9 entries, and it is not this one"),
    "no ledger": (lambda folder: (folder / "ledger.jsonl").unlink(), "ledger.jsonl is missing"),
    "a line that is none": (lambda folder: (folder / "ledger.jsonl").write_text("[[["), "Line 1 of the ledger"),
    "a byte behind a PDF": (behind, "00001.pdf: no entry"),
    "a record's entry": (with_record(lambda f: f["entries"][0].update(body="{}")), "00001.json: An entry"),
    "a record's details": (change("records/00001.json", "Person 3", "Parson 3"), "personal details of entry 3"),
    "an entry out of a record": (with_record(lambda f: f["entries"].pop(1)), "not the record that its PDF carries"),
    "a record without PDF": (lambda folder: (folder / "records/00001.pdf").unlink(), "that it belongs to is missing"),
    "another key": (another_key, "does not hold the keys"),
    "no keys": (lambda folder: (folder / "keys.json").write_text("[]"), "does not hold the keys"),
    "the head's size": (manifest_head(size=7), "does not fit"),
    "the head's time": (manifest_head(at="2020-01-01T00:00:00.000000Z"), "does not fit"),
    "the head's signature": (manifest_head(signature="A" * 86 + "=="), "does not fit"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_found_even_under_a_new_manifest(pack: Path, kind: str) -> None:
    spoil, sentence = CHANGES[kind]
    spoil(pack)
    list_files(pack)
    code, found = run(pack)
    assert code == 1
    assert sentence in found, found
    assert "NOT IN ORDER" in found


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (change("tables/records.csv", "Nadia", "Nadja"), "tables/records.csv was changed"),
        (lambda folder: (folder / "README.txt").unlink(), "README.txt is missing"),
        (lambda folder: (folder / "records" / "00002.pdf").write_text("%PDF-"), "00002.pdf was added"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is missing or damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing or damaged"),
    ],
)
def test_every_file_is_held_to_the_manifest(pack: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    spoil(pack)
    code, found = run(pack)
    assert code == 1
    assert sentence in found


@pytest.mark.parametrize("kind", ["an entry edited", "the first entry taken out", "no ledger", "a line that is none"])
def test_a_fault_in_the_ledger_accuses_no_file_that_is_as_it_was(pack: Path, kind: str) -> None:
    CHANGES[kind][0](pack)
    list_files(pack)
    found = run(pack)[1]
    accused = [line for line in found.splitlines() if "FAULT" in line]
    assert not [line for line in accused if "records/" in line or "texts/" in line or "keys.json" in line], found
    assert "left unchecked from there on" in found
    assert "ok  " not in found.split("left unchecked", 1)[1], "what was not compared is not called in order"


def test_one_fault_is_one_fault(pack: Path) -> None:
    (pack / "more.txt").write_text("more", encoding="utf-8")
    assert "NOT IN ORDER: 1 fault.\n" in run(pack)[1]


def exchanged(folder: Path) -> None:
    """Somebody else's record under a number: both whole, and named in another order."""
    for ending in ("pdf", "json"):
        (folder / "records" / f"00001.{ending}").rename(folder / "records" / f"00002.{ending}")


def taken_out(folder: Path) -> None:
    for ending in ("pdf", "json"):
        (folder / "records" / f"00001.{ending}").unlink()


REPACKED: dict[str, Callable[[Path], object]] = {
    "a name in a table": change("tables/records.csv", "Nadia", "Nadja"),
    "a sentence to read": change("README.txt", "Read me.", "Trust me."),
    "a rule of the checker": change("verify.py", "RECORD_LIMIT = 4", "RECORD_LIMIT = 5"),
    "the times of a key": change("keys.json", '"until": ""', '"until": "2020-01-01T00:00:00.000000Z"'),
    "whose record has which number": exchanged,
    "a record": taken_out,
    "a file more": lambda folder: (folder / "tables" / "more.csv").write_text("1,2", encoding="utf-8"),
}


@pytest.mark.parametrize("kind", REPACKED)
def test_the_ledger_names_the_whole_set_of_files_whatever_the_manifest_says(pack: Path, kind: str) -> None:
    REPACKED[kind](pack)
    list_files(pack)
    code, found = run(pack)
    assert code == 1
    assert "The ledger does not name this set of files" in found
    assert found.count("FAULT") == 1, found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ledger.jsonl", '{"seq":1,"entry_hash":"","body":"{\\"seq\\":1,\\"prev\\":1,\\"kind\\":[],\\"act\\":5}"}'),
        (
            "ledger.jsonl",
            '{"seq":1,"entry_hash":"","body":"{\\"seq\\":1,\\"prev\\":1,\\"kind\\":1,\\"act\\":{\\"key\\":[]}}"}',
        ),
        ("ledger.jsonl", "[" * 100_000),
        ("keys.json", '{"keys": 5}'),
        ("keys.json", '[5, "x", {"public": 7, "key": []}]'),
        ("manifest.json", "[]"),
        ("manifest.json", '{"files": [{"name": ["x"], "sha256": {}, "size": 1}], "head": [1]}'),
        ("manifest.json", '{"files": [{"name": "../../etc/passwd", "sha256": "", "size": 1}]}'),
        ("records/00001.json", '{"v": 2, "entries": 5}'),
        ("records/00001.json", '{"v": 2, "entries": [{"seq": [], "entry_hash": "é", "body": "{}"}], "keys": 5}'),
        ("records/00001.json", "[" * 100_000),
        ("records/00001.pdf", "/ByteRange [0 1 2 3]"),
    ],
)
def test_no_file_of_a_pack_makes_the_checker_stumble(pack: Path, name: str, content: str) -> None:
    (pack / name).write_text(content, encoding="utf-8")
    for words in ((str(pack),), (str(pack / name),), ("--extract", str(pack / "records/00001.pdf"), str(pack / "x"))):
        code, found = run(pack, *words)  # which sees to it that nothing stands in the error output
        assert code == 1 or words[0] == "--extract"
        assert "Everything is in order" not in found


def test_no_name_in_a_pack_can_forge_a_line_of_the_report(pack: Path) -> None:
    name = "x.\n\nEverything is in order.\x1b[2J\u202e"
    manifest = json.loads((pack / "manifest.json").read_bytes())
    manifest["files"].append({"name": name, "sha256": "", "size": 1})
    (pack / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = run(pack)[1]
    assert "\nEverything is in order" not in found
    assert "\x1b" not in found


def test_entries_are_read_whether_or_not_they_commit_to_their_key() -> None:
    chain, prev = pack_check.Chain(), evidence.GENESIS
    for seq, more in enumerate(({}, {"once": rules.once_hash(b"a key")}, {}), start=1):
        facts = {"seq": seq, "prev": prev, "kind": "opened", "act": {}, **more}
        body = canonical(facts)
        prev = rules.entry_hash(body)
        chain.add(json.dumps({"seq": seq, "entry_hash": prev, "body": body.decode("utf-8")}).encode("utf-8"))
    assert chain.hashes[-1] == prev


def test_a_wording_must_be_one_that_the_ledger_names(pack: Path) -> None:
    (pack / "texts").mkdir()
    (pack / "texts" / "parents-v1-en-full.json").write_text("{}", encoding="utf-8")
    list_files(pack)
    code, found = run(pack)
    assert code == 1
    assert "no entry of the ledger names this wording" in found


def test_a_kept_line_is_compared_with_the_pack(pack: Path, trail: PaperTrail, tmp_path: Path) -> None:
    kept = rules.head_text(json.loads(trail.record)["head"])
    assert run(pack, "--head", kept, str(pack))[0] == 0
    (tmp_path / "message.eml").write_bytes(b"Subject: A line\n\n" + quopri.encodestring(kept.encode("ascii")))
    (tmp_path / "record.json").write_bytes(trail.record)
    (tmp_path / "receipt.pdf").write_bytes(trail.receipt)
    for word in ("message.eml", "record.json", "receipt.pdf"):
        code, found = run(pack, "--head", str(tmp_path / word), str(pack))
        assert (code, found.count("The line you kept, of 6 entries, is part of this ledger")) == (0, 1)
    code, found = run(pack, "--head", kept, "--head", kept.replace(" 6 ", " 5 "), str(pack))
    assert (code, found.count("The line you kept")) == (1, 2)
    strange = rules.head_text({**json.loads(trail.record)["head"], "key": "0" * 64})
    assert "written anew with other keys" in run(pack, "--head", strange, str(pack))[1]
    assert "holds no ledger" in run(pack, "--head", kept, str(tmp_path / "record.json"))[1]
    code, found = run(pack, "--head", kept.replace(" 6 ", " 5 "), str(pack))
    assert code == 1
    assert "The line you kept cannot be used" in found


def later_lines(trail: PaperTrail, place: Path) -> tuple[str, str]:
    """Two lines of a ledger that went on: one with the key of before, one with the next."""
    place.mkdir()
    with trail.copy(place) as copied, copied.writing() as db:
        for number in range(3):
            evidence.append(db, "opened", subject="1" * 32, act={}, idempotency_key=f"later {number}", actor=SYSTEM)
        first = evidence.signed_head(db, trail.ring).text
        trail.ring.rotate(db, "head", school_name="The Oval School", actor=SYSTEM)
        return first, evidence.signed_head(db, trail.ring).text


def test_a_line_that_is_younger_than_the_pack_accuses_nobody(pack: Path, trail: PaperTrail, tmp_path: Path) -> None:
    """A receipt of three years later, maybe with a later key, held against a pack of today."""
    now = clock.now()
    clock.travel_to(now + dt.timedelta(days=900))
    for line in later_lines(trail, tmp_path / "later"):
        code, found = run(pack, "--head", line, str(pack))
        assert (code, found.count("FAULT")) == (1, 0), found
        assert "after this pack: a later pack can show it" in found
    clock.travel_to(now - dt.timedelta(days=900))
    faults = ("names 11 entries; this ledger has 9", "does not register")
    for line, fault in zip(later_lines(trail, tmp_path / "earlier"), faults, strict=True):
        code, found = run(pack, "--head", line, str(pack))
        assert (code, found.count("FAULT")) == (1, 1), found
        assert fault in found


def test_a_line_lost_with_a_backup_gone_back_to_is_explained_by_the_ledger_itself() -> None:
    chain = pack_check.Chain()
    facts = {"seq": 1, "prev": evidence.GENESIS, "at": "2026-11-10T09:00:00.000000Z", "kind": "restored"}
    body = canonical({**facts, "act": {"backup_size": 5, "known_size": 6}})
    line = {"seq": 1, "entry_hash": rules.entry_hash(body), "body": body.decode("utf-8")}
    chain.add(json.dumps(line).encode("utf-8"))
    assert [bool(chain.lost(size)) for size in (5, 6, 7)] == [False, True, False]
    assert "in entry 1, that on 2026-11-10 the school went back to a backup which ended at entry 5" in chain.lost(6)


def test_a_seal_is_taken_apart_for_openssl_and_only_the_schools_key_will_do(pack: Path, tmp_path: Path) -> None:
    code, said = run(pack, "--extract", str(pack / "records" / "00001.pdf"), str(tmp_path / "apart"))
    assert code == 0
    assert openssl_export.SEAL_BY_OPENSSL in said
    command = openssl_export.SEAL_BY_OPENSSL.split()
    assert subprocess.run(command, cwd=tmp_path / "apart", capture_output=True, check=False).returncode == 0
    for name, content in (("covered", b"something else"), ("school.pem", b"")):
        kept = (tmp_path / "apart" / name).read_bytes()
        (tmp_path / "apart" / name).write_bytes(content)
        assert subprocess.run(command, cwd=tmp_path / "apart", capture_output=True, check=False).returncode != 0
        (tmp_path / "apart" / name).write_bytes(kept)


def test_the_seal_of_a_receipt_alone_is_taken_apart_with_the_keys_it_brings_along(
    pack: Path, trail: PaperTrail, tmp_path: Path
) -> None:
    (tmp_path / "receipt.pdf").write_bytes(trail.receipt)
    code, said = run(pack, "--extract", str(tmp_path / "receipt.pdf"), str(tmp_path / "apart"))
    assert code == 0
    assert "comes out of the very file" in said
    seals = [key["key"] for key in json.loads(trail.record)["keys"] if key["use"] == "seal"]
    assert seals
    assert all(name in said for name in seals)
    command = openssl_export.SEAL_BY_OPENSSL.split()
    assert subprocess.run(command, cwd=tmp_path / "apart", capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["manifest.json", "records/00001.json"])
def test_the_schools_signature_is_taken_apart_for_openssl(pack: Path, tmp_path: Path, name: str) -> None:
    code, said = run(pack, "--extract", str(pack / name), str(tmp_path / "apart"))
    assert code == 0, said
    assert openssl_export.HEAD_BY_OPENSSL in said
    assert json.loads((pack / name).read_bytes())["head"]["key"] in said
    command = openssl_export.HEAD_BY_OPENSSL.split()
    assert subprocess.run(command, cwd=tmp_path / "apart", capture_output=True, check=False).returncode == 0
    (tmp_path / "apart" / "message").write_bytes(b"\x04{}")
    assert subprocess.run(command, cwd=tmp_path / "apart", capture_output=True, check=False).returncode != 0


def test_what_is_taken_apart_never_lies_in_the_pack(pack: Path) -> None:
    code, said = run(pack, "--extract", str(pack / "manifest.json"), str(pack / "records" / "apart"))
    assert code == 1
    assert "lies inside a pack" in said
    assert not (pack / "records" / "apart").exists()
    code, said = run(pack, "--extract", str(pack / "tables" / "records.csv"), str(pack.parent / "apart"))
    assert (code, said.count("FAULT")) == (1, 1)


def test_what_a_computer_leaves_in_folders_by_itself_is_no_fault(pack: Path) -> None:
    for name in (".DS_Store", "records/Thumbs.db", "tables/.~lock.records.csv#"):
        (pack / name).write_bytes(b"left here")
    assert run(pack)[0] == 0
    (pack / "tables" / "more.csv").write_bytes(b"left here")
    assert run(pack)[0] == 1


def test_single_files_are_checked_as_far_as_they_go(pack: Path, tmp_path: Path) -> None:
    code, found = run(pack, str(pack / "records" / "00001.json"), str(pack / "records" / "00001.pdf"))
    assert code == 1
    assert "FAULT" not in found
    assert "Only the ledger shows" in found
    (tmp_path / "odd.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "odd.pdf").write_text("%PDF-", encoding="utf-8")
    assert (
        run(pack, str(tmp_path / "odd.json"), str(tmp_path / "odd.pdf"), str(tmp_path / "none"))[1].count("FAULT") == 3
    )


def try_alone(folder: Path, *words: str, path: str = os.environ["PATH"]) -> str:
    """Python as people call it, standing in the folder of the checker."""
    command = [sys.executable, "verify.py", *words]
    done = subprocess.run(command, cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout


def test_nothing_that_lies_beside_the_checker_is_run(pack: Path) -> None:
    for name in ("__future__", "base64", "hashlib", "json", "pathlib", "stat", "typing", "zlib"):
        (pack / f"{name}.py").write_text("print('Everything is in order.')\nraise SystemExit(0)\n", encoding="utf-8")
    found = try_alone(pack)
    assert "json.py was added" in found
    assert "Everything is in order" not in found


def test_no_program_that_lies_where_somebody_stands_vouches_for_a_signature(pack: Path) -> None:
    manifest_head(signature="A" * 86 + "==")(pack)
    program = pack / "openssl"
    program.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    program.chmod(0o755)
    command = [sys.executable, "-I", "-S", "verify.py"]
    done = subprocess.run(command, cwd=pack, env={"PATH": "."}, capture_output=True, text=True, check=False)
    assert "The school signed this ledger" not in done.stdout
    assert "needs OpenSSL" in done.stdout


def test_files_of_an_older_pack_beside_a_newer_ledger_are_told_apart(
    pack: Path, trail: PaperTrail, tmp_path: Path
) -> None:
    entries = [json.loads(line) for line in (pack / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    at = json.loads(entries[-1]["body"])["at"]
    assert f"names this very set of files, at {at}" in run(pack)[1]
    (tmp_path / "later").mkdir()
    with trail.copy(tmp_path / "later") as copied:
        with copied.writing() as db:
            act = json.loads(entries[-1]["body"])["act"]
            evidence.append(db, "exported", subject="school", act=act, idempotency_key="contents", actor=SYSTEM)
            evidence.append(db, "opened", subject="school", act={}, idempotency_key="later", actor=SYSTEM)
            head = evidence.signed_head(db, trail.ring).facts
        write_ledger(pack, lines(copied))
    list_files(pack, head=head)
    code, found = run(pack)
    assert (code, found.count("FAULT")) == (1, 1), found
    assert "names this set of files in entry 9" in found
    assert "goes on to entry 10: these are the files of an older pack" in found


def beside(folder: Path) -> None:
    """A line of the ledger that says something more to whoever reads it."""
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"seq": 4,', b'{"seq": 4, "who": "Nadia Khan refused",', 1))


def before(folder: Path) -> None:
    """Two bodies of one entry, of which the last one counts for most readers."""
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"seq": 4,', b'{"seq": 4, "body": "Nadia Khan refused",', 1))


@pytest.mark.parametrize("spoil", [beside, before])
def test_nothing_stands_in_the_ledger_of_a_pack_that_no_hash_holds(pack: Path, spoil: Callable[[Path], None]) -> None:
    spoil(pack)
    list_files(pack)
    assert "Line 4 of the ledger is no entry" in run(pack)[1]


@pytest.mark.parametrize("name", ["ledger.jsonl", "manifest.json", "keys.json", "records/00001.pdf", "more.json"])
@pytest.mark.parametrize("kind", ["pipe", "endless", "loop"])
def test_what_is_no_file_is_a_fault_and_keeps_nobody_waiting(pack: Path, name: str, kind: str) -> None:
    (pack / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(pack / name)
    else:
        (pack / name).symlink_to("/dev/zero" if kind == "endless" else pack)
    command = [sys.executable, "-I", "-S", str(pack / "verify.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (1, "")
    assert name in done.stdout


def test_a_file_larger_than_any_of_ours_is_not_read(pack: Path) -> None:
    with (pack / "records" / "00001.pdf").open("r+b") as file:
        file.truncate(1 << 42)
    manifest = json.loads((pack / "manifest.json").read_bytes())
    for each in manifest["files"]:
        if each["name"] == "records/00001.pdf":
            each["size"] = 1 << 42
    (pack / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "records/00001.pdf: It is too large." in run(pack)[1]
    assert "cannot be read: it is too large" in run(pack, str(pack / "records" / "00001.pdf"))[1]


def test_folders_within_folders_are_looked_through_to_the_last(pack: Path) -> None:
    deep = pack
    for _step in range(1500):
        deep = deep / "d"
        deep.mkdir()
    (deep / "more.pdf").write_text("%PDF-", encoding="utf-8")
    assert "more.pdf was added" in run(pack)[1]
    (deep / "more.pdf").unlink()
    while deep != pack:  # what tidies up after tests goes no deeper than Python does
        deep.rmdir()
        deep = deep.parent


def test_a_file_that_is_called_like_an_option_ends_in_no_yes(pack: Path) -> None:
    assert run(pack, "--help")[0] == 0
    assert run(pack, "--help", str(pack / "records" / "00001.pdf"))[0] == 1


def test_a_seal_taken_apart_says_whose_certificates_lie_beside_it(pack: Path, tmp_path: Path) -> None:
    said = run(pack, "--extract", str(pack / "records" / "00001.pdf"), str(tmp_path / "apart"))[1]
    assert f"What is in school.pem comes from {pack / 'keys.json'}." in said
    (pack / "keys.json").write_text("[" * 100_000, encoding="utf-8")
    code, said = run(pack, "--extract", str(pack / "records" / "00001.pdf"), str(tmp_path / "apart"))
    assert (code, "FAULT" in said) == (1, True)
