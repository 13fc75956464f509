"""Evidence packs beside a plain loop that renders and seals one record after another: time, memory, pages meanwhile.

The whole demonstration school takes some eight minutes more than the staff, who are measured otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pickle
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from oval_aup import accounts, config, demo, documents, evidence, jobs, packs, people, printing, reports, schema, worker
from oval_aup.application import create_app
from oval_aup.config import Settings
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from tests.bench.figures import at_least, at_most
from tests.bench.school import OFFICE
from tests.bench.serve import ROOT, TICKS, free_port, serving

THINKING = 0.1
"""Seconds between two page requests."""

PLAIN = """
import os, pickle, sys, time
os.nice(10)  # as the renderers are, so that whatever else runs holds up both alike
from weasyprint import HTML, Attachment
from oval_aup.printing import pdf
from tests.bench.packs import sealer_of
papers, environment, like_ours = pickle.load(sys.stdin.buffer)
def made(paper):
    more = {}
    if like_ours:
        files = [Attachment(string=one.content, name=one.name) for one in paper.embedded]
        more = {"pdf_variant": "pdf/a-3a", "attachments": files}
    return HTML(string=paper.html).write_pdf(stylesheets=[str(pdf.STYLESHEET)], **more)
seal = sealer_of(environment)
seal.seal(made(papers[0]))
began = time.perf_counter()
for paper in papers:
    seal.seal(made(paper))
print((time.perf_counter() - began) / len(papers))
"""


@dataclass
class Memory:
    """What a process and its children use together, looked at five times a second: the most memory, in MB, and time."""

    parent: int
    peak: float = 0.0
    processor: float = 0.0
    """Seconds of processor time used so far."""
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self._over.wait(0.2):
            family = _family(self.parent)
            self.peak = max(self.peak, sum(_resident(pid) for pid in family))
            self.processor = max(self.processor, sum(_used(pid) for pid in family))

    def stop(self) -> None:
        self._over.set()


def _family(pid: int) -> list[int]:
    """A process and everything below it, whichever thread started it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in listed.read_text(encoding="ascii").split():
                found += _family(int(child))
    return found


