"""Writes a table as a CSV file that every spreadsheet opens as text, whatever people typed into it."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
_BEGINS_FORMULA = frozenset("=+-@\t\r\n\x00")
_KEPT = "\u200c\u200d"


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """The table in UTF-8 with a byte order mark; a cell that a spreadsheet would run as a formula begins with ``'``."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return (BYTE_ORDER_MARK + out.getvalue()).encode("utf-8")


def harmless(cell: str | int) -> str | int:
    """The cell as it may be written: numbers as they are, text that cannot be taken for a formula."""
    if not isinstance(cell, str):
        return cell
    visible = cell.lstrip(" \u00a0\u3000\ufeff")
    first = unicodedata.normalize("NFKC", visible[:1]) or cell[:1]
    text = "".join(letter for letter in cell if letter in _KEPT or letter in "\t\r\n" or ord(letter) >= 32)
    if cell[:1] in _BEGINS_FORMULA or first[:1] in _BEGINS_FORMULA:
        return "'" + text
    return text
