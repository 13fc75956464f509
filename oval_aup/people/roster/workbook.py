"""Opens an Excel or LibreOffice workbook in a process with limits, or refuses it with one plain sentence."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from oval_aup.core.i18n import _, gettext_noop

READER = Path(__file__).with_name("workbook_reader.py")
PATIENCE = 60.0
"""Seconds on the wall; the reader itself ends after 20 seconds of processor time."""
UNPACKED_LIMIT = 200 * 1024 * 1024
"""Bytes that the parts of a workbook may unpack to: some hundred times a whole school's list."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DAMAGED = gettext_noop("This Excel file is damaged or is not really one; export the list again, or save it as CSV.")
_FAULTS = {
    "password": gettext_noop("This file is protected with a password; save a copy without one and choose that."),
    "size": gettext_noop(
        "This file unpacks to far more than a list of a school; save only the list as a file of its own."
    ),
    "rows": gettext_noop("This file has more rows than one school can have; save only the list as a file of its own."),
    "columns": gettext_noop("This file has more than 200 columns; export fewer columns."),
    "damaged": _DAMAGED,
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows from the first on, as text, and the cells whose value is lost."""

    name: str
    hidden: bool
    rows: list[list[str]]
    lost: tuple[tuple[int, str, str], ...]
    """Row number, cell such as ``F4``, and the error that stands there or an empty string."""


def is_workbook(content: bytes) -> bool:
    """Whether these bytes begin as a workbook does, or as something else packed in the same way."""
    return content.startswith((b"PK\x03\x04", _OLE))


def sheets(content: bytes) -> tuple[tuple[Sheet, ...], str]:
    """The sheets of a workbook, and the sentence that refuses it (empty when all is well)."""
    if fault := _refused(content):
        return (), fault
    command = [sys.executable, "-I", str(READER)]
    try:
        outcome = subprocess.run(  # noqa: S603 - our own program, fed with the file
            command, input=content, capture_output=True, timeout=PATIENCE, check=False, env={}
        )
    except subprocess.TimeoutExpired:
        return (), _(_FAULTS["size"])
    if outcome.returncode != 0:  # killed by its limits, or by what the file made the library do
        return (), _(_FAULTS["size"])
    told = json.loads(outcome.stdout)
    if "fault" in told:
        return (), _(_FAULTS[told["fault"]])
    found = tuple(
        Sheet(each["name"], each["hidden"], each["rows"], tuple(tuple(lost) for lost in each["lost"]))
        for each in told["sheets"]
        if each["rows"]
    )
    return found, "" if found else _("This file is empty.")


def _start_of(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(100)


def _refused(content: bytes) -> str:
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            return _(_FAULTS["password"])
        if "WordDocument".encode("utf-16-le") in content:
            return _("This is a word-processor document; export the list as CSV or Excel instead.")
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            kind = _start_of(archive, "mimetype") if "mimetype" in names else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        return _(_DAMAGED)
    if any(name.startswith(("word/", "ppt/")) for name in names) or b"opendocument.text" in kind:
        return _("This is a word-processor document; export the list as CSV or Excel instead.")
    if not ({"xl/workbook.xml", "xl/workbook.bin"} & names or b"opendocument.spreadsheet" in kind):
        return _("This is a ZIP file; unpack it and choose the file inside.")
    if len(parts) > 5000 or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        return _(_FAULTS["size"])
    return ""
