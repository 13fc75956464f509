"""The school's keys, the heads they sign and the seals they put on PDFs."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.keys.internal import (
    translate_pyca_cryptography_cert_to_asn1,
    translate_pyca_cryptography_key_to_asn1,
)
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from oval_aup import evidence, printing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.evidence import keys
from oval_aup.verifier import rules
from tests.tools import tool

SCHOOL = "The Oval School"
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def ring(database: Database, tmp_path: Path) -> evidence.Keyring:
    clock.travel_to(NOW)
    ring = evidence.Keyring(tmp_path / "keys", b"a password of the school")
    with database.writing() as db:
        ring.prepare(db, school_name=SCHOOL, actor=SYSTEM)
    return ring


@pytest.fixture(scope="module")
def plain_pdf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    html = '<html lang="en"><head><title>Hello</title></head><body><h1>Hello</h1></body></html>'
    with printing.RenderPool(tmp_path_factory.mktemp("press"), renderers=1) as press:
        yield press.print(printing.PrintJob(html, NOW))


def by_name(database: Database) -> dict[str, bytes]:
    with database.reading() as db:
        return {row.key_id: row.public for row in evidence.register(db)}


def sealed(database: Database, ring: evidence.Keyring, pdf: bytes, *, timestamp_url: str = "") -> bytes:
    with database.reading() as db:
        return evidence.SealPress(ring, school_name=SCHOOL, timestamp_url=timestamp_url).sealer(db).seal(pdf)


def signature_report(pdf: bytes, folder: Path) -> str:
    path = folder / "sealed.pdf"
    path.write_bytes(pdf)
    return subprocess.run([tool("pdfsig"), str(path)], capture_output=True, text=True, check=False).stdout


def test_the_first_start_makes_one_key_for_heads_and_one_for_seals(database: Database, ring: evidence.Keyring) -> None:
    with database.writing() as db:
        ring.prepare(db, school_name=SCHOOL, actor=SYSTEM)
    with database.reading() as db:
        rows = evidence.register(db)
        assert evidence.verify(db).ok
    assert [row.use for row in rows] == ["head", "seal"]
    certificate = x509.load_der_x509_certificate(rows[1].public)
    assert SCHOOL in certificate.subject.rfc4514_string()
    assert sorted(path.stat().st_mode & 0o777 for path in ring.folder.iterdir()) == [0o600, 0o600]
    for path in ring.folder.iterdir():
        assert b"ENCRYPTED" in path.read_bytes()


def test_a_signed_head_survives_being_printed_and_broken_into_lines(database: Database, ring: evidence.Keyring) -> None:
    with database.reading() as db:
        head = evidence.signed_head(db, ring)
    printed = f"Before it. {head.text.replace(' ', chr(10))} After it."
    assert rules.heads_in(printed) == [head.facts]
    assert rules.check_head(head.facts, by_name(database)) is True


@pytest.mark.parametrize("changed", ["size", "entry_hash", "at", "key", "signature"])
def test_no_part_of_a_signed_head_can_be_changed(database: Database, ring: evidence.Keyring, changed: str) -> None:
    with database.reading() as db:
        facts = evidence.signed_head(db, ring).facts
    other = {"size": facts["size"] + 1, "entry_hash": "0" * 64, "at": "2026-01-01T00:00:00.000000Z", "key": "0" * 64}
    facts[changed] = other.get(changed, "A" * 86 + "==")
    with pytest.raises(rules.Broken):
        rules.check_head(facts, by_name(database))


def test_a_new_key_takes_over_and_what_the_old_one_signed_still_stands(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes
) -> None:
    with database.reading() as db:
        old = evidence.signed_head(db, ring)
    clock.travel_to(NOW + dt.timedelta(days=400))
    with database.writing() as db:
        ring.rotate(db, "head", school_name=SCHOOL, actor=SYSTEM)
        ring.rotate(db, "seal", school_name=SCHOOL, actor=SYSTEM)
    with database.reading() as db:
        new = evidence.signed_head(db, ring)
        heads = [row for row in evidence.register(db) if row.use == "head"]
    assert new.key != old.key
    assert rules.check_head(old.facts, by_name(database)) is True
    assert rules.check_head(new.facts, by_name(database)) is True
    assert heads[0].was_in_use(NOW)
    assert not heads[0].was_in_use(NOW + dt.timedelta(days=500))
    assert not heads[1].was_in_use(NOW)
    assert sealed(database, ring, plain_pdf).startswith(b"%PDF")


def test_without_its_key_nothing_is_signed_and_the_sentence_says_which(
    database: Database, ring: evidence.Keyring
) -> None:
    for path in ring.folder.glob("head-*"):
        path.unlink()
    with database.writing() as db:
        bare = evidence.Keyring(ring.folder, b"a password of the school")
        bare.prepare(db, school_name=SCHOOL, actor=SYSTEM)  # makes no second key in silence
        assert len(evidence.register(db)) == 2
        with pytest.raises(evidence.KeyMissing, match=r"head-[0-9a-f]{16}\.pem is missing"):
            evidence.signed_head(db, bare)


def test_a_wrong_password_or_an_exchanged_key_file_signs_nothing(database: Database, ring: evidence.Keyring) -> None:
    with database.reading() as db, pytest.raises(evidence.KeyMissing, match="cannot be opened"):
        evidence.signed_head(db, evidence.Keyring(ring.folder, b"another password"))
    (head_file,) = ring.folder.glob("head-*")
    other = evidence.Keyring(ring.folder.parent / "other", b"a password of the school")
    with database.writing() as db:
        foreign = other.rotate(db, "head", school_name=SCHOOL, actor=SYSTEM)
    kept = head_file.read_bytes()
    head_file.write_bytes(next(other.folder.glob(f"head-{foreign.key_id[:16]}*")).read_bytes())
    with database.reading() as db:
        first = evidence.register(db)[0]
        with pytest.raises(evidence.KeyMissing, match="not the one that the register names"):
            evidence.Keyring(ring.folder, b"a password of the school").head_key(first)
    head_file.write_bytes(kept)


def test_the_seal_covers_the_whole_file_and_poppler_agrees(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes, tmp_path: Path
) -> None:
    content = sealed(database, ring, plain_pdf)
    covered, seal = rules.sealed_bytes(content)
    assert len(covered) < len(content)
    assert seal[0] == 0x30
    said = signature_report(content, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert re.search(r"CN=Seal of The Oval School", said)


def test_a_seal_is_made_also_where_an_event_loop_runs(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes
) -> None:
    async def inside() -> bytes:
        return sealed(database, ring, plain_pdf)

    assert rules.sealed_bytes(asyncio.run(inside()))


def test_openssl_alone_can_check_a_seal(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes, tmp_path: Path
) -> None:
    covered, seal = rules.sealed_bytes(sealed(database, ring, plain_pdf))
    with database.reading() as db:
        row = keys.current_key(db, "seal")
    assert row is not None
    pem = x509.load_der_x509_certificate(row.public).public_bytes(serialization.Encoding.PEM)
    for name, content in (("covered", covered), ("seal.der", seal), ("school.pem", pem), ("other", covered + b" ")):
        (tmp_path / name).write_bytes(content)
    command = [tool("openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-in", "seal.der", "-content", "covered"]
    command += ["-certfile", "school.pem", "-noverify", "-out", "/dev/null"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    command[command.index("covered")] = "other"
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda pdf: pdf + b"\n", "not_whole"),
        (lambda pdf: pdf[:-1], "not_whole"),
        (lambda pdf: b" " + pdf, "not_whole"),
        (lambda pdf: pdf + b"\n/ByteRange [0 1 2 3]", "several_seals"),
        (lambda pdf: pdf[: pdf.index(b"/ByteRange") - 400], "unsealed"),
        (lambda pdf: b"", "unsealed"),
    ],
)
def test_a_seal_that_does_not_reach_the_whole_file_is_none(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes, change: object, code: str
) -> None:
    assert callable(change)
    with pytest.raises(rules.Broken) as broken:
        rules.sealed_bytes(change(sealed(database, ring, plain_pdf)))
    assert broken.value.code == code


def test_a_certificate_of_an_authority_seals_instead_of_our_own(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes, tmp_path: Path
) -> None:
    with database.reading() as db:
        row = keys.current_key(db, "seal")
        assert row is not None
        held = ring.sealing_key(row)
    path = tmp_path / "authority.p12"
    other = keys._own_certificate(held.private, "An Authority’s Customer")  # type: ignore[arg-type]
    secret = serialization.BestAvailableEncryption(b"of the file")
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"seal", held.private, other, None, secret))
    wrong = evidence.Keyring(ring.folder, b"a password of the school", certificate=path, certificate_password=b"no")
    with database.writing() as db, pytest.raises(evidence.KeyMissing, match="password is wrong"):
        wrong.prepare(db, school_name=SCHOOL, actor=SYSTEM)
    right = evidence.Keyring(
        ring.folder, b"a password of the school", certificate=path, certificate_password=b"of the file"
    )
    with database.writing() as db:
        right.prepare(db, school_name=SCHOOL, actor=SYSTEM)
        right.prepare(db, school_name=SCHOOL, actor=SYSTEM)
        assert [each.use for each in evidence.register(db)] == ["head", "seal", "seal"]
    assert "An Authority" in signature_report(sealed(database, right, plain_pdf), tmp_path)


def test_nothing_is_sealed_with_a_certificate_that_has_ended(database: Database, ring: evidence.Keyring) -> None:
    clock.travel_to(NOW + dt.timedelta(days=365 * 11))
    with database.reading() as db, pytest.raises(evidence.KeyMissing, match="ended on 19 November 2036"):
        evidence.SealPress(ring, school_name=SCHOOL).sealer(db)


def test_a_time_stamp_service_that_is_away_never_holds_up_a_seal(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes
) -> None:
    content = sealed(database, ring, plain_pdf, timestamp_url="http://127.0.0.1:9/")
    assert rules.sealed_bytes(content)


@pytest.fixture
def at_odds() -> Iterator[None]:
    """Threads take turns as often as they can, so that whatever they share shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("at_odds")
