"""The lines of a pack's two texts that no language changes: what fingerprints are made of, and what people type."""

from __future__ import annotations

from oval_aup.verifier.openssl_export import HEAD_BY_OPENSSL, SEAL_BY_OPENSSL

FORMULAS = {
    "file": "sha256 = H(file)",
    "files": "contents_sha256 = H(05 + lines)",
    "entry": "entry_hash = H(00 + body)",
    "details": "details_commitment = H(02 + salt + details)",
    "wording": "text_sha256 = H(texts/*.json)",
    "pdf": "sha256 = H(PDF)",
    "record": "record_sha256 = H(record.json)",
    "key": "key = H(public)",
    "head": 'signature = Ed25519(04 + {"at":"AT","entry_hash":"HASH","key":"KEY","size":SIZE,"v":1})',
    "line": "OVAL-HEAD 1 SIZE HASH AT KEY SIGNATURE",
}
"""As ``verifier/rules.py`` computes them; a test follows each to the letter."""

TYPED = {
    "check": "python3 verify.py FOLDER",
    "check_windows": "py verify.py FOLDER",
    "compare": "python3 verify.py --head receipt.pdf FOLDER",
    "take_seal": "python3 verify.py --extract FOLDER/records/00001.pdf apart",
    "take_head": "python3 verify.py --extract FOLDER/manifest.json apart",
    "windows": "certutil -hashfile FILE SHA256",
    "macos": "shasum -a 256 FILE",
    "linux": "sha256sum FILE",
    "seal": SEAL_BY_OPENSSL,
    "head": HEAD_BY_OPENSSL,
}
