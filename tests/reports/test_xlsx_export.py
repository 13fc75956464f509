"""A workbook we hand out opens in Excel and runs nothing that somebody typed."""

from __future__ import annotations

import io

import openpyxl
import pytest

from oval_aup.people.roster.reader import read
from oval_aup.reports import xlsx_bytes


def _cells(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "=HYPERLINK(1)"])
def test_a_cell_that_begins_like_a_formula_is_text(cell: str) -> None:
    content = xlsx_bytes(["Name"], [[cell]])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet["A2"].data_type == "s"
    assert str(sheet["A2"].value).startswith("'")


def test_numbers_stay_numbers_and_the_head_stays_in_sight() -> None:
    content = xlsx_bytes(["Name", "Reminders"], [["Zoë \x07 O’Neill", 3], ["", -5]])
    assert _cells(content) == [["Name", "Reminders"], ["Zoë  O’Neill", 3], [None, -5]]
    assert openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].freeze_panes == "A2"


def test_a_table_handed_out_is_read_back_as_it_was() -> None:
    table = read(xlsx_bytes(["Name", "Class"], [["=cmd", "4C"], ["Zoë", "4A"]]))
    assert (table.headers, table.rows) == (("Name", "Class"), (("=cmd", "4C"), ("Zoë", "4A")))
