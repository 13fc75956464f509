"""A class of thirty making their marks at the same moment, each on a device of their own, through the real stack."""

from __future__ import annotations

from functools import partial

from oval_aup import people, signing
from oval_aup.core.actor import Actor
from tests.bench.client import HIDDEN, Visitor, burst
from tests.bench.figures import at_most
from tests.bench.school import School
from tests.bench.serve import free_port, serving


def measure(school: School) -> None:
    """Print how long a whole class takes when everybody taps at once."""
    with school.database.writing() as db:
        oldest = next(row for row in people.classes(db) if row.year_group == "6")
        teacher = next(row for row in people.staff(db) if row.class_id == oldest.id)
        actor = Actor("teacher", teacher.person_id, teacher.pseudonym, channel="login")
        lesson = signing.open_class_session(db, oldest.public_id, school_year=school.year, actor=actor)
        children = [child.public_id for child in people.children(db, oldest.id)][:30]
    port = free_port()
    with serving("app:app", {**school.environment, "OVAL_PORT": str(port)}, port=port, ready="/healthy") as server:
        devices = [_at_the_mark(server.port, lesson.join_code, child) for child in children]
        for device, _child, _fields in devices:
            device.connection.close()
        load = burst([partial(_tap, *device) for device in devices], at_once=len(devices))
    print(f"\nA class of {len(children)} signing at once")
    print(f"  slowest tap near {load.p95:.0f} ms; all done in {at_most(load.seconds, 1, 's')}")


def _at_the_mark(port: int, code: str, child: str) -> tuple[Visitor, str, list[tuple[str, str]]]:
    device = Visitor(port)
    device.get("/class")
    device.follow(device.post("/class", [("code", code), ("show", "names")]))
    page = device.get(f"/class/names/{child}")
    return device, child, HIDDEN.findall(page.text)


def _tap(device: Visitor, child: str, fields: list[tuple[str, str]]) -> None:
    answer = device.post(f"/class/names/{child}", fields)
    if not answer.location.endswith("/well-done"):
        raise SystemExit(f"the mark was refused: {answer.status} {answer.text[:1500]}")
