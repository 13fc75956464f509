"""Every way to change a document or a record file is noticed and named, and what is genuine is called so."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import re
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import utils
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from oval_aup import evidence, printing, verification
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.canonical import canonical
from oval_aup.core.db import Database
from oval_aup.evidence import seal
from oval_aup.monitoring import ledger_audit
from oval_aup.verification import sandbox as inspection_sandbox
from oval_aup.verifier import bundle, rules
from oval_aup.verifier.rules import RECORD_NAME
from tests.evidence.paper_trail import LIMIT, NOW, SCHOOL, PaperTrail, as_intruder, lay, sign


@pytest.fixture(scope="module")
def trail(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperTrail]:
    folder = tmp_path_factory.mktemp("trail")
    path = folder / "oval.db"
    path.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{path}")
    with printing.RenderPool(folder, renderers=1, seconds=60) as press:
        yield lay(database, folder, press)
    database.dispose()


def said(finding: verification.Finding) -> str:
    return " ".join(finding.reasons)


def test_a_receipt_as_it_was_given_out_is_genuine(trail: PaperTrail) -> None:
    finding = trail.examine(trail.receipt)
    assert finding.verdict == "genuine"
    assert "entry 7 of the school’s ledger" in said(finding)
    assert (finding.kind, finding.entries, finding.ledger_fault) == ("receipt", 4, "")
    assert finding.document == json.loads(trail.record)["document"]
    assert finding.made_at is not None
    assert dt.timedelta(0) < finding.made_at - NOW < dt.timedelta(days=31)


def test_a_seal_of_ours_does_not_vouch_for_what_the_ledger_does_not_name(trail: PaperTrail) -> None:
    """Whoever has the sealing key can put other words around the genuine record of somebody else’s receipt."""
    for content in (trail.unlisted, trail.seal(trail.printed(trail.record, "You agreed to every picture."))):
        finding = trail.judge(content)
        assert finding.verdict == "cannot_confirm"
        assert "covers the whole file" in said(finding)
        assert "this one is not listed" in said(finding)
        assert "Rely on the record" in said(finding)
        assert "its ledger does not list" in finding.ledger_fault


def test_the_record_file_alone_is_genuine_as_it_was_given_out(trail: PaperTrail) -> None:
    finding = trail.judge(trail.record)
    assert finding.verdict == "genuine"
    assert finding.ledger_fault == ""
    assert finding.entries == 4


# --- PDFs -----------------------------------------------------------------------------------------------------------


def rewritten(pdf: bytes, change: Callable[[pikepdf.Pdf], None] = lambda _opened: None) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        change(opened)
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def another_page(opened: pikepdf.Pdf) -> None:
    opened.add_blank_page()


def without_seal(opened: pikepdf.Pdf) -> None:
    del opened.Root["/AcroForm"]
    for page in opened.pages:
        if "/Annots" in page:
            del page["/Annots"]


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """A change written behind the sealed bytes, which stay as they were."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def note_added(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 50))),
            generic.pdf_name("/Contents"): generic.pdf_string("I never agreed."),
        }
    )
    reference = writer.add_object(note)
    notes = page.get("/Annots", generic.ArrayObject())
    page["/Annots"] = generic.ArrayObject([*notes, reference])
    writer.mark_update(page.container_ref) if page.container_ref else writer.update_root()


def content_replaced(writer: IncrementalPdfFileWriter) -> None:
    reference = writer.root["/Pages"]["/Kids"].raw_get(0)
    page = reference.get_object()
    stream = generic.StreamObject(stream_data=b"BT /F1 20 Tf 50 700 Td (Something else) Tj ET")
    page["/Contents"] = writer.add_object(stream)
    writer.mark_update(reference)


def page_appended(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"BT ET")
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
    page: Any = PageObject(contents=writer.add_object(stream), media_box=box)
    writer.insert_page(page)


