"""Hands out a table of the reports room as a file for a spreadsheet."""

from __future__ import annotations

from flask import Response, request

from oval_aup import reports

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_file(table: reports.ExportTable, name: str) -> Response:
    """The table, to be saved and not shown: as a workbook where the address ends in .xlsx, and as CSV otherwise."""
    name = name.removesuffix(".csv")
    if request.path.endswith(".xlsx"):
        response = Response(reports.xlsx_bytes(table.header, table.rows), content_type=EXCEL)
        name = f"{name}.xlsx"
    else:
        response = Response(reports.csv_bytes(table.header, table.rows), content_type="text/csv; charset=utf-8")
        name = f"{name}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
