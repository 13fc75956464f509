"""A table opens as text in every spreadsheet, whatever people are called."""

from __future__ import annotations

import csv
import io

import pytest

from oval_aup.reports import csv_bytes


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+44 121",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\x00=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠a",
        " =1",
        "\u00a0=1",
    ],
)
def test_no_cell_begins_a_formula(cell: str) -> None:
    (read,) = _read(csv_bytes(["Name"], [[cell]]))[1:]
    assert read[0].startswith("'")


@pytest.mark.parametrize("cell", ["Łukasz Nowak", "O’Brien, Zoë", 'a "quoted" name', "محمد", "1-2", "a=b"])
def test_ordinary_text_is_left_as_it_is(cell: str) -> None:
    assert _read(csv_bytes(["Name"], [[cell]])) == [["Name"], [cell]]


def test_numbers_stay_numbers() -> None:
    assert csv_bytes(["A"], [[-5]]) == "\ufeffA\r\n-5\r\n".encode()