def moved_aside(pdf: bytes) -> bytes:
    """Signature wrapping: the sealed second part is moved back, and other content put in the room before it."""
    start, length, after, rest = map(int, re.search(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", pdf).groups())  # type: ignore[union-attr]
    evil = b"\n% other objects and another table of them stand here\n"
    old = f"/ByteRange [{start} {length} {after} {rest}".encode()
    new = f"/ByteRange [{start} {length} {after + len(evil)} {rest}".encode()
    head = pdf[:after].replace(old, new[: len(old)].ljust(len(old)))
    return head + evil + pdf[after:]


def forged(value: bytes) -> Callable[[bytes], bytes]:
    """Universal signature forgery: the reach of the seal says nothing, so that a careless reader checks nothing."""
    return lambda pdf: re.sub(rb"/ByteRange\s*\[[^\]]*\]", lambda found: value.ljust(len(found.group())), pdf)


def no_contents(pdf: bytes) -> bytes:
    return re.sub(rb"/Contents\s*<[0-9a-fA-F]+>", lambda found: b"/Contents <>".ljust(len(found.group())), pdf)


def first_part(pdf: bytes) -> bytes:
    return pdf[: pdf.index(b"%%EOF") + 6]


def flipped(where: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    def change(pdf: bytes) -> bytes:
        place = where(pdf)
        return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]

    return change


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "a byte appended": (lambda pdf: pdf + b"x", "altered", "added to it, or cut off"),
    "white space appended": (lambda pdf: pdf + b"\r\n  \n", "altered", "added to it, or cut off"),
    "a zero appended": (lambda pdf: pdf + b"\0", "altered", "added to it, or cut off"),
    "a second file appended": (lambda pdf: pdf + pdf, "altered", ""),
    "a comment before it": (lambda pdf: b"% hello\n" + pdf, "", ""),
    "an annotation": (lambda pdf: updated(pdf, note_added), "altered", "added to it, or cut off"),
    "content replaced behind the seal": (lambda pdf: updated(pdf, content_replaced), "altered", "added to it"),
    "a page appended behind the seal": (lambda pdf: updated(pdf, page_appended), "altered", "added to it"),
    "an empty update": (lambda pdf: updated(pdf, lambda writer: writer.update_root()), "altered", "added to it"),
    "rewritten by another program": (rewritten, "altered", ""),
    "a page added and rewritten": (lambda pdf: rewritten(pdf, another_page), "altered", ""),
    "the seal stripped": (lambda pdf: rewritten(pdf, without_seal), "altered", "seal was removed"),
    "cut down to what was sealed": (first_part, "altered", "seal was removed"),
    "wrapped": (moved_aside, "", ""),
    "a reach of nothing": (forged(b"/ByteRange [0 0 0 0]"), "", ""),
    "a reach that is no list": (forged(b"/ByteRange null"), "", ""),
    "a negative reach": (forged(b"/ByteRange [0 -1 -1 -1]"), "", ""),
    "an empty seal": (no_contents, "", ""),
    "no seal value": (lambda pdf: pdf.replace(b"/Contents <30", b"/Contentz <30"), "", ""),
    "one bit of the text flipped": (flipped(lambda pdf: pdf.index(b"stream") + 60), "", ""),
    "one bit of the seal flipped": (flipped(lambda pdf: pdf.index(b"/Contents <") + 700), "", ""),
    "the last byte cut off": (lambda pdf: pdf[:-1], "altered", "added to it, or cut off"),
    "the second half cut off": (lambda pdf: pdf[: len(pdf) // 2], "", ""),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("which", ["receipt", "unlisted"])
def test_a_changed_document_is_never_genuine(trail: PaperTrail, change: str, which: str) -> None:
    spoil, verdict, reason = CHANGES[change]
    original = getattr(trail, which)
    spoilt = spoil(original)
    assert spoilt != original
    finding = trail.judge(spoilt)
    assert finding.verdict in ({verdict} if verdict else {"altered", "not_ours", "cannot_confirm"}), finding
    assert reason in said(finding)
    assert finding.ledger_fault == ""  # a bad file is no news of the ledger


def test_what_was_left_whole_is_said(trail: PaperTrail) -> None:
    assert "The record inside is still genuine" in said(trail.judge(trail.unlisted + b" "))


@pytest.mark.parametrize("step", range(19))
def test_flipping_any_bit_is_noticed(trail: PaperTrail, step: int) -> None:
    for number in range(8):
        place = (step * 8 + number) * len(trail.unlisted) // (19 * 8)
        finding = trail.judge(flipped(lambda _pdf, place=place: place)(trail.unlisted))  # type: ignore[misc]
        assert finding.verdict != "genuine", place
        assert finding.reasons


def another_school(trail: PaperTrail, folder: Path) -> evidence.Keyring:
    """Keys made elsewhere under the very same name."""
    database = Database(f"sqlite:///{folder / 'other.db'}")
    path = Path(trail.database.url.database or "")
    Path(folder / "other.db").write_bytes(path.read_bytes())
    ring = evidence.Keyring(folder / "other-keys", b"another password here")
    with database.writing() as db:
        ring.rotate(db, "seal", school_name=SCHOOL.name, actor=SYSTEM)
        ring.rotate(db, "head", school_name=SCHOOL.name, actor=SYSTEM)
    database.dispose()
    return ring


def sealed_by(trail: PaperTrail, folder: Path, pdf: bytes) -> bytes:
    ring = another_school(trail, folder)
    database = Database(f"sqlite:///{folder / 'other.db'}")
    with database.reading() as db:
        content = evidence.SealPress(ring, school_name=SCHOOL.name).sealer(db).seal(pdf)
    database.dispose()
    return content


def test_a_file_sealed_anew_under_the_same_name_is_not_ours(trail: PaperTrail, tmp_path: Path) -> None:
    finding = trail.judge(sealed_by(trail, tmp_path, trail.plain))
    assert finding.verdict == "not_ours"
    assert "not made with any key of this school" in said(finding)


def second_seal(writer: IncrementalPdfFileWriter) -> None:
    """Another signature behind ours, with its own field: a copy of ours will do."""
    form = writer.root["/AcroForm"]
    first = form["/Fields"][0]
    value = generic.DictionaryObject({name: first["/V"].raw_get(name) for name in first["/V"]})
    field = generic.DictionaryObject({name: first.raw_get(name) for name in first})
    field["/T"], field["/V"] = generic.pdf_string("Second"), writer.add_object(value)
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])
    writer.update_root()


def test_a_second_seal_on_top_of_ours_is_noticed(trail: PaperTrail) -> None:
    finding = trail.judge(updated(trail.unlisted, second_seal))
    assert finding.verdict == "altered"
    assert "second seal" in said(finding)


def test_a_seal_that_allows_changes_is_not_one_of_ours(trail: PaperTrail) -> None:
    with trail.database.reading() as db:
        row = evidence.current_key(db, "seal")
    assert row is not None
    meta = PdfSignatureMetadata(
        field_name="Seal", md_algorithm="sha256", certify=True, docmdp_permissions=fields.MDPPerm.ANNOTATE
    )
    out = io.BytesIO()
    signer = PdfSigner(meta, seal._HeldKeySigner(trail.ring.sealing_key(row)))
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(trail.plain)), output=out, bytes_reserved=4096)
    assert trail.judge(out.getvalue()).verdict == "altered"


