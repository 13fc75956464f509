"""Holds the school's keys: one signs heads of the ledger, one seals PDFs, and the ledger is the register of all.

A key is known by the hash of its public form. Its entry in the ledger says since when it is in use; whatever was made
with it stays provable after it was replaced. The private half lies encrypted in a folder of its own and nowhere else.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.i18n import _
from oval_aup.evidence import ledger
from oval_aup.verifier import rules

USES = ("head", "seal")
CERTIFICATE_YEARS = 10
WARN_DAYS = (60, 30, 7)
"""Days before a certificate ends at which the office is warned."""

SealKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class KeyMissing(Exception):
    """A private key that the register names cannot be used, in one sentence; nothing is signed without it."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of the register; ``public`` is the raw Ed25519 key or the certificate as DER."""

    key_id: str
    use: str
    public: bytes
    since: dt.datetime
    until: dt.datetime | None
    """When the next key of the same use took over; None for the one in use."""
    ends_at: dt.datetime | None
    """When the certificate ends; None for keys without one."""

    @property
    def facts(self) -> dict[str, str]:
        """As it stands in record files and packs; ``rules.keys_in`` reads this form."""
        return {
            "key": self.key_id,
            "use": self.use,
            "public": base64.b64encode(self.public).decode("ascii"),
            "since": clock.iso(self.since),
            "until": clock.iso(self.until) if self.until else "",
        }

    def was_in_use(self, at: dt.datetime) -> bool:
        """Whether this was the school's key at that moment, give or take the five minutes that clocks differ by."""
        slack = dt.timedelta(minutes=5)
        return self.since - slack <= at and (self.until is None or at <= self.until + slack)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """What a seal is made with."""

    private: SealKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


def register(db: Session, *, upto: int = ledger.LAST_NUMBER) -> tuple[KeyRow, ...]:
    """Every key the school ever used, oldest first; those that entries up to ``upto`` name."""
    found: list[KeyRow] = []
    newest: dict[str, int] = {}
    for entry in ledger.entries_of_kind(db, "key_rotated", upto=upto):
        act = entry.body["act"]
        public = _public(act)
        if act.get("use") not in USES or public is None:
            continue
        since = dt.datetime.fromisoformat(act["since"]) if act.get("since") else entry.at
        if act["use"] in newest:
            place = newest[act["use"]]
            old = found[place]
            found[place] = KeyRow(old.key_id, old.use, old.public, old.since, since, old.ends_at)
        newest[act["use"]] = len(found)
        ends_at = dt.datetime.fromisoformat(act["ends_at"]) if act.get("ends_at") else None
        found.append(KeyRow(rules.key_id(public), act["use"], public, since, None, ends_at))
    return tuple(found)


def _public(act: dict[str, Any]) -> bytes | None:
    """The public half that an entry registers under its right name; None when it does not."""
    try:
        public = base64.b64decode(act["public"], validate=True)
        return public if rules.key_id(public) == act["key"] else None
    except (KeyError, TypeError, ValueError):
        return None


def current_key(db: Session, use: str) -> KeyRow | None:
    """The key in use, or None before the first."""
    return next((row for row in reversed(register(db)) if row.use == use), None)


@dataclass(frozen=True, slots=True)
class EndingCertificate:
    """The certificate that seals now and is about to end."""

    key_id: str
    ends_at: dt.datetime
    step: int
    """Of how many days before the end this is the warning: the smallest of ``WARN_DAYS`` that has come."""


def ending_certificate(db: Session) -> EndingCertificate | None:
    """The sealing certificate if it ends within the longest of ``WARN_DAYS``, or has ended."""
    row = current_key(db, "seal")
    if row is None or row.ends_at is None:
        return None
    left = row.ends_at - clock.now()
    steps = [days for days in WARN_DAYS if left <= dt.timedelta(days=days)]
    return EndingCertificate(row.key_id, row.ends_at, min(steps)) if steps else None


