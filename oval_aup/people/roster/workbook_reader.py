"""The program that opens a workbook in a process of its own, with little memory and time, and prints its cells.

It is started by path, knows nothing else of this package, and reads the workbook from its standard input. What it
prints is JSON: ``{"sheets": [...]}`` or ``{"fault": "<word>"}``.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml.etree import LxmlError, iterparse

MEMORY = 1024 * 1024 * 1024
SECONDS = 20
MOST_SHEETS, MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 60, 250_000, 200, 60_000_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Fault(Exception):
    """Why a workbook is not read, in one word."""


def as_text(value: Any) -> str:
    """A cell as somebody would type it: a whole number has no decimals, a date no time of midnight."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    return str(value)


def sheets_of(content: bytes) -> list[dict[str, Any]]:
    """The sheets of a workbook: ``name``, ``hidden``, ``rows`` of text and ``lost`` cells. Raises Fault."""
    from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum, load_workbook

    try:
        book = load_workbook(io.BytesIO(content))
        lost = lost_cells(content) if content.startswith(b"PK") else {}
        found, letters = [], 0
        for place, about in enumerate(book.sheets_metadata[:MOST_SHEETS]):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            rows: list[list[str]] = []
            for cells in book.get_sheet_by_index(place).to_python(skip_empty_area=False, nrows=MOST_ROWS + 1):
                row = [as_text(cell) for cell in cells]
                while row and not row[-1]:
                    row.pop()
                letters += sum(map(len, row))
                if len(row) > MOST_COLUMNS or letters > MOST_LETTERS:
                    raise Fault("columns" if len(row) > MOST_COLUMNS else "size")
                rows.append(row)
            while rows and not rows[-1]:
                rows.pop()
            if len(rows) > MOST_ROWS:
                raise Fault("rows")
            hidden = about.visible != SheetVisibleEnum.Visible
            found.append({"name": about.name, "hidden": hidden, "rows": rows, "lost": lost.get(about.name, [])})
    except PasswordError as error:
        raise Fault("password") from error
    except (CalamineError, zipfile.BadZipFile, LxmlError, KeyError, ValueError) as error:
        raise Fault("damaged") from error
    return found


def lost_cells(content: bytes) -> dict[str, list[tuple[int, str, str]]]:
    """By sheet, the cells of an .xlsx with a formula and no value, or with an error: row, cell and error (or empty)."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return found
        targets = {}
        with archive.open("xl/_rels/workbook.xml.rels") as links:
            for link in _elements(links):
                targets[link.get("Id")] = link.get("Target", "")
        with archive.open("xl/workbook.xml") as book:
            listed = [(s.get("name", ""), s.get(_LINKED)) for s in _elements(book, f"{_MAIN}sheet")]
        for name, link_id in listed:
            target = targets.get(link_id, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if part in names:
                with archive.open(part) as sheet:
                    found[name] = list(_lost_in(sheet))
    return found


def _elements(part: Any, *tags: str) -> Iterator[Any]:
    for _event, element in iterparse(part, tag=tags or None, resolve_entities=False, no_network=True, load_dtd=False):
        yield element


def _lost_in(sheet: Any) -> Iterator[tuple[int, str, str]]:
    for cell in _elements(sheet, f"{_MAIN}row", f"{_MAIN}c"):
        if cell.tag == f"{_MAIN}row":
            cell.clear()
            continue
        value = cell.findtext(f"{_MAIN}v")
        place = cell.get("r", "")
        row = "".join(filter(str.isdigit, place))
        if not row:
            continue
        if cell.get("t") == "e":
            yield int(row), place, value or "#"
        elif cell.find(f"{_MAIN}f") is not None and not value and cell.get("t") != "str":
            yield int(row), place, ""


def main() -> None:
    """Read standard input and print what it holds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told: dict[str, Any] = {"sheets": sheets_of(sys.stdin.buffer.read())}
    except Fault as fault:
        told = {"fault": str(fault)}
    except MemoryError:
        told = {"fault": "size"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
