"""The whole system on this machine, started in order and stopped in reverse: `zargar demo` and `zargar up`.

PostgreSQL and Valkey (or the given ones), roles and migrations, the sandbox, two workers, two beats, the web. Each part
is reported as it answers, with the seconds that it took. From then on `tick()` keeps them alive.
"""

import http.client
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis import Redis

from zargar.embedded import backup_places, databases, process, programs, settle
from zargar.embedded.databases import Database, Passwords
from zargar.embedded.errors import GivenServerError, PartError
from zargar.embedded.folder import DataFolder
from zargar.embedded.options import Options
from zargar.embedded.postgres import Postgres
from zargar.embedded.process import LOOPBACK
from zargar.embedded.programs import Program
from zargar.embedded.supervisor import Restart, Supervisor, Tier, end_leftovers
from zargar.embedded.valkey import Valkey
from zargar.scrub import scrub

DATABASE: Final = "zargar"
PROGRAM_SECONDS: Final = 60.0
IMPATIENCE: Final = "5"
"""Seconds after which a message counts as lost beside the sandbox, where somebody watches; elsewhere 15."""

MAIL_DOMAIN: Final = "zargar.localhost"
OPERATOR: Final = "+989120009999"
"""Nobody's number."""
"""Nobody's: beside the sandbox letters go to its mail server, whatever the environment says, and no further."""

SETTINGS: Final = "zargar.settings.embedded"
DRILL_URL: Final = "ZARGAR_DRILL_DATABASE_URL"
FOR_FEW: Final = frozenset(
    {"DATABASE_OWNER_URL", "ZARGAR_BACKUP_DATABASE_URL", "ZARGAR_BACKUP_IDENTITY_FILE", DRILL_URL}
)
"""Values that a child gets only if its program names them: what may read or change every schema, and open backups."""


@dataclass(frozen=True)
class Part:
    """A part that answers: what it is, its version, where it is (no secrets), and the seconds it took to get there."""

    name: str
    version: str
    where: str
    seconds: float