def test_the_schools_seal_on_a_file_it_never_recorded_is_an_alarm(trail: PaperTrail) -> None:
    finding = trail.judge(trail.seal(trail.printed(b"", "A report that nobody ordered.")))
    assert finding.verdict == "cannot_confirm"
    assert "its ledger does not list" in finding.ledger_fault


def test_a_seal_stands_that_was_made_while_its_key_was_in_use(trail: PaperTrail, tmp_path: Path) -> None:
    with trail.copy(tmp_path) as later:
        clock.travel_to(NOW + dt.timedelta(days=31))
        with later.writing() as db:
            trail.ring.rotate(db, "seal", school_name=SCHOOL.name, actor=SYSTEM)
        assert "covers the whole file" in said(trail.judge(trail.unlisted, later))
        assert trail.judge(trail.receipt, later).verdict == "genuine"


def test_a_seal_made_with_a_key_that_was_replaced_by_then_is_told_apart(trail: PaperTrail, tmp_path: Path) -> None:
    with trail.copy(tmp_path) as later:
        clock.travel_to(NOW + dt.timedelta(days=10))
        with later.writing() as db:
            trail.ring.rotate(db, "seal", school_name=SCHOOL.name, actor=SYSTEM)
        finding = trail.judge(trail.unlisted, later)
    assert finding.verdict == "cannot_confirm"
    assert "not in use at the time" in said(finding)


def with_the_other_value(pdf: bytes) -> bytes:
    """The same seal in the other of the two forms that every signature of this kind has; needs no key."""
    _covered, der = rules.sealed_bytes(pdf)
    content = cms.ContentInfo.load(der)
    info = content["content"]["signer_infos"][0]
    r, s = utils.decode_dss_signature(info["signature"].native)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    info["signature"] = utils.encode_dss_signature(r, order - s)
    place = re.search(rb"/Contents <([0-9a-fA-F]+)>", pdf)
    assert place is not None
    new = bytes(content.dump(force=True)).hex().encode().ljust(len(place.group(1)), b"0")
    return pdf[: place.start(1)] + new + pdf[place.end(1) :]


def with_other_letters(pdf: bytes) -> bytes:
    """The same seal again, its hexadecimal digits in the other case."""
    place = re.search(rb"/Contents <([0-9a-fA-F]+)>", pdf)
    assert place is not None
    digits = place.group(1)
    other = digits.upper() if digits.upper() != digits else digits.lower()
    return pdf[: place.start(1)] + other + pdf[place.end(1) :]


def test_another_form_of_a_seal_that_needs_no_key_raises_no_alarm(trail: PaperTrail) -> None:
    finding = trail.judge(with_the_other_value(trail.receipt))
    assert finding.verdict == "altered"
    assert "the seal itself was changed" in said(finding)
    assert finding.ledger_fault == ""


GONE = {
    "erased": "UPDATE document SET status = 'erased'",
    "superseded": "UPDATE document SET status = 'superseded'",
}


@pytest.mark.parametrize("how", GONE)
def test_it_raises_none_after_the_bytes_were_taken_away_either_and_a_forgery_still_does(
    trail: PaperTrail, tmp_path: Path, how: str
) -> None:
    with trail.copy(tmp_path) as later:
        as_intruder(later, "DELETE FROM document_content", GONE[how])
        for content in (with_the_other_value(trail.receipt), with_other_letters(trail.receipt)):
            finding = trail.judge(content, later)
            assert (finding.verdict, finding.ledger_fault) == ("altered", "")
            assert "the seal itself was changed" in said(finding)
        assert trail.judge(trail.receipt, later).verdict == "genuine"
        for content in (trail.unlisted, trail.seal(trail.printed(trail.record, "You agreed to every picture."))):
            finding = trail.judge(content, later)
            assert finding.verdict == "cannot_confirm"
            assert "its ledger does not list" in finding.ledger_fault


def test_a_file_that_the_ledger_lost_is_an_alarm_in_any_form_of_its_seal(trail: PaperTrail, tmp_path: Path) -> None:
    with trail.copy(tmp_path) as cut:
        as_intruder(
            cut,
            "DELETE FROM ledger_entry WHERE seq > 6",
            "DELETE FROM ledger_details WHERE seq > 6",
            "DELETE FROM document_content",
        )
        for content in (trail.receipt, with_the_other_value(trail.receipt)):
            assert "its ledger does not list" in trail.judge(content, cut).ledger_fault


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_no_clock_shows_is_left_out(trail: PaperTrail, at: str) -> None:
    assert trail.judge(edited(lambda facts: facts["head"].update(at=at))(trail.record)).made_at is None
    for far in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        seal = {"at": far, "valid": True, "intact": True, "whole": True}
        with trail.database.reading() as db:
            assert verification.judge(db, verification.Seen("0" * 64, 5, form="pdf", seal=seal)).made_at is None


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"PK\x03\x04 a zip", b"%PDF-1.7\nhi", b"{", b"[1]", b"%PDF-"])
def test_what_is_no_document_at_all_gets_a_plain_answer(trail: PaperTrail, content: bytes) -> None:
    finding = trail.judge(content)
    assert finding.verdict in {"cannot_confirm", "not_ours"}
    assert finding.reasons
    assert finding.ledger_fault == ""


