"""Import and the office's coverage page at 700 pupils, and at ten or a hundred times as many."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from flask.testing import FlaskClient

from oval_aup import accounts, people
from oval_aup.application import create_app
from tests.bench.figures import at_most
from tests.bench.school import School

SMALL, LARGE, WHOLE = 700, 7_000, 70_000
ROUNDS = 25


def measure(folder: Path, *, whole: bool) -> None:
    """Print both sizes beside each other; ``whole`` takes a hundred times as many pupils instead of ten."""
    large = WHOLE if whole else LARGE
    print("\nImport of the whole roster, and the office's home page")
    pages = {}
    for pupils in (SMALL, large):
        school = School(folder / f"school-{pupils}", pupils=pupils)
        began = time.perf_counter()
        school.import_roster()
        imported = time.perf_counter() - began
        school.ask()
        pages[pupils] = _home_page(school)
        print(f"  {pupils:6} pupils: import {imported:7.1f} s, home page {pages[pupils]:6.1f} ms")
        school.close()
    print(f"  the large school’s page in times of the small one’s: {at_most(pages[large] / pages[SMALL], 3)}")


def _home_page(school: School) -> float:
    app = create_app(school.settings)
    visitor = app.test_client()
    with school.database.writing() as db:
        clerk = people.staff_by_email(db, "office@oval.example.org")
        account = accounts.account_of(db, clerk.person_id)
        if account is None:
            raise SystemExit("the office has no log-in")
        token = accounts.log_in(db, account.email)
    with visitor.session_transaction(base_url="http://localhost") as cookie:
        cookie["_user_id"] = token
    times = [_timed(visitor) for _round in range(ROUNDS)]
    app.extensions["oval_database"].dispose()
    return 1000 * statistics.median(times)


def _timed(visitor: FlaskClient) -> float:
    began = time.perf_counter()
    answer = visitor.get("/office", base_url="http://localhost")
    if answer.status_code != 200:
        raise SystemExit(f"the home page answered {answer.status_code}")
    return time.perf_counter() - began
