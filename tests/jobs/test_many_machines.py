"""Two web servers and two workers on machines of their own share one PostgreSQL; any may be killed at any moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from oval_aup import config, documents, evidence, jobs, notifications, people, schema
from oval_aup.core.db import Database
from oval_aup.server import supervisor
from tests.jobs.conftest import made, until
from tests.notifications.conftest import StartServer, free_port
from tests.web import world
from tests.web.browser import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret that only the tests know, long enough"


class Machine:
    """One machine: its own folder, a web server and a worker."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        own = {**environment, "OVAL_INSTANCE": str(made(folder)), "OVAL_PORT": str(self.port)}
        self.settings = config.load(own)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("OVAL_")} | own
        self.log = folder / "log"
        self.web = self._start(supervisor.web_command(self.settings))
        self.worker = self._start(supervisor.worker_command())

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill_worker(self) -> None:
        """Pull the plug of the worker, and of the renderers that it started, and start it again."""
        kill(self.worker)
        self.worker = self._start(supervisor.worker_command())

    def kill_web(self) -> None:
        """Pull the plug of the web server and start it again."""
        kill(self.web)
        self.web = self._start(supervisor.web_command(self.settings))

    def end(self) -> None:
        kill(self.web)
        kill(self.worker)

    def log_in(self) -> Office:
        """The office at this machine’s pages."""
        address = f"http://127.0.0.1:{self.port}"
        until(lambda: healthy(address))
        return Office(address)


class Office:
    """Somebody in the office with a browser."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False
        self.post("/staff/log-in", "/staff/log-in", email="eve@oval.example.org", password=PASSWORD)

    def post(self, page: str, path: str, **values: str) -> None:
        """Send a form of a page."""
        shown = self.session.get(self.address + page)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown.text)
        assert token is not None, (shown.status_code, shown.text[:500])
        answer = self.session.post(self.address + path, data={"csrf_token": token.group(1), **values})
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])

    def file(self, path: str) -> bytes:
        """A file that a page hands out."""
        answer = self.session.get(self.address + path)
        assert answer.status_code == 200, answer.status_code
        return answer.content


def healthy(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthy", timeout=5).ok
    except requests.RequestException:
        return False


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(params=["redis", "postgresql"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The address of each real broker in turn."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def school(postgresql: str, broker_url: str) -> Iterator[world.World]:
    """The base world in a PostgreSQL database of its own."""
    server = sa.create_engine(address_of(postgresql), isolation_level="AUTOCOMMIT")
    name = f"school_{broker_url.split(':')[0]}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    server.dispose()
    database = Database(address_of(postgresql, name))
    schema.upgrade(database)
    yield world.build(database)
    database.dispose()


def address_of(server: str, name: str = "postgres") -> str:
    """The address of one database of a server."""
    url = sa.engine.make_url(server).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


def test_everything_is_made_once_and_sent_once_whoever_is_killed(
    school: world.World, broker_url: str, start_server: StartServer, tmp_path: Path
) -> None:
    server, database = start_server(), school.database
    environment = {
        "OVAL_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "OVAL_BROKER_URL": broker_url,
        "OVAL_SHARED_FOLDER": str(made(tmp_path / "shared")),
        "OVAL_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "OVAL_BACKUP_AT": "off",
        "OVAL_SECRET_KEY": SECRET,
    }
    everybody: list[people.GuardianRow | people.StaffRow | people.ChildRow] = [
        *(school.ann, school.bob, school.cass, school.di, school.flo, school.hal, school.sam),
        *(school.ayaan, school.zara, school.maja),
    ]
    bell = jobs.Doorbell(broker_url, tmp_path, secret=SECRET)
    bell.follow(database)
    machines = [Machine(tmp_path / name, environment) for name in ("one", "two")]
    try:
        offices = [machine.log_in() for machine in machines]
        before = state(database)
        for number, person in enumerate(everybody):
            page = f"/office/people/{person.public_id}"
            offices[number % 2].post(page, f"{page}/record")
            if isinstance(person, people.GuardianRow):
                offices[1 - number % 2].post(page, f"{page}/new-link")
            if number == 2:
                machines[0].kill_worker()
            elif number == 5:
                machines[1].kill_web()
                offices[1] = machines[1].log_in()
            elif number == 8:
                machines[1].kill_worker()
        until(lambda: nothing_is_open(database))
        after = state(database)
        assert after["ready"] - before["ready"] >= len(everybody)
        check_made_once(database)
        letters = Counter(letter["Message-ID"] for letter in server.post.letters)
        assert set(letters.values()) == {1}, "nobody gets a letter twice"
        assert after["sent"] - before["sent"] <= len(letters) <= after["sent"] + after["uncertain"] - before["sent"]
        for office in offices:
            for row in ready_records(database, everybody[-1]):
                assert office.file(f"/office/documents/{row.public_id}").startswith(b"%PDF")
    finally:
        bell.close()
        for machine in machines:
            machine.end()


def state(database: Database) -> Counter[str]:
    """How many documents are ready, how many messages sent or uncertain, and how much is still open."""
    with database.reading() as db:
        papers, letters = documents.pending_documents(db), notifications.outbox_counts(db)
    assert papers.failed == 0
    return Counter(
        ready=papers.ready,
        sent=letters.sent,
        uncertain=letters.uncertain,
        open=papers.waiting + letters.queued + letters.sending,
    )


def nothing_is_open(database: Database) -> bool:
    hurry(database)
    return state(database)["open"] == 0


def hurry(database: Database) -> None:
    """Let leases whose holder is gone look old; one that is alive loses its own, and must then change nothing."""
    with database.writing() as db:
        for table in ("document", "message"):
            old = "claimed_at - interval '1 hour'"
            stuck = "claimed_at < now() - interval '5 seconds'"
            db.execute(sa.text(f"UPDATE {table} SET claimed_at = {old} WHERE {stuck}"))
            jobs.ring(db, f"{table}s")


def check_made_once(database: Database) -> None:
    """Each finished document is entered in the ledger once, and the ledger is whole."""
    with database.reading() as db:
        entries = evidence.entries_of_kind(db, "exported")
        entered = Counter(str(entry.body["act"]["document"]) for entry in entries)
        ready = db.execute(sa.text("SELECT public_id FROM document WHERE status IN ('ready', 'superseded')")).all()
        assert entered == Counter(row.public_id for row in ready)
        assert evidence.verify(db).ok


def ready_records(
    database: Database, person: people.GuardianRow | people.StaffRow | people.ChildRow
) -> list[documents.DocumentRow]:
    with database.reading() as db:
        return [row for row in documents.documents_about(db, person.pseudonym) if row.is_ready]