def test_a_locked_file_cannot_be_confirmed(trail: PaperTrail) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(trail.plain)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    finding = trail.judge(out.getvalue())
    assert finding.verdict == "cannot_confirm"
    assert "locked with a password" in said(finding)


# --- Record files ----------------------------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def spoil(record: bytes) -> bytes:
        facts = json.loads(record)
        change(facts)
        return json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8")

    return spoil


def forge_entry(facts: dict[str, Any]) -> None:
    """An entry rewritten together with its hash: whole in itself, and not what the ledger has."""
    entry = facts["entries"][1]
    entry["body"] = entry["body"].replace('"number":4', '"number":5')
    entry["entry_hash"] = rules.entry_hash(entry["body"].encode("utf-8"))
    following = facts["entries"][2]
    body = json.loads(following["body"])
    body["prev"] = entry["entry_hash"]
    following["body"] = canonical(body).decode("utf-8")
    following["entry_hash"] = rules.entry_hash(following["body"].encode("utf-8"))
    del facts["entries"][3]


def restate(facts: dict[str, Any], body: dict[str, Any] | None = None, promise: object = "") -> None:
    """The second entry under another body, with the hash that names that."""
    entry = facts["entries"][1]
    said = json.dumps(body or {**json.loads(entry["body"]), "details_commitment": promise}, ensure_ascii=False)
    entry |= {"body": said, "entry_hash": rules.entry_hash(said.encode("utf-8"))}


def change_details(facts: dict[str, Any]) -> None:
    facts["entries"][0]["details"] = facts["entries"][0]["details"].replace("Person", "Parson")


def change_body(facts: dict[str, Any]) -> None:
    facts["entries"][0]["body"] = facts["entries"][0]["body"].replace('"number":3', '"number":9')


RECORD_CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "an entry's words": (edited(change_body), "An entry in it was changed"),
    "an entry and its hash": (edited(forge_entry), "not those of the school’s ledger"),
    "personal details": (edited(change_details), "personal details of an entry"),
    "the salt": (edited(lambda f: f["entries"][0].update(salt=base64.b64encode(b"x" * 32).decode())), "personal"),
    "details without salt": (edited(lambda f: f["entries"][0].update(salt="")), "personal details"),
    "an entry left out": (edited(lambda f: f["entries"].pop(1)), "not the file that the school made"),
    "the last entry left out": (edited(lambda f: f["entries"].pop()), "not the file that the school made"),
    "all entries left out": (edited(lambda f: f["entries"].clear()), "not the file that the school made"),
    "an entry twice": (edited(lambda f: f["entries"].insert(0, f["entries"][0])), "not in the same order"),
    "entries exchanged": (edited(lambda f: f["entries"].reverse()), "not in the same order"),
    "a number": (edited(lambda f: f["entries"][0].update(seq=2)), "An entry in it was changed"),
    "the head's size": (edited(lambda f: f["head"].update(size=5)), ""),
    "the head's hash": (edited(lambda f: f["head"].update(entry_hash="0" * 64)), ""),
    "the head's time": (edited(lambda f: f["head"].update(at="2027-01-01T00:00:00.000000Z")), ""),
    "the head's signature": (edited(lambda f: f["head"].update(signature="A" * 86 + "==")), ""),
    "the head's key": (edited(lambda f: f["head"].update(key="0" * 64)), ""),
    "no head": (edited(lambda f: f.pop("head")), "signed line"),
    "the school's name": (edited(lambda f: f.update(school="Another School")), "words around the entries"),
    "what it is called": (edited(lambda f: f.update(kind="record")), "words around the entries"),
    "which document it belongs to": (edited(lambda f: f.update(document="0" * 8)), "words around the entries"),
    "a remark added": (edited(lambda f: f.update(remark="She also agreed to everything else.")), "words around"),
    "white space": (lambda record: record + b"\n", "words around"),
    "its form": (edited(lambda f: f.update(v=99)), "valid record file"),
    "a mark of the byte order": (lambda record: b"\xef\xbb\xbf" + record, "words around"),
    "a number in words": (edited(lambda f: f["entries"][1].update(seq="4")), "valid record file"),
    "a number that is a yes": (edited(lambda f: f["entries"][1].update(seq=True)), "valid record file"),
    "a number beyond every ledger": (edited(lambda f: f["entries"][1].update(seq=10**14)), "An entry in it"),
    "a hash in other letters": (edited(lambda f: f["entries"][1].update(entry_hash="é" * 64)), "An entry in it"),
    "an entry that follows nothing": (
        edited(lambda f: restate(f, {"seq": 4, "details_commitment": ""})),
        "valid record file",
    ),
    "an entry that promises a number": (edited(lambda f: restate(f, promise=5)), "valid record file"),
    "an entry that promises other letters": (edited(lambda f: restate(f, promise="é")), "personal details"),
    "a head beyond every ledger": (edited(lambda f: f["head"].update(size=10**14)), ""),
    "a head that is a yes": (edited(lambda f: f["head"].update(size=True)), "signed line"),
    "a head that is no number": (edited(lambda f: f["head"].update(size=float("nan"))), "signed line"),
    "keys that are a number": (edited(lambda f: f.update(keys=5)), "words around"),
}


