"""Seals a PDF so that any later change shows: one certification signature by the school over the whole file."""

from __future__ import annotations

import io
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1 as _asn1
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sqlalchemy.orm import Session

from oval_aup.core.i18n import _
from oval_aup.evidence.heads import SignedHead, signed_head
from oval_aup.evidence.keys import KeyMissing, Keyring, KeyRow, SealingKey, current_key, register

FIELD = "Seal"
PLAIN_BYTES, LARGE_BYTES = 4096, 24576
"""Room for the seal, half of it bytes; saying it beforehand spares a trial run. A time-stamp or an authority's chain
of certificates needs the large one."""

TIMESTAMP_SECONDS = 5
TIMESTAMP_REST = 60.0
"""Seconds for which a service that did not answer is left alone: a whole school's papers must not wait for each."""

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="seal")
"""The library runs an event loop of its own, which the caller's thread may not have room for."""

log = logging.getLogger("oval_aup.evidence.seal")


class SealFailed(Exception):
    """A PDF could not be sealed, in one sentence."""


class SealPress:
    """Signs heads and seals PDFs with whatever keys the register names now; any thread may use it.

    With ``timestamp_url`` an RFC 3161 service adds its own time; when it does not answer in time the seal is made
    without, since a time-stamp must never hold up a receipt.
    """

    def __init__(self, ring: Keyring, *, school_name: str, timestamp_url: str = "") -> None:
        self.ring = ring
        self.school_name = school_name
        self.timestamp_url = timestamp_url
        self._sealers: dict[str, Sealer] = {}

    def head(self, db: Session) -> SignedHead:
        """``signed_head`` with this ring."""
        return signed_head(db, self.ring)

    def sealer_and_head(self, db: Session) -> tuple[Sealer, SignedHead]:
        """What seals now and the signed head, with the register of keys read once; raises KeyMissing."""
        keys = {row.use: row for row in register(db)}  # oldest first: the last of each use is in use
        return self._sealer(keys.get("seal")), signed_head(db, self.ring, keys.get("head"))

    def sealer(self, db: Session) -> Sealer:
        """What seals now; raises KeyMissing."""
        return self._sealer(current_key(db, "seal"))

    def _sealer(self, row: KeyRow | None) -> Sealer:
        if row is None:
            raise KeyMissing(_("There is no key yet that seals documents."))
        key = self.ring.sealing_key(row)
        if row.key_id not in self._sealers:
            self._sealers[row.key_id] = Sealer(key, school_name=self.school_name, timestamp_url=self.timestamp_url)
        return self._sealers[row.key_id]


class Sealer:
    """Seals with one key, again and again; any thread may use it."""

    def __init__(self, key: SealingKey, *, school_name: str, timestamp_url: str = "") -> None:
        self._key = key
        self._metadata = PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            name=school_name,
            reason=_("Shows any change made after sealing"),
        )
        self._timestamp_url = timestamp_url
        self._stamps_again_at = 0.0

    def seal(self, pdf: bytes) -> bytes:
        """The sealed file; the PDF/A and PDF/UA conformance of ``pdf`` is kept. Raises SealFailed."""
        if self._timestamp_url and time.monotonic() >= self._stamps_again_at:
            try:
                return self._sealed(pdf, LARGE_BYTES, HTTPTimeStamper(self._timestamp_url, timeout=TIMESTAMP_SECONDS))
            except Exception as error:  # whatever the service or the way to it does, the seal is made without
                self._stamps_again_at = time.monotonic() + TIMESTAMP_REST
                log.warning("sealed without a time-stamp: %s", type(error).__name__)
        try:
            return self._sealed(pdf, LARGE_BYTES if self._key.chain else PLAIN_BYTES)
        except Exception as error:  # the library raises its own kinds and those of three others
            raise SealFailed(_("Sealing failed: %(kind)s", kind=type(error).__name__)) from error

    def _sealed(self, pdf: bytes, room: int, stamper: TimeStamper | None = None) -> bytes:
        """Sign with parts made for this seal alone: the library's certificates change while they are being written
        out, so that two seals sharing them spoil each other."""
        out = io.BytesIO()

        def sign() -> None:
            signer = PdfSigner(self._metadata, _HeldKeySigner(self._key), timestamper=stamper)
            signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=room, output=out)

        _THREADS.submit(sign).result()
        return out.getvalue()


class _HeldKeySigner(Signer):
    """Signs with a key that stays loaded; the library's own signer reads it anew for every seal."""

    def __init__(self, key: SealingKey) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call] # the library leaves its own constructor bare
        store.register_multiple([_asn1(one) for one in key.chain])
        super().__init__(signing_cert=_asn1(key.certificate), cert_registry=store)
        self._private = key.private

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002 - the library names it
        if digest_algorithm.lower() != "sha256":
            raise SealFailed(_("Sealing failed: %(kind)s", kind=digest_algorithm))
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            return self._private.sign(data, ec.ECDSA(hashes.SHA256()))
        return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())
