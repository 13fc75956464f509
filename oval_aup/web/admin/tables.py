"""Hands out a table of the reports room as a file for a spreadsheet."""

from __future__ import annotations

from flask import Response

from oval_aup import reports


def table_file(table: reports.Table, file_name: str) -> Response:
    """The table as CSV, to be saved and not shown."""
    response = Response(reports.csv_bytes(table.header, table.rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