@pytest.mark.parametrize("change", RECORD_CHANGES)
def test_a_changed_record_file_is_called_altered(trail: PaperTrail, change: str) -> None:
    spoil, reason = RECORD_CHANGES[change]
    finding = trail.judge(spoil(trail.record))
    assert finding.verdict == "altered", finding
    assert reason in said(finding)
    assert finding.ledger_fault == ""


def test_a_name_that_stands_twice_in_a_record_is_refused(trail: PaperTrail) -> None:
    twice = trail.record.replace(b'"kind": "receipt"', b'"kind": "receipt", "kind": "receipt"', 1)
    assert twice != trail.record
    assert trail.judge(twice).verdict != "genuine"


def test_a_record_of_another_school_is_not_ours(trail: PaperTrail) -> None:
    body = canonical({"seq": 1, "prev": evidence.GENESIS, "details_commitment": "", "v": 1}).decode()
    entry = {"seq": 1, "entry_hash": rules.entry_hash(body.encode()), "body": body, "details": "", "salt": ""}
    facts = json.loads(trail.record)
    facts["entries"], facts["head"]["key"] = [entry], "1" * 64
    assert trail.judge(json.dumps(facts).encode()).verdict == "not_ours"


def test_a_changed_record_inside_a_whole_seal_cannot_pass(trail: PaperTrail) -> None:
    finding = trail.judge(trail.seal(trail.printed(edited(change_body)(trail.record))))
    assert finding.verdict == "cannot_confirm"
    assert finding.ledger_fault


# --- The ledger itself -----------------------------------------------------------------------------------------------


def rewrite_from(database: Database, first: int) -> None:
    """The whole end of the chain computed anew, as somebody with the database and this program could."""
    database.dispose()
    connection = sqlite3.connect(database.url.database or "")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    chosen = "SELECT seq, prev, body FROM ledger_entry WHERE seq >= ? ORDER BY seq"
    rows = connection.execute(chosen, (first,)).fetchall()
    prev = rows[0][1]
    for seq, _prev, body in rows:
        facts = json.loads(body)
        facts["prev"] = prev
        if seq == first:
            facts["act"] = {"number": 99}
        new = canonical(facts)
        digest = rules.entry_hash(new)
        connection.execute(
            "UPDATE ledger_entry SET prev = ?, entry_hash = ?, body = ? WHERE seq = ?", (prev, digest, new, seq)
        )
        prev = digest
    connection.commit()
    connection.close()
    with database.reading() as db:
        assert evidence.verify(db).ok, "nothing inside shows it"


@pytest.mark.parametrize("which", ["receipt", "unlisted", "record"])
def test_a_cut_tail_is_shown_by_any_newer_document(trail: PaperTrail, tmp_path: Path, which: str) -> None:
    with trail.copy(tmp_path) as cut:
        as_intruder(cut, "DELETE FROM ledger_details WHERE seq > 4", "DELETE FROM ledger_entry WHERE seq > 4")
        with cut.reading() as db:
            assert evidence.verify(db).ok
        finding = trail.judge(getattr(trail, which), cut)
    assert finding.verdict == "cannot_confirm"
    assert "once had 6 entries" in finding.ledger_fault


@pytest.mark.parametrize("which", ["receipt", "unlisted", "record"])
def test_a_history_written_anew_is_shown_by_any_document_of_before(
    trail: PaperTrail, tmp_path: Path, which: str
) -> None:
    with trail.copy(tmp_path) as rewritten_ledger:
        rewrite_from(rewritten_ledger, 4)
        finding = trail.judge(getattr(trail, which), rewritten_ledger)
    assert "Entry 6 of the school’s ledger is not the one it signed" in finding.ledger_fault
    assert finding.verdict == ("genuine" if which == "receipt" else "cannot_confirm")


PUT_IN = (
    "INSERT INTO ledger_entry (seq, prev, entry_hash, body, idempotency_key, kind, subject)"
    " VALUES (9999, '{prev}', '{digest}', '{body}', 'put in', 'exported', 'x')"
)


def test_an_entry_put_in_beside_the_chain_makes_no_file_genuine(trail: PaperTrail, tmp_path: Path) -> None:
    forgery = b"%PDF-1.7 I agreed to everything."
    act = {"kind": "receipt", "sha256": hashlib.sha256(forgery).hexdigest(), "size": len(forgery)}
    with trail.copy(tmp_path) as copied:
        with copied.reading() as db:
            facts = next(row.body for row in evidence.entries_of_kind(db, "exported"))
        body = canonical({**facts, "seq": 9999, "prev": "1" * 64, "act": act})
        digest = rules.entry_hash(body)
        as_intruder(copied, PUT_IN.format(prev="1" * 64, digest=digest, body=body.decode("utf-8")))
        finding = trail.judge(forgery, copied)
        assert finding.verdict == "cannot_confirm"
        assert finding.ledger_fault == "Entry 9 is missing."
        assert trail.judge(trail.receipt, copied).verdict == "genuine"