class House:
    """The running system of one data folder.

    `told` hears of each part as it answers, `restarted` of each child that was started again; `clock` gives the aware
    time, and `began` is when this start began. `values` is what goes to `<data>/environment` and to each child.
    """

    def __init__(
        self,
        folder: DataFolder,
        options: Options,
        *,
        clock: Callable[[], datetime],
        told: Callable[[Part], None],
        restarted: Callable[[Restart], None],
    ) -> None:
        self.folder = folder
        self.options = options
        self.parts: list[Part] = []
        self.values: dict[str, str] = {}
        self.leftovers: list[str] = []
        self.valkey: Valkey | None = None
        self.supervisor = Supervisor(folder.path, clock=clock, told=restarted)
        self.began = clock()
        self._told = told
        self._since = 0.0

    @property
    def env(self) -> dict[str, str]:
        """The environment of our children: ours, with the house's values over it, and without what is for few.

        That is there and empty: what is not there, the settings would read out of `<data>/environment`.
        """
        own = {"ZARGAR_DATA": str(self.folder.path), "DJANGO_SETTINGS_MODULE": SETTINGS}
        return {**os.environ, **self.values, **dict.fromkeys(FOR_FEW, ""), **own}

    def start(self) -> None:
        """Start everything, in order. What had been started when an error is raised is still to be stopped.

        Raises `EmbeddedError` subclasses.
        """
        self.leftovers = end_leftovers(self.folder.path)
        self.values = {"SECRET_KEY": self.folder.secret("secret-key")}
        database = self._database()
        self.values |= database.env
        self.values |= self._broker()
        self.values |= backup_places.prepare(self.folder, database)
        self.values |= self._sandbox()
        self.folder.write_environment(self.values)
        self._settle(database)
        self._programs()

    def tick(self) -> None:
        """Keep the parts alive; call it a few times a second."""
        self.supervisor.tick()

    def stop(self) -> None:
        """Stop everything, the servers last."""
        self.supervisor.stop_all()

    # -- the parts, in their order ----------------------------------------------------------------------------------

    def _database(self) -> Database:
        self._begin()
        url = self.options.database_url
        try:
            database = self._own_database() if url is None else self._given_database(url)
        except psycopg.OperationalError as error:
            raise GivenServerError(scrub(str(error))) from error
        with psycopg.connect(database.app_url, connect_timeout=5) as connection:
            [(number,)] = connection.execute("SHOW server_version").fetchall()
            where = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
        self._answers("PostgreSQL", str(number).split()[0], where)
        return database

    def _own_database(self) -> Database:
        cluster = Postgres(self.folder.path)
        child = self.supervisor.start("postgres", cluster.prepare(), tier=Tier.SERVER)
        cluster.wait_until_ready(child)
        passwords = Passwords(owner=self.folder.secret("zargar_owner"), app=self.folder.secret("zargar_app"))
        made = databases.prepare(cluster.url(), name=DATABASE, passwords=passwords)
        return replace(made, drills_url=cluster.url())

    def _given_database(self, url: str) -> Database:
        if self.options.owner_url is None:
            return databases.borrow(url)
        name = str(conninfo_to_dict(url).get("dbname", ""))
        return Database(name, app_url=url, owner_url=self.options.owner_url)

    def _broker(self) -> dict[str, str]:
        """Start our Valkey where it is needed; name broker, results and cache."""
        broker, results, own = self.options.broker_url, self.options.results_url, {}
        if self.options.needs_valkey:
            self._begin()
            self.valkey = Valkey(self.folder.path)
            child = self.supervisor.start("valkey", self.valkey.prepare(), tier=Tier.SERVER)
            self.valkey.wait_until_ready(child)
            with Redis.from_url(self.valkey.url()) as client:
                number = client.info("server")["valkey_version"]
            self._answers("Valkey", str(number), f"{LOOPBACK}:{self.valkey.port}")
            own = {"CACHE_URL": self.valkey.url(2)}
            results = results or self.valkey.url(1)
            broker = broker or self.valkey.url(0)
        assert broker is not None  # noqa: S101 -- for the type checker: `needs_valkey` is true without one
        return {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": results or broker, **own}

    def _sandbox(self) -> dict[str, str]:
        if not self.options.sandbox:
            return {}
        port, mail_port = process.free_port(), process.free_port()
        self._begin()
        self._open([programs.sandbox(port, mail_port)])
        url = f"http://{LOOPBACK}:{port}"
        self._answers("sandbox", version("zargar"), url)
        every = {"ZARGAR_PRICES_EVERY_SECONDS": str(self.options.prices_every)} if self.options.prices_every else {}
        mail = {
            "ZARGAR_MAIL_URL": f"smtp://{LOOPBACK}:{mail_port}",
            "ZARGAR_MAIL_FROM": f"zargar@{MAIL_DOMAIN}",
            "ZARGAR_OPERATORS_MAIL": f"operator@{MAIL_DOMAIN}",
        }
        texts = {
            "ZARGAR_PROVIDERS": f"company=kavenegar+{url}/kavenegar?sender=10004346&price=1200",
            "ZARGAR_PROVIDER_COMPANY_KEY": self.folder.secret("message-company"),
            "ZARGAR_OPERATORS_MOBILES": OPERATOR,
        }
        return {"ZARGAR_SANDBOX_URL": url, "ZARGAR_RING_GRACE_SECONDS": IMPATIENCE, **mail, **texts, **every}

    def _settle(self, database: Database) -> None:
        self._begin()
        settle.as_owner({**self.env, **database.env}, shops=self.options.shops)
        self._answers("migrations", version("django"), "as zargar_owner")

    def _programs(self) -> None:
        self._begin()
        port = process.free_port()
        drills = [programs.drills()] if DRILL_URL in self.values else []
        celery = [*programs.workers(), *drills, *programs.beats()]
        self._open([*celery, programs.web(port)])
        self._answers("workers and beats", version("celery"), ", ".join(program.name for program in celery))
        self._answers("web", version("gunicorn"), f"http://{LOOPBACK}:{port}")

    # -- how a part is started ----------------------------------------------------------------------------------------

    def _open(self, chosen: list[Program]) -> None:
        """Start programs side by side and wait until each of them serves."""
        already = {program.name: self._said(program) for program in chosen}
        children = [(program, self._start(program)) for program in chosen]
        for program, child in children:
            self._wait(program, child, already[program.name])

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        known = {**os.environ, **self.values}
        named = {name: known[name] for name in program.needs if name in known}
        return self.supervisor.start(program.name, program.command({**self.env, **named}))

    def _wait(self, program: Program, child: subprocess.Popen[bytes], already: int) -> None:
        deadline = time.monotonic() + PROGRAM_SECONDS
        while not (_answers_http(program.port) if program.port else self._said(program) > already):
            if child.poll() is not None or time.monotonic() > deadline:
                raise PartError(part=program.name, said=process.tail(self.supervisor.log(program.name)))
            time.sleep(0.05)

    def _said(self, program: Program) -> int:
        """How often the program has logged that it serves; its log goes on from start to start."""
        log = self.supervisor.log(program.name)
        return log.read_text(errors="replace").count(program.says) if program.says and log.exists() else 0

    def _begin(self) -> None:
        self._since = time.monotonic()

    def _answers(self, name: str, number: str, where: str) -> None:
        part = Part(name, number, where, round(time.monotonic() - self._since, 2))
        self.parts.append(part)
        self._told(part)


def _answers_http(port: int) -> bool:
    """Whether an HTTP server answers, be it with a refusal: an open port alone may have no application behind it."""
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
    return True