class Keyring:
    """The folder with the private keys, encrypted under one password.

    ``certificate`` is a PKCS#12 file from an authority that seals instead of the school's own certificate.
    """

    def __init__(
        self, folder: Path, password: bytes, *, certificate: Path | None = None, certificate_password: bytes = b""
    ) -> None:
        self.folder = folder
        self._password = password
        self._certificate = certificate
        self._certificate_password = certificate_password
        self._heads: dict[str, Ed25519PrivateKey] = {}
        self._seals: dict[str, SealingKey] = {}

    def prepare(self, db: Session, *, school_name: str, actor: Actor) -> None:
        """Make the first keys and register them, and register a configured certificate; safe to repeat.

        A key that the register names and the folder lacks is not replaced: that is for somebody to decide.
        """
        if current_key(db, "head") is None:
            self.rotate(db, "head", school_name=school_name, actor=actor)
        sealing = current_key(db, "seal")
        if self._certificate is not None:
            held = self._from_authority()
            if sealing is None or sealing.public != _der(held.certificate):
                self._enter(db, "seal", _der(held.certificate), held.certificate.not_valid_after_utc, actor)
        elif sealing is None:
            self.rotate(db, "seal", school_name=school_name, actor=actor)

    def rotate(self, db: Session, use: str, *, school_name: str, actor: Actor) -> KeyRow:
        """Make a new key, register it and use it from now on; what older keys signed stays provable."""
        private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey
        ends_at = None
        if use == "head":
            private = Ed25519PrivateKey.generate()
            public = _raw(private)
            self._keep(use, rules.key_id(public), private)
        else:
            private = ec.generate_private_key(ec.SECP256R1())
            certificate = _own_certificate(private, school_name)
            public, ends_at = _der(certificate), certificate.not_valid_after_utc
            self._keep(use, rules.key_id(public), private)
        self._enter(db, use, public, ends_at, actor)
        row = current_key(db, use)
        if row is None or row.public != public:
            raise KeyMissing(_("The new key could not be registered."))
        return row

    def register_again(self, db: Session, lost: Iterable[KeyRow], *, actor: Actor) -> int:
        """Register those of these keys that a ledger which went back to a backup lacks, as in use since they were.

        The newest is in use again. Only a key whose private half lies here is one of the school's: that a database
        which is put aside names it is not enough. Returns how many.
        """
        known = {row.key_id for row in register(db)}
        mine = [row for row in lost if row.key_id not in known and self._holds(row)]
        for row in mine:
            self._enter(db, row.use, row.public, row.ends_at, actor, since=row.since)
        return len(mine)

    def _holds(self, row: KeyRow) -> bool:
        """Whether the private half of a key made here lies in the folder and fits, also when its time is over."""
        try:
            private = self._load(row)
            if row.use == "head":
                return isinstance(private, Ed25519PrivateKey) and _raw(private) == row.public
            certificate = x509.load_der_x509_certificate(row.public)
        except (KeyMissing, ValueError):
            return False
        return isinstance(private, ec.EllipticCurvePrivateKey) and private.public_key() == certificate.public_key()

    def head_key(self, row: KeyRow) -> Ed25519PrivateKey:
        """The private half of a head key; raises KeyMissing."""
        if row.key_id not in self._heads:
            private = self._load(row)
            if not isinstance(private, Ed25519PrivateKey) or _raw(private) != row.public:
                raise KeyMissing(self._unfit(row))
            self._heads[row.key_id] = private
        return self._heads[row.key_id]

    def sealing_key(self, row: KeyRow) -> SealingKey:
        """The private half of a seal key with its certificate; raises KeyMissing, also when that has ended."""
        if row.ends_at is not None and clock.now() >= row.ends_at:
            raise KeyMissing(
                _("The sealing certificate ended on %(day)s. Set up a new one.", day=f"{row.ends_at:%d %B %Y}")
            )
        if row.key_id not in self._seals:
            self._seals[row.key_id] = self._seal_from_disk(row)
        return self._seals[row.key_id]

    def _seal_from_disk(self, row: KeyRow) -> SealingKey:
        if self._certificate is not None:
            held = self._from_authority()
            if _der(held.certificate) == row.public:
                return held
        private = self._load(row)
        certificate = x509.load_der_x509_certificate(row.public)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != certificate.public_key():
            raise KeyMissing(self._unfit(row))
        return SealingKey(private, certificate, ())

    def _from_authority(self) -> SealingKey:
        path = self._certificate
        try:
            if path is None:
                raise ValueError
            loaded = pkcs12.load_pkcs12(path.read_bytes(), self._certificate_password or None)
        except (OSError, ValueError):
            raise KeyMissing(
                _("The certificate file %(path)s cannot be read, or its password is wrong.", path=path)
            ) from None
        if not isinstance(loaded.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or loaded.cert is None:
            raise KeyMissing(_("The certificate file %(path)s holds no key that can seal.", path=path))
        return SealingKey(
            loaded.key, loaded.cert.certificate, tuple(one.certificate for one in loaded.additional_certs)
        )

    def _load(self, row: KeyRow) -> object:
        path = self._path(row.use, row.key_id)
        try:
            return serialization.load_pem_private_key(path.read_bytes(), self._password)
        except FileNotFoundError:
            raise KeyMissing(
                _(
                    "The private key %(path)s is missing. Put it back from your copy, or set up a new one with "
                    "“.venv/bin/flask evidence rotate-key %(use)s”.",
                    path=path.name,
                    use=row.use,
                )
            ) from None
        except (OSError, ValueError, TypeError):
            raise KeyMissing(
                _("The private key %(path)s cannot be opened with the key password.", path=path.name)
            ) from None

    def _unfit(self, row: KeyRow) -> str:
        path = self._path(row.use, row.key_id)
        return _("The private key %(path)s is not the one that the register names.", path=path.name)

    def _path(self, use: str, key_id: str) -> Path:
        return self.folder / f"{use}-{key_id[:16]}.pem"

    def _keep(self, use: str, key_id: str, private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
        """Write the private half before anything names it; a crash in between leaves a key that nobody uses."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._password),
        )
        path = self._path(use, key_id)
        part = path.with_suffix(f".{os.getpid()}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _enter(
        self,
        db: Session,
        use: str,
        public: bytes,
        ends_at: dt.datetime | None,
        actor: Actor,
        *,
        since: dt.datetime | None = None,
    ) -> None:
        old = current_key(db, use)
        key_id = rules.key_id(public)
        act = {
            "use": use,
            "key": key_id,
            "public": base64.b64encode(public).decode("ascii"),
            "ends_at": clock.iso(ends_at) if ends_at else "",
            "replaces": old.key_id if old else "",
        }
        if since is not None:
            act["since"] = clock.iso(since)
        # A certificate may come back after another was tried: the key's name alone does not tell two changes apart.
        key = f"key:{use}:{old.key_id[:16] if old else ''}:{key_id[:32]}:{secrets.token_hex(4)}"
        ledger.append(db, "key_rotated", subject="school", act=act, idempotency_key=key, actor=actor)


def _raw(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _own_certificate(private: ec.EllipticCurvePrivateKey, school_name: str) -> x509.Certificate:
    """A certificate that the school gives itself; what makes it the school's is the register, not an authority."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, school_name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, _("Seal of %(school)s", school=school_name)[:64]),
        ]
    )
    now = clock.now()
    usage = {
        "digital_signature": True,
        "content_commitment": True,
        **dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False),
        **dict.fromkeys(("encipher_only", "decipher_only"), False),
    }
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365 * CERTIFICATE_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(private, hashes.SHA256())
    )
