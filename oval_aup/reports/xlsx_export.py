"""Writes a table as an Excel workbook in which nothing that people typed is a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from oval_aup.core import clock
from oval_aup.reports.csv_export import harmless

LONGEST_CELL = 32_767
"""Letters that a cell of Excel can hold."""
_WIDEST = 60


def xlsx_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """The table as one sheet with a fixed head; text is text, also where it begins like a formula."""
    lines = [list(row) for row in rows]
    book = Workbook(write_only=True)
    book.properties.creator = ""
    book.properties.created = book.properties.modified = clock.now().replace(tzinfo=None)
    sheet = book.create_sheet("1")
    sheet.freeze_panes = "A2"
    for place, name in enumerate(header):
        longest = max((len(str(line[place])) for line in lines if place < len(line)), default=0)
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(max(len(name), longest) + 2, _WIDEST)
    sheet.append([_cell(sheet, name, Font(bold=True)) for name in header])
    for line in lines:
        sheet.append([_cell(sheet, value) for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: object, value: str | int, font: Font | None = None) -> WriteOnlyCell:
    safe = harmless(value)
    cell = WriteOnlyCell(sheet, value=safe[:LONGEST_CELL] if isinstance(safe, str) else safe)
    if isinstance(safe, str):
        cell.data_type = "s"
        cell.alignment = Alignment(vertical="top", wrap_text=len(safe) > _WIDEST)
    if font is not None:
        cell.font = font
    return cell
