"""Turns the bytes of an export into a header and rows, or refuses them with one plain sentence."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.people.roster import workbook
from oval_aup.people.roster.decode import decoded
from oval_aup.people.roster.mapping import holds_password, is_known_heading

DEFAULT_LIMIT = 10 * 1024 * 1024
MOST_COLUMNS = 200
MOST_ROWS = 250_000
LONGEST_CELL = 20_000
_PREAMBLE = 15
"""Report titles some systems print above the headings: at most this many rows are looked at."""
_TOTAL = re.compile(
    r"(?:grand |sub ?)?totals?\b|number of\b|count\b|printed\b|produced\b|generated\b|exported\b|end of\b|page \d"
    r"|report\b|\d+ (?:pupils|students|children|contacts|rows|records|staff)\b",
    re.IGNORECASE,
)
"""How the lines begin that reports print below their rows."""

_DELIMITERS = (",", ";", "\t", "|")
_NAMED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_VALUE = re.compile(r"@|^\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}$")
_GUARDS = frozenset("='")
_TEXT_FORMULA = re.compile(r'^="(.*)"$', re.DOTALL)

csv.field_size_limit(10 * LONGEST_CELL)


class Unreadable(Invalid):
    """The file as a whole cannot be taken; nothing was changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, {"file": sentence})


@dataclass(frozen=True, slots=True)
class ListTable:
    """A file as read: unique headers, rows padded to their number, and where each row stands in the file."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    """The row number a spreadsheet shows for each row; headings are usually row 1."""
    misshapen: tuple[tuple[int, str, tuple[str, ...]], ...]
    """Rows left out because their cells do not line up with the headings: number, sentence and cells."""
    encoding: str
    delimiter: str
    notes: tuple[tuple[int, str], ...] = ()
    """What else is to be said of the file: a row number, 0 for the file as a whole, and a sentence."""
    sheets: tuple[str, ...] = ()
    """The sheets of a workbook that hold something, and the one that was read."""
    sheet: str = ""


def read(content: bytes, *, sheet: str = "", limit: int = DEFAULT_LIMIT) -> ListTable:
    """Read an export of at most ``limit`` bytes; raises Unreadable with a sentence for anything else.

    ``sheet`` names the sheet of a workbook; without it the one that looks most like a list is read.
    """
    if len(content) > limit:
        raise Unreadable(
            _("This file is larger than %(limit)s MB, the most that can be read.", limit=_megabytes(limit))
        )
    if workbook.is_workbook(content):
        return _sheet(content, sheet)
    text, encoding, fault = decoded(content)
    if fault:
        raise Unreadable(fault)
    text, delimiter = _delimiter(text)
    records = _records(text, delimiter)
    headers, first = _headers(records)
    notes, below = _passed_over(records, first, headers)
    rows, numbers, misshapen = _body(records[:below], first, len(headers), {row for row, _sentence in notes})
    _refuse_passwords(headers, rows)
    return ListTable(headers, rows, numbers, misshapen, encoding, _NAMED[delimiter], notes)


def every_row(content: bytes) -> list[tuple[str, ...]]:
    """The rows of a list, or of every sheet of a workbook; raises Unreadable."""
    if not workbook.is_workbook(content):
        return list(read(content, limit=len(content)).rows)
    return [tuple(map(tidy, row)) for sheet in _sheets(content) for row in sheet.rows]


def _sheets(content: bytes) -> tuple[workbook.Sheet, ...]:
    found, fault = workbook.sheets(content)
    if fault:
        raise Unreadable(fault)
    return found


def _sheet(content: bytes, name: str) -> ListTable:
    found = _sheets(content)
    chosen = next((sheet for sheet in found if sheet.name == name), None) or max(found, key=_looks_like_a_list)
    width = max(map(len, chosen.rows))
    records = [row + [""] * (width - len(row)) for row in chosen.rows]
    headers, first = _headers(records)
    notes, below = _passed_over(records, first, headers)
    rows, numbers, misshapen = _body(records[:below], first, len(headers), {row for row, _sentence in notes})
    _refuse_passwords(headers, rows)
    lost = tuple((row, _lost(cell, error)) for row, cell, error in chosen.lost if row >= first)
    names = tuple(sheet.name for sheet in found)
    told = tuple(sorted((*notes, *lost)))
    return ListTable(headers, rows, numbers, misshapen, "Excel", "", told, names, chosen.name)


def _looks_like_a_list(sheet: workbook.Sheet) -> tuple[bool, int, int]:
    known = max((sum(map(is_known_heading, row)) for row in sheet.rows[:_PREAMBLE]), default=0)
    return not sheet.hidden, known, len(sheet.rows) if known else 0


def _lost(cell: str, error: str) -> str:
    if error:
        return _("Cell %(cell)s shows %(error)s, which is not a value.", cell=cell, error=error)
    return _(
        "The formula in cell %(cell)s has no value: open the file in Excel, save it and choose it again.", cell=cell
    )


def _refuse_passwords(headers: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    for place, header in enumerate(headers):
        if holds_password(header) and any(row[place] for row in rows):
            raise Unreadable(
                _("The column “%(header)s” holds passwords. Delete it from the list and try again.", header=header)
            )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0")


def _delimiter(text: str) -> tuple[str, str]:
    """The text without Excel's ``sep=`` line, and what parts its cells."""
    first, _end, rest = text.partition("\n")
    told = re.fullmatch(r'"?sep=([,;\t|])"?\s*', first, re.IGNORECASE)
    if told:
        return rest, told[1]
    top = text[:20_000].splitlines()[: _PREAMBLE + 10]
    widths = {delimiter: Counter(_width(line, delimiter) for line in top if line.strip()) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: _parts_well(widths[delimiter]))
    if all(width <= 1 for width in widths[best]):
        raise Unreadable(
            _("Only one column was found; save the list as CSV with a comma, semicolon or tab between cells.")
        )
    return text, best