@pytest.mark.parametrize("spoilt", ["replace(CAST(body AS TEXT), '\"number\":4', '\"number\":5')", "x'00ff'"])
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_ledger_edited_in_place_is_shown_by_every_file_and_head_of_after(
    trail: PaperTrail, tmp_path: Path, seq: int, spoilt: str
) -> None:
    """Though the one entry that the head names, and every hash, are still there."""
    head = rules.head_text(json.loads(trail.record)["head"])
    spoilt = spoilt.replace('"number":4', '"seq":7') if seq == 7 else spoilt
    spoilt = spoilt.replace('"number":4', '"seq":1') if seq == 1 else spoilt
    with trail.copy(tmp_path) as edited_ledger:
        as_intruder(edited_ledger, f"UPDATE ledger_entry SET body = {spoilt} WHERE seq = {seq}")
        for content in (trail.receipt, trail.record):
            finding = trail.judge(content, edited_ledger)
            assert finding.verdict == "cannot_confirm"
            assert f"Entry {seq} was edited" in finding.ledger_fault
        with edited_ledger.reading() as db:
            (found,) = verification.check_heads(db, head)
    assert found.verdict == {1: "ledger_changed", 4: "ledger_changed", 7: "stands"}[seq]


def test_changed_details_of_others_leave_a_receipt_genuine(trail: PaperTrail, tmp_path: Path) -> None:
    """Its own details are inside it; those in the database are for the daily check."""
    with trail.copy(tmp_path) as copied:
        as_intruder(copied, "UPDATE ledger_details SET details = x'7b7d' WHERE seq = 3")
        finding = trail.judge(trail.receipt, copied)
    assert (finding.verdict, finding.ledger_fault) == ("genuine", "")


def test_a_head_shows_whether_history_still_begins_with_it(trail: PaperTrail, tmp_path: Path) -> None:
    with trail.database.reading() as db:
        new = evidence.signed_head(db, trail.ring)
        old = json.loads(trail.record)["head"]
        text = f"{rules.head_text(old)}\n\nand\n{new.text}"
        assert [one.verdict for one in verification.check_heads(db, text)] == ["stands", "stands"]
        mistyped = new.text.replace(" 8 ", " 7 ")
        assert [one.verdict for one in verification.check_heads(db, mistyped)] == ["not_ours"]
        assert verification.check_heads(db, "OVAL-HEAD 1 and nothing else") == ()
    with trail.copy(tmp_path) as changed:
        rewrite_from(changed, 7)
        with changed.reading() as db:
            found = verification.check_heads(db, text)
    assert [one.verdict for one in found] == ["stands", "ledger_changed"]
    assert verification.turning_point(found) == (
        "Kept heads agree with today’s history up to entry 6 and no longer at entry 8."
    )


def as_it_comes(line: str) -> dict[str, bytes]:
    """One line as people keep it, copy it, and send it on."""
    broken = "\n".join(line[start : start + 60] for start in range(0, len(line), 60))
    message = EmailMessage()
    message.set_content(f"Dear clerk,\n\nplease keep this:\n\n{line}\n\nThe school’s system\n")
    message.add_alternative(f"<p>Please keep this:</p><p>{line}</p>", subtype="html")
    packed = EmailMessage()
    packed.set_content(f"Dear clerk, œ\n{line}\n", cte="base64")
    return {
        "broken into lines": broken.encode(),
        "quoted in a reply": "\r\n".join(f"> > {part}" for part in broken.splitlines()).encode(),
        "a message as it was saved": message.as_bytes(),
        "a message packed on its way": packed.as_bytes(),
        "another encoding": line.encode("utf-16"),
        "with spaces that do not break": line.replace(" ", "\u00a0").encode(),
        "with hyphens that do not break": line.replace("-", "\u2011").encode(),
        "with marks where it may break": (line[:70] + "\u00ad\n" + line[70:90] + "\u200b" + line[90:]).encode(),
        "with a dash and small letters": line.replace("OVAL-HEAD", "Oval\u2013Head").encode(),
    }


def as_it_is_typed(line: str) -> dict[str, str]:
    """One line as somebody types it who has it on paper."""
    *facts, signature = line.split()
    typed = " ".join(facts)
    return {
        "capitals": f"{typed.upper()} {signature}",
        "small letters": f"{typed.lower()} {signature}",
        "O for 0": f"{typed.replace('0', 'O')} {signature}",
        "l for 1": f"{typed.replace('1', 'l')} {signature}",
        "I for 1": f"{typed.replace('1', 'I')} {signature}",
        "a blank for the dash": f"{typed.replace('OVAL-HEAD', 'oval head')} {signature}",
        "no blanks": typed.replace(" ", "") + signature,
        "without what only fills up": f"{typed} {signature.rstrip('=')}",
    }


@pytest.mark.parametrize("way", as_it_is_typed("OVAL-HEAD 1 ="))
def test_a_line_typed_from_paper_is_read_as_it_was_meant(trail: PaperTrail, way: str) -> None:
    line = rules.head_text(json.loads(trail.record)["head"])
    with trail.database.reading() as db:
        typed = as_it_is_typed(line)[way]
        assert typed != line
        assert [one.verdict for one in verification.check_heads(db, f"{typed}\n{line}")] == ["stands"], (
            "and is one line"
        )


def test_the_last_part_of_a_line_must_be_as_it_was_printed_and_that_is_said(trail: PaperTrail) -> None:
    *facts, signature = rules.head_text(json.loads(trail.record)["head"]).split()
    with trail.database.reading() as db:
        (found,) = verification.check_heads(db, " ".join([*facts, signature.lower()]))
    assert found.verdict == "not_ours"
    assert "In the last part of the line capital and small letters count" in found.reason


@pytest.mark.parametrize("way", as_it_comes(""))
def test_a_line_is_found_however_it_was_copied_and_sent_on(trail: PaperTrail, way: str) -> None:
    line = rules.head_text(json.loads(trail.record)["head"])
    with trail.database.reading() as db:
        text = verification.text_with_heads(as_it_comes(line)[way], limit=LIMIT)
        assert [one.verdict for one in verification.check_heads(db, text)] == ["stands"]


