"""A parent's whole visit and its last post through the real stack, beside a bare page that commits one row."""

from __future__ import annotations

import http.client
import re
import statistics
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.client import FORM, HIDDEN, RADIO, Answer, Load, Visitor, burst
from tests.bench.figures import at_least, at_most
from tests.bench.school import Family, School
from tests.bench.serve import Server, free_port, serving

WARM, JOURNEYS, SIGNATURES, AT_ONCE = 10, 40, 160, 8
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def measure(school: School, folder: Path) -> None:
    """Print the visit's cost and the last post's rate against the bare page's."""
    school.import_roster()
    school.ask()
    port = free_port()
    with serving("app:app", {**school.environment, "OVAL_PORT": str(port)}, port=port, ready="/healthy") as server:
        for family in school.families(WARM, children=1):
            _sign(*to_the_signature(server, family))
        visit = _journeys(server, school)
        ours, our_cpu = _last_posts(server, school)
    floor, floor_cpu = _floor(school)
    bare, bare_cpu = _bare(folder)
    print("\nThe last post of an acceptance, 8 at once")
    print(_line("a bare page that commits one row", bare, bare_cpu))
    print(_line("the same rows written by hand", floor, floor_cpu))
    print(_line("the signature", ours, our_cpu))
    print(f"  rate of the signature in rates of the floor: {at_least(ours.per_second / floor.per_second, 0.5)}")
    print(f"  the whole visit in processor times of the bare page: {at_most(visit / bare_cpu, 25)}")


def _floor(school: School) -> tuple[Load, float]:
    one = school.families(1, children=1)[0]
    told = {"FLOOR_FAMILY": f"{one.token}|{one.born_on.isoformat()}|{one.name}"}
    port = free_port()
    environment = {**school.environment, "OVAL_PORT": str(port), **told}
    with serving("tests.bench.floor:app", environment, port=port, ready="/healthy") as server:
        visitors = [_let_in(server, family) for family in school.families(SIGNATURES, children=1)]
        before = server.processor_seconds()
        load = burst([partial(_write, visitor) for visitor in visitors], at_once=AT_ONCE)
        return load, 1000 * (server.processor_seconds() - before) / len(visitors)


def _let_in(server: Server, family: Family) -> Visitor:
    visitor = Visitor(server.port)
    visitor.get(f"/f/{family.token}")
    visitor.follow(visitor.post(f"/f/{family.token}", _born(family)))
    visitor.connection.close()
    return visitor


def _write(visitor: Visitor) -> None:
    answer = visitor.post("/family/floor")
    if answer.location != "/family/done":
        raise SystemExit(f"the floor did not write: {answer.status} {answer.text[:1500]}")


def _born(family: Family) -> list[tuple[str, str]]:
    born = family.born_on
    return [("born-day", str(born.day)), ("born-month", str(born.month)), ("born-year", str(born.year))]


def _line(name: str, load: Load, processor: float) -> str:
    times = f"p50 {load.p50:6.1f} ms  p95 {load.p95:6.1f} ms"
    return f"  {name:34} {load.per_second:7.0f}/s  {times}  {processor:5.2f} ms of processor time each"


def to_the_signature(server: Server, family: Family) -> tuple[Visitor, Family, Answer]:
    """Walk one guardian to the page that asks for the name, answering yes to everything."""
    visitor = Visitor(server.port)
    page = visitor.get(f"/f/{family.token}")
    for asset in sorted(set(ASSET.findall(page.text))):
        visitor.get(asset)
    answer = visitor.post(f"/f/{family.token}", _born(family))
    while answer.location != "/family/check":
        where = answer.location
        if "again" in where:
            raise SystemExit(f"the page was not answered: {where}")
        page = visitor.follow(answer)
        chosen = [(name, "yes") for name in dict.fromkeys(RADIO.findall(page.text))]
        answer = visitor.post(where, [*HIDDEN.findall(page.text), ("read", "yes"), *chosen])
    return visitor, family, visitor.follow(answer)


def _sign(visitor: Visitor, family: Family, page: Answer) -> None:
    answer = visitor.post("/family/check", [*HIDDEN.findall(page.text), ("typed_name", family.name)])
    if answer.location != "/family/done":
        raise SystemExit(f"the signature was refused: {answer.status} {answer.text[:1500]}")


def _journeys(server: Server, school: School) -> float:
    costs, visitors = [], []
    for family in school.families(JOURNEYS, children=2):
        before = server.processor_seconds()
        visitor, who, page = to_the_signature(server, family)
        _sign(visitor, who, page)
        visitor.get("/family/done")
        costs.append(1000 * (server.processor_seconds() - before))
        visitors.append(visitor)
    wire = [visitor.bytes_in + visitor.bytes_out for visitor in visitors]
    requests = statistics.median(visitor.requests for visitor in visitors)
    print("\nA parent's whole visit, two children, cold cache, scripts off")
    print(f"  {requests:.0f} requests; over the wire {at_most(max(wire) / 1000, 100, 'kB')}")
    print(f"  {statistics.mean(costs):.1f} ms of server processor time, mean of {len(costs)}")
    return statistics.mean(costs)


def _last_posts(server: Server, school: School) -> tuple[Load, float]:
    ready = [to_the_signature(server, family) for family in school.families(SIGNATURES, children=1)]
    for visitor, _who, _page in ready:
        visitor.connection.close()  # every signer comes on a connection of their own, as in the baseline
    before = server.processor_seconds()
    load = burst([partial(_sign, *one) for one in ready], at_once=AT_ONCE)
    return load, 1000 * (server.processor_seconds() - before) / len(ready)


def _bare(folder: Path) -> tuple[Load, float]:
    port = free_port()
    body = urlencode({"body": "x" * 600})
    with serving("tests.bench.bare:app", {"BARE_DATABASE": str(folder / "bare.db")}, port=port, ready="/") as server:
        connections = [http.client.HTTPConnection("127.0.0.1", port) for _each in range(SIGNATURES)]

        def post(connection: http.client.HTTPConnection) -> None:
            connection.request("POST", "/", body, FORM)
            connection.getresponse().read()

        burst([partial(post, connection) for connection in connections[:WARM]], at_once=AT_ONCE)
        before = server.processor_seconds()
        load = burst([partial(post, connection) for connection in connections], at_once=AT_ONCE)
        return load, 1000 * (server.processor_seconds() - before) / len(connections)