def _used(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return sum(int(field) for field in fields[11:15]) / TICKS
    return 0.0


def _resident(pid: int) -> float:
    """Proportional memory in MB: what processes share is counted once."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Bench:
    """A demonstration school with everybody's answers and no document yet, and a worker in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {"OVAL_INSTANCE": str(folder), "OVAL_DEMO": "yes"}
        self.settings: Settings = config.load(self.environment)
        self.database = Database(self.settings.database_url)
        schema.upgrade(self.database)
        demo.seed(self.database, self.settings)
        settings = self.settings
        self.doorbell = jobs.Doorbell(settings.broker_url, settings.instance, secret=settings.secret_key)
        self.doorbell.follow(self.database)  # else a pack waits up to a minute for the worker to look by itself
        self.ring = worker.keyring(settings)
        with self.database.writing() as db:
            db.execute(sa.text("DELETE FROM document"))  # the receipts, which would come first
            self.ring.prepare(db, school_name=self.settings.school.name, actor=SYSTEM)
        while evidence.index_new_entries(self.database):
            pass

    @contextlib.contextmanager
    def working(self) -> Iterator[Memory]:
        """A worker runs inside the block."""
        code = "from oval_aup import config, worker; worker.run(config.load())"
        environment = {**os.environ, **self.environment}
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
        memory = Memory(process.pid)
        watcher = threading.Thread(target=memory.watch)
        watcher.start()
        try:
            yield memory
        finally:
            memory.stop()
            watcher.join()
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def pack(self, scope: reports.Scope) -> tuple[float, int]:
        """Order a pack and wait until the worker has made it: seconds, and how many records are in it."""
        with self.database.writing() as db:
            row = reports.order_pack(db, scope, actor=OFFICE)
        began = time.perf_counter()
        while row.is_open:
            time.sleep(0.1)
            with self.database.reading() as db:
                row = packs.pack(db, row.public_id)
        if row.status != "ready":
            raise SystemExit(f"the pack is {row.status}: {row.error}")
        return time.perf_counter() - began, row.total - 1

    def papers(self, scope: reports.Scope, count: int) -> list[printing.PrintJob]:
        """What the plain loop is given ready-made: every n-th record of the scope."""
        with self.database.reading() as db:
            records = reports.pack_plan(db, scope).records
        chosen = records[:: max(1, len(records) // count)][:count]
        made = []
        with self.database.writing() as db:
            head = evidence.signed_head(db, self.ring)
            for one in chosen:
                document = documents.request_document(
                    db, kind="record", subject=one.subject, params=one.params, dedupe_key=f"plain:{one.subject}"
                )
                made.append(reports.paper(db, document, school=self.settings.school, head=head))
            db.execute(sa.text("DELETE FROM document WHERE dedupe_key LIKE 'plain:%'"))
        return made

    def plain_seconds(self, papers: list[printing.PrintJob], *, like_ours: bool) -> float:
        """Seconds a record in a plain loop of one process."""
        given = pickle.dumps((papers, self.environment, like_ours))
        done = subprocess.run([sys.executable, "-c", PLAIN], cwd=ROOT, input=given, capture_output=True, check=True)
        return float(done.stdout)

    @contextlib.contextmanager
    def served(self) -> Iterator[Callable[[], float]]:
        """A real server; the answer is one look at the office's first page, in seconds."""
        app = create_app(self.settings)
        with self.database.writing() as db:
            member = people.staff_by_email(db, "office@oval.example.org")
            account = accounts.account_of(db, member.person_id)
            assert account is not None
            token = accounts.start(
                db, "login", person_id=member.person_id, account_id=account.id, assurance="staff-login"
            )
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        name = app.config["SESSION_COOKIE_NAME"]
        port = free_port()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/office")
        request.add_header("Cookie", f"{name}={serializer.dumps({'_user_id': token})}")

        def look() -> float:
            began = time.perf_counter()
            with urllib.request.urlopen(request, timeout=30) as answer:
                if b"School year" not in answer.read():
                    raise SystemExit("the office's page was not given")
            return time.perf_counter() - began

        with serving("app:app", self.environment, port=port, ready="/healthy"):
            for _warm in range(5):
                look()
            yield look


def sealer_of(environment: dict[str, str]) -> evidence.Sealer:
    """How the plain loop gets the same seal."""
    settings = config.load(environment)
    seals = evidence.SealPress(worker.keyring(settings), school_name=settings.school.name)
    with Database(settings.database_url).reading() as db:
        return seals.sealer(db)


class _Looking:
    """Looks at a page again and again until told to stop."""

    def __init__(self, look: Callable[[], float]) -> None:
        self.look = look
        self.seconds: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(THINKING):
            self.seconds.append(self.look())

    def __enter__(self) -> _Looking:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measure(folder: Path, *, whole: bool) -> None:
    """Print how long a pack takes, with memory and pages meanwhile; nothing of one is left for the next."""
    bench = Bench(folder / "packs")
    with bench.database.reading() as db:
        rooms = people.classes(db)
    small = reports.Scope("class", rooms[0].public_id)
    large = reports.Scope() if whole else reports.Scope("audience", "staff")
    papers = bench.papers(reports.Scope(), 60 if whole else 16)
    plain, same = (bench.plain_seconds(papers, like_ours=like) for like in (False, True))
    print("\nEvidence packs of the demonstration school")
    print(
        f"  plain loop, one process: {plain * 1000:.0f} ms a record; of the same papers as ours: {same * 1000:.0f} ms"
    )
    with bench.served() as look:
        with _Looking(look) as idle:
            time.sleep(15 if whole else 5)
        print(f"  the office’s first page, nothing else running: {idle.median * 1000:.0f} ms")
        with bench.working() as memory:
            with _Looking(look) as busy:
                bench.pack(small)
            used = memory.processor
            seconds, count = bench.pack(large)
            used = memory.processor - used
    print(f"  {count} records: {seconds:.1f} s, {used / count * 1000:.0f} ms of processor time each")
    print(f"    in speeds of the plain loop: {at_least(plain * count / seconds, 2)}")
    print(f"    in speeds of a loop of the same papers: {same * count / seconds:.2f}")
    print(f"    worker’s processes: {at_most(memory.peak, 400, 'MB')}")
    slower = at_most(busy.median / idle.median, 2)
    print(f"    the office’s page during a class’s pack, in times of the idle one: {slower}")
    bench.doorbell.close()
    bench.database.dispose()


def main() -> None:
    """Measure packs alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true", help="the whole school, not only the staff")
    folder = Path(tempfile.mkdtemp(prefix="oval-bench-"))
    try:
        measure(folder, whole=parser.parse_args().whole)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