def test_every_line_of_a_mailbox_is_compared(trail: PaperTrail) -> None:
    """The last of many tells of the newest history, and is the one that a rewriting would hide behind."""
    head = json.loads(trail.record)["head"]
    other = rules.head_text({**head, "key": "0" * 64})
    lines = "\n".join(other.replace("0" * 64, f"{number:064x}") for number in range(300))
    with trail.database.reading() as db:
        assert len(verification.check_heads(db, f"{lines}\n{rules.head_text(head)}")) == 301


def test_a_slip_of_the_pen_is_told_from_a_key_that_nobody_knows(trail: PaperTrail) -> None:
    head = json.loads(trail.record)["head"]
    slips = {
        "is in today’s ledger just so": {**head, "signature": "A" * 86 + "=="},
        "mistyped or changed": {**head, "entry_hash": "0" * 64},
        "register was changed": {**head, "key": "0" * 64, "entry_hash": "0" * 64},
    }
    for reason, slip in slips.items():
        with trail.database.reading() as db:
            (found,) = verification.check_heads(db, rules.head_text(slip))
        assert found.verdict == "not_ours"
        assert reason in found.reason


def test_looking_for_lines_takes_no_time_in_any_text() -> None:
    started = time.monotonic()
    for text in ("OVAL-HEAD 1 " * 80_000, "OVAL-" + " " * 1_000_000, "OVAL- " * 150_000):
        assert rules.heads_in(text) == []
    for content in (b"A" * 1_000_000, (b"A" * 40 + b"\n") * 25_000, (b"A" * 40 + b"=\n") * 25_000):
        rules.text_of(content)
    assert time.monotonic() - started < 5


def test_two_kept_heads_of_one_size_cannot_both_stand(trail: PaperTrail) -> None:
    with trail.database.reading() as db:
        now = evidence.head(db)
        forged_head = evidence.Head(now.size, "0" * 64)
        for heads in ([now, forged_head], [forged_head, now]):
            assert evidence.verify(db, known_heads=heads).bad_seq == now.size


# --- Bounded time and memory -----------------------------------------------------------------------------------------


def bomb(size: int) -> bytes:
    """A PDF whose embedded record unpacks to ``size`` zeros."""
    packed = zlib.compress(b"\0" * size, 1)
    with pikepdf.new() as made:
        made.add_blank_page()
        stream = pikepdf.Stream(made, packed)
        stream["/Filter"] = pikepdf.Name("/FlateDecode")
        spec = pikepdf.Dictionary(
            Type=pikepdf.Name("/Filespec"), UF=RECORD_NAME, EF=pikepdf.Dictionary(F=made.make_indirect(stream))
        )
        made.Root["/AF"] = pikepdf.Array([made.make_indirect(spec)])
        out = io.BytesIO()
        made.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a bomb": lambda: bomb(200 * 1024 * 1024),
    "a record of deep nests": lambda: b'{"v":2,"entries":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
    "a record of many nothings": lambda: b'{"v":2,"entries":[' + b"[]," * 1_000_000 + b"[]]}",
    "a PDF of deep nests": lambda: b"%PDF-1.7\n1 0 obj\n" + b"[" * 500_000,
    "a PDF that points at itself": lambda: (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]/AF 1 0 R>>endobj\n"
        b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer<</Size 2/Root 1 0 R/Prev 77>>"
        b"startxref\n77\n%%EOF"
    ),
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.4 by some scanner", "a scan, or a copy printed"),
        (b"PK\x03\x04 a letter", "an archive or an office document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0 a photo", "a picture"),
        (b"Received: from a\r\n\r\n", "an email"),
        (b"Dear all,", "neither a PDF nor a record file"),
    ],
)
def test_what_people_bring_instead_is_named_and_what_to_do(trail: PaperTrail, content: bytes, words: str) -> None:
    finding = trail.judge(content)
    assert finding.verdict == "cannot_confirm"
    assert words in said(finding)


