"""Excel and LibreOffice workbooks are read as their owner sees them; anything else gets its sentence."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Invalid
from oval_aup.people import roster
from oval_aup.people.roster import workbook
from oval_aup.people.roster.reader import Unreadable, read
from tests.people.makers import look, plan_of, sentences

HEADERS = ["Adno", "Forename", "Surname", "DOB", "Year Group", "Class", "Parent 1 Name", "Parent 1 Mobile"]
ROW = [4513, "Zoë", "Ash", dt.date(2018, 6, 5), 4, "4C", "Ann Ash", "07700 900201"]
Cells = Sequence[object]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _book(sheets: Mapping[str, Sequence[Cells]], *, hidden: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name == hidden:
            sheet.sheet_state = "hidden"
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _open_document() -> bytes:
    """The same list as LibreOffice writes it."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in HEADERS
    )
    row = (
        '<table:table-cell office:value-type="float" office:value="4513"><text:p>4513</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>Zoë</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>Ash</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2018-06-05"><text:p>05/06/18</text:p>'
        '</table:table-cell><table:table-cell office:value-type="float" office:value="4"><text:p>4</text:p>'
        '</table:table-cell><table:table-cell office:value-type="string"><text:p>4C</text:p></table:table-cell>'
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Pupils"><table:table-row>{cells}</table:table-row>'
        f"<table:table-row>{row}</table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return _packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def _packed(parts: Mapping[str, str | bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return kept.getvalue()


def _bomb(size: int) -> bytes:
    """A workbook of a few kilobytes whose sheet unpacks to so many bytes."""
    good = zipfile.ZipFile(io.BytesIO(_book({"Pupils": [HEADERS, ROW]})))
    parts = {name: good.read(name) for name in good.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"] + b" " * size
    return _packed(parts)


EXCEL = _book({"Pupils": [HEADERS, ROW]})
OLD_EXCEL = Path(__file__).with_name("workbooks").joinpath("pupils.xls").read_bytes()


@pytest.mark.parametrize("content", [EXCEL, OLD_EXCEL, _open_document()], ids=["xlsx", "xls", "ods"])
def test_numbers_and_dates_of_a_workbook_are_what_its_owner_sees(content: bytes) -> None:
    table = read(content)
    assert table.headers == tuple(HEADERS)
    assert table.rows[0][:6] == ("4513", "Zoë", "Ash", "2018-06-05", "4", "4C")
    assert (table.encoding, table.sheet, table.numbers) == ("Excel", "Pupils", (2,))


def test_a_workbook_is_imported_as_any_list(db: Session) -> None:
    shown = look(db, EXCEL)
    assert (shown.sheet, shown.sheets, sentences(shown)) == ("Pupils", ("Pupils",), [])
    assert "Excel, sheet “Pupils”" in roster.as_text(shown)
    roster.apply(db, shown.public_id, actor=SYSTEM)
    (child,) = people.children(db)
    assert (child.full_name, child.born_on) == ("Zoë Ash", dt.date(2018, 6, 5))


def test_the_sheet_that_looks_like_a_list_is_read_and_another_can_be_chosen(db: Session) -> None:
    notes, staff = (
        [["Printed by the office"], ["on", "a Monday"]],
        [["Staff Code", "Name", "Post"], ["S1", "Jo Li", "Cook"]],
    )
    book = _book({"Notes": notes, "Old": [HEADERS, ROW], "Staff": staff, "Pupils": [HEADERS, ROW]}, hidden="Old")
    shown = look(db, book)
    assert (shown.sheet, shown.sheets) == ("Pupils", ("Notes", "Old", "Staff", "Pupils"))
    again = roster.preview_again(db, shown.public_id, sheet="Staff", actor=SYSTEM)
    assert (again.sheet, again.kind, [joiner.name for joiner in plan_of(again).joiners]) == (
        "Staff",
        "staff",
        ["Jo Li"],
    )
    assert roster.show(db, shown.public_id, actor=SYSTEM).sheet == "Staff"
    with pytest.raises(Invalid):
        roster.preview_again(db, shown.public_id, sheet="Nothing", actor=SYSTEM)


def test_a_telephone_without_its_nought_and_a_formula_without_a_value_are_said_by_row(db: Session) -> None:
    second = [4514, "Bo", "Elm", dt.date(2018, 6, 6), 4, "4C", '="Cy "&"Elm"', 7700900202]
    shown = look(db, _book({"Pupils": [HEADERS, ROW, second]}))
    assert sentences(shown) == [
        "3: The contact in this row has no name and was left out.",
        "3: The formula in cell G3 has no value: open the file in Excel, save it and choose it again.",
        "3: The telephone number 7700900202 has lost its first 0; 07700900202 is used.",
    ]


def test_a_cell_with_an_error_is_said_by_row(db: Session) -> None:
    assert "2: Cell F2 shows #N/A, which is not a value." in sentences(
        look(db, _book({"Pupils": [HEADERS, [*ROW[:5], "#N/A", *ROW[6:]]]}))
    )


def test_a_person_is_found_in_every_sheet_of_a_list_nobody_decided_on(db: Session) -> None:
    done = look(db, _book({"Pupils": [HEADERS, ROW]}))
    roster.apply(db, done.public_id, actor=SYSTEM)
    (child,) = people.children(db)
    waiting = look(db, _book({"Pupils": [HEADERS, [9, *ROW[1:2], "Elm", *ROW[3:]]], "Old": [HEADERS, ROW]}))
    assert [row.public_id for row in roster.lists_naming(db, child.person_id)] == [waiting.public_id]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (OLE + "EncryptedPackage".encode("utf-16-le") * 40, "protected with a password"),
        (OLE + "WordDocument".encode("utf-16-le") * 40, "word-processor document"),
        (OLE + b"\x00" * 2000, "damaged or is not really one"),
        (EXCEL[: len(EXCEL) // 2], "damaged or is not really one"),
        (_packed({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}), "damaged or is not really one"),
        (_packed({"[Content_Types].xml": "x", "word/document.xml": "x"}), "word-processor document"),
        (_packed({"pupils.csv": "Forename,Surname"}), "This is a ZIP file"),
        (_bomb(300 * 1024 * 1024), "unpacks to far more than a list of a school"),
        (_book({"Pupils": []}), "This file is empty"),
        (_book({"Pupils": [HEADERS]}), "headings but no rows"),
        (_book({"Pupils": [[f"Column {n}" for n in range(300)], ["x"] * 300]}), "more than 200 columns"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    assert sentence in refusal.value.message


def test_entities_in_a_workbook_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words", encoding="utf-8")
    good = zipfile.ZipFile(io.BytesIO(EXCEL))
    parts = {name: good.read(name) for name in good.namelist()}
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY s SYSTEM "{secret.as_uri()}">{laughs}]>'
    body = parts["xl/worksheets/sheet1.xml"].decode().replace("<v>4</v>", "<v>&l9;&s;4</v>")
    parts["xl/worksheets/sheet1.xml"] = (doctype + body).encode()
    try:
        table = read(_packed(parts))
    except Unreadable:
        return
    assert not any("ha" in cell or "hidden" in cell for row in table.rows for cell in row)


def test_a_csv_file_called_xls_is_read_as_what_it_is() -> None:
    assert read(b"Forename\tSurname\nLeo\tBrown\n").rows == (("Leo", "Brown"),)


def test_a_workbook_that_lies_about_its_size_ends_with_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    far = openpyxl.Workbook()
    far.worksheets[0]["A1"], far.worksheets[0]["XFD1048576"] = "Adno", "x"
    kept = io.BytesIO()
    far.save(kept)
    with pytest.raises(Unreadable, match="unpacks to far more"):
        read(kept.getvalue())
    monkeypatch.setattr(workbook, "PATIENCE", 0.001)
    with pytest.raises(Unreadable, match="unpacks to far more"):
        read(EXCEL)