def _parts_well(widths: Counter[int]) -> tuple[int, int, int]:
    """How well a separator does: lines it parts at all, lines it parts into the same number of cells, that number."""
    parted = {width: lines for width, lines in widths.items() if width > 1}
    width, lines = max(parted.items(), key=lambda found: (found[1], found[0]), default=(0, 0))
    return sum(parted.values()), lines, width


def _width(line: str, delimiter: str) -> int:
    return re.sub(r'"[^"]*"', "", line).count(delimiter) + 1


def _records(text: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row, record in enumerate(reader, start=1):
            if len(record) > MOST_COLUMNS:
                fault = _(
                    "Row %(row)s has more than %(most)s columns; export fewer columns.", most=MOST_COLUMNS, row=row
                )
                raise Unreadable(fault)
            if len(records) > MOST_ROWS:
                fault = _(
                    "This file has more than %(most)s rows; that is too many for one school.", most=f"{MOST_ROWS:,}"
                )
                raise Unreadable(fault)
            if any(len(cell) > LONGEST_CELL for cell in record):
                raise Unreadable(_unclosed(row))
            records.append(record)
    except csv.Error as error:
        raise Unreadable(_unclosed(len(records) + 1)) from error
    return records


def _unclosed(row: int) -> str:
    return _(
        "A quotation mark in row %(row)s is never closed: the file is damaged or was cut short. Export it again.",
        row=row,
    )


def _headers(records: list[list[str]]) -> tuple[tuple[str, ...], int]:
    """The unique headers and the index of the first row below them: the row on top with the most known headings."""
    top = [[tidy(cell) for cell in record] for record in records[:_PREAMBLE]]
    tops = {index: cells for index, cells in enumerate(top) if sum(map(bool, cells)) > 1}
    known = {index: sum(map(is_known_heading, cells)) for index, cells in tops.items()}
    index = max(tops, key=lambda index: (known[index] if known[index] > 1 else 0, -index), default=None)
    if index is not None:
        cells = tops[index]
        if sum(1 for cell in cells if _VALUE.search(cell)) > 0:
            raise Unreadable(_("The first row should hold the column headings, but it holds a person."))
        while cells and not cells[-1]:
            cells.pop()
        if not any(any(cell.strip() for cell in row) for row in records[index + 1 :]):
            raise Unreadable(_("This file has headings but no rows below them."))
        return _unique(cells), index + 1
    raise Unreadable(_("No row of column headings was found at the top of this file."))


def _unique(cells: list[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    headers = []
    for number, cell in enumerate(cells, start=1):
        name = cell or f"Column {number}"  # kept with the mapping, so it stays in one language
        seen[name.lower()] += 1
        headers.append(name if seen[name.lower()] == 1 else f"{name} ({seen[name.lower()]})")
    return tuple(headers)


def _passed_over(
    records: list[list[str]], first: int, headers: tuple[str, ...]
) -> tuple[tuple[tuple[int, str], ...], int]:
    """Lines below the headings that are no rows of the list, each with a sentence, and where the list ends."""
    notes: list[tuple[int, str]] = []
    end = len(records)
    while end > first:
        cells = list(filter(None, map(tidy, records[end - 1])))
        after_a_gap = end - 1 > first and not any(map(str.strip, records[end - 2]))
        if cells and not (len(cells) < min(3, len(headers)) and (_TOTAL.match(cells[0]) or after_a_gap)):
            break
        if cells and len(cells) > 1 and not _TOTAL.match(cells[0]):
            break
        if cells:
            told = _("“%(cell)s” is not a row of this list and is left out.", cell=" ".join(cells)[:80])
            notes.append((end, told))
        end -= 1
    plain = [header.lower() for header in headers]
    for index in range(first, end):
        if [tidy(cell).lower() for cell in records[index][: len(headers)]] == plain:
            notes.append((index + 1, _("The headings are repeated here; this row is left out.")))
    return tuple(sorted(notes)), end


def _body(
    records: list[list[str]], first: int, width: int, passed_over: set[int]
) -> tuple[tuple[tuple[str, ...], ...], tuple[int, ...], tuple[tuple[int, str, tuple[str, ...]], ...]]:
    filled = [
        (index + 1, record)
        for index, record in enumerate(records)
        if index >= first and any(map(str.strip, record)) and index + 1 not in passed_over
    ]
    short = sum(1 for _, record in filled if len(record) < width)
    if not filled:
        raise Unreadable(_("This file has headings but no rows below them."))
    if short == 1 and len(filled[-1][1]) < width:
        raise Unreadable(
            _("The last row (row %(row)s) is cut short: the file is incomplete. Export it again.", row=filled[-1][0])
        )
    ragged = short > max(3, len(filled) // 20)  # then the system that wrote it drops empty cells at the end of rows
    rows, numbers, misshapen = [], [], []
    for number, record in filled:
        if any(cell.strip() for cell in record[width:]):
            sentence = _("This row has more cells than there are headings; a comma may be missing its quotes.")
            misshapen.append((number, sentence, tuple(map(tidy, record))))
        elif len(record) < width and not ragged:
            sentence = _(
                "This row has %(cells)s cells where the headings have %(headings)s.", cells=len(record), headings=width
            )
            misshapen.append((number, sentence, tuple(map(tidy, record))))
        else:
            rows.append(tuple(tidy(cell) for cell in record[:width]) + ("",) * (width - len(record)))
            numbers.append(number)
    return tuple(rows), tuple(numbers), tuple(misshapen)


def tidy(cell: str) -> str:
    """A cell without surrounding space and without what spreadsheets add to keep text from being a formula."""
    cell = cell.strip()
    if cell[:1] not in _GUARDS:
        return cell
    if cell.startswith("=") and (wrapped := _TEXT_FORMULA.match(cell)):
        return wrapped[1].strip()
    if cell.startswith("'") and cell[1:2] in {"=", "+", "-", "@", "\t"}:
        return cell[1:].strip()
    return cell