def test_a_pack_past_the_limit_is_known_by_its_hash(trail: PaperTrail, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(b"PK" + bytes(LIMIT))
    seen = verification.inspect_head(tmp_path / "pack.zip", limit=LIMIT)
    with trail.copy(tmp_path) as copied, copied.writing() as db:
        assert verification.judge(db, seen).verdict == "cannot_confirm"
        act = {"kind": "pack", "sha256": seen.sha256, "size": seen.size}
        evidence.append(db, "exported", subject="school", act=act, idempotency_key="pack", actor=SYSTEM)
        finding = verification.judge(db, seen)
    assert (finding.verdict, finding.kind) == ("genuine", "pack")


def test_the_checker_of_today_and_those_of_older_packs_are_known(trail: PaperTrail, tmp_path: Path) -> None:
    today, older = bundle.checker().content, b"# verify.py of an older version"
    finding = trail.examine(today)
    assert (finding.verdict, finding.kind) == ("genuine", "checker")
    assert "put into evidence packs today" in said(finding)
    assert trail.judge(today + b"\n").verdict == "cannot_confirm"
    with trail.copy(tmp_path) as copied:
        assert trail.judge(older, copied).verdict == "cannot_confirm"
        with copied.writing() as db:
            act = {"kind": "pack_contents", "checker_sha256": hashlib.sha256(older).hexdigest()}
            seq = evidence.append(
                db, "exported", subject="school", act=act, idempotency_key="contents", actor=SYSTEM
            ).seq
        finding = trail.judge(older, copied)
    assert (finding.verdict, finding.kind) == ("genuine", "checker")
    assert f"an older evidence pack, listed in entry {seq} of the ledger" in said(finding)


def test_the_chain_is_read_once_for_many_and_what_came_since_each_time(trail: PaperTrail, tmp_path: Path) -> None:
    reader = verification.ChainReader()
    with trail.copy(tmp_path) as copied:
        with copied.reading() as db:
            before = reader.read(db)
        sign(copied, 30)
        with copied.reading() as db:
            assert reader.read(db) == evidence.verify(db)
            assert reader.read(db).size == before.size + 1
        as_intruder(copied, "UPDATE ledger_entry SET body = x'00' WHERE seq = 4")
        sign(copied, 31)
        reader.AGAIN_AFTER = 0
        with copied.reading() as db:
            assert reader.read(db).bad_seq == 4


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_answered_in_bounded_time_and_memory(trail: PaperTrail, kind: str) -> None:
    finding = trail.examine(HOSTILE[kind]())
    assert finding.verdict in {"cannot_confirm", "not_ours"}
    assert finding.reasons
    assert finding.ledger_fault == ""


def test_a_file_past_the_limit_is_not_even_read(trail: PaperTrail) -> None:
    finding = trail.examine(b"%PDF-" + b"\0" * LIMIT)
    assert finding.verdict == "cannot_confirm"
    assert "too large" in said(finding)


def test_what_no_parser_is_needed_for_takes_nobody_a_place(trail: PaperTrail) -> None:
    with inspection_sandbox._places, inspection_sandbox._places:
        assert verification.inspect_file(b"\x89PNG", limit=LIMIT).form == "picture"


def test_only_two_files_are_looked_into_at_one_time(trail: PaperTrail) -> None:
    with inspection_sandbox._places, inspection_sandbox._places, pytest.raises(verification.Busy):
        verification.inspect_file(trail.record, limit=LIMIT)
    assert verification.inspect_file(trail.record, limit=LIMIT).form == "record"


def test_the_process_that_takes_files_apart_has_nothing_to_complain_of(trail: PaperTrail) -> None:
    command = [sys.executable, "-m", "oval_aup.verification.inspection"]
    done = subprocess.run(command, input=trail.record, capture_output=True, cwd=inspection_sandbox.PRODUCT, check=True)
    assert done.stderr == b""
    assert json.loads(done.stdout)["form"] == "record"


def test_a_parser_that_never_ends_is_stopped(trail: PaperTrail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_sandbox, "WALL_SECONDS", 0.01)
    finding = trail.examine(trail.plain)
    assert finding.verdict == "cannot_confirm"
    assert "too much memory" in said(finding)


def test_erased_details_leave_the_receipt_genuine(trail: PaperTrail, tmp_path: Path) -> None:
    with trail.copy(tmp_path) as copied:
        with copied.writing() as db:
            evidence.erase_details(db, [3, 4], basis="request", subject="school", idempotency_key="erase", actor=SYSTEM)
        sign(copied, 20)
        for content in (trail.receipt, trail.record):
            finding = trail.judge(content, copied)
            assert (finding.verdict, finding.ledger_fault) == ("genuine", "")
        assert "Every entry in the record inside is in the ledger" in said(trail.judge(trail.unlisted, copied))


def test_a_going_back_that_the_ledger_owns_up_to_is_told_with_the_alarm(trail: PaperTrail, tmp_path: Path) -> None:
    """Whoever was given a paper between the backup and the day it was needed learns why the school has lost it."""
    with trail.database.reading() as db:
        head = evidence.signed_head(db, trail.ring)
    with trail.copy(tmp_path) as older:
        as_intruder(older, "DELETE FROM ledger_entry WHERE seq > 6", "DELETE FROM ledger_details WHERE seq > 6")
        clock.travel_to(None)
        with older.writing() as db:
            kept = evidence.head(db)
            act = {"backup_size": 6, "backup_head": kept.entry_hash, "known_size": head.size}
            evidence.append(db, "restored", subject="school", act=act, idempotency_key="back", actor=SYSTEM)
        (today,) = {f"{day.day} {day:%B %Y}" for day in [clock.today()]}
        told = f"entry 7, that on {today} the school went back to a backup which ended at entry 6"
        with older.reading() as db:
            (found,) = verification.check_heads(db, rules.head_text(head.facts))
            assert (found.verdict, found.owned_up) == ("ledger_changed", True)
            fault = ledger_audit.check(db, tmp_path, [found]).fault
            assert fault == "unguarded", "what is there is in order but for the guards: the finding tells the loss"
            assert ledger_audit.check(db, tmp_path, [replace(found, owned_up=False)]).fault not in ("", "unguarded")
            assert verification.turning_point([found]) == "", "the ledger names the place itself"
        for number in range(3):
            sign(older, 30 + number)
        with older.reading() as db:
            (taken,) = verification.check_heads(db, rules.head_text(head.facts))
        assert taken.reason.startswith(
            "The school’s ledger has lost the entry 8 that the school signed. The ledger says itself"
        )
        assert told in found.reason
        for content in (trail.receipt, trail.unlisted):
            finding = trail.judge(content, older)
            assert finding.verdict == "cannot_confirm"
            assert told in finding.ledger_fault
        clock.travel_to(NOW)
    assert trail.judge(trail.receipt).ledger_fault == ""