def test_seals_made_at_the_same_time_do_not_spoil_each_other(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes
) -> None:
    with database.reading() as db:
        sealer = evidence.SealPress(ring, school_name=SCHOOL).sealer(db)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(sealer.seal, [plain_pdf] * 60))
    assert all(rules.sealed_bytes(one) for one in made)


def test_a_time_stamp_service_that_was_away_is_left_alone_for_a_while(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes
) -> None:
    asked: list[str] = []

    class Away(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_error(503)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(Away) as address, database.reading() as db:
        sealer = evidence.SealPress(ring, school_name=SCHOOL, timestamp_url=address).sealer(db)
        made = [sealer.seal(plain_pdf) for _number in range(3)]
    assert all(rules.sealed_bytes(one) for one in made)
    assert len(asked) == 1


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A service on this machine; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def time_service(ring: evidence.Keyring) -> Iterator[str]:
    """An RFC 3161 service on this machine with a certificate of its own; its address."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "A time service")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(private, hashes.SHA256())
    )
    stamper = DummyTimeStamper(
        translate_pyca_cryptography_cert_to_asn1(certificate), translate_pyca_cryptography_key_to_asn1(private)
    )

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = stamper.request_tsa_response(tsp.TimeStampReq.load(asked)).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(Service) as address:
        yield address


def test_a_time_stamp_service_that_answers_puts_its_own_time_into_the_seal(
    database: Database, ring: evidence.Keyring, plain_pdf: bytes, time_service: str, tmp_path: Path
) -> None:
    content = sealed(database, ring, plain_pdf, timestamp_url=time_service)
    _covered, seal = rules.sealed_bytes(content)
    assert b"A time service" in seal
    assert b"A time service" not in rules.sealed_bytes(sealed(database, ring, plain_pdf))[1]
    assert "Total document signed" in signature_report(content, tmp_path)
