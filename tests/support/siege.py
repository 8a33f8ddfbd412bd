"""A process that makes a backup and can be killed: it says `held` when it stands where it was told, `made` at the end.

`python -m tests.support.siege` reads one JSON object from its standard input: `database` (the owner's URL), `vaults`
(name, and a directory or a bucket's address and keys), and where to stand still: `hold` with `vault`, `at`, `prefix`,
or `"hold": "reading"` for the moment in which the DDL of a shop is asked for; and the `job` whose backup it is, if it
is one's. It goes on when it is sent another line. A front before an S3 store may hold it anywhere else. It works as the
application does, on Django's connection.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from tests.support.databases import ScratchDatabase
    from zargar.backups.ddl import DdlSource
    from zargar.backups.ports import Vault
    from zargar.backups.vaults.s3_calls import Bucket

ROOT = Path(__file__).parents[2]


@dataclass
class Siege:
    """The process from outside."""

    popen: "subprocess.Popen[str]"

    def said(self, word: str) -> None:
        """Wait until it says a word."""
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline().strip()
        assert line == word, f"{line!r} instead of {word!r}: {self.words()}"

    def go(self) -> None:
        """Let it go on."""
        assert self.popen.stdin is not None
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()

    def kill(self) -> None:
        """SIGKILL it, and everything that it has started."""
        self.popen.kill()
        assert self.popen.wait(10) == -signal.SIGKILL

    def freeze(self) -> None:
        """Stop it where it stands, as a machine that is paused does; it keeps its connections."""
        os.kill(self.popen.pid, signal.SIGSTOP)

    def come_back(self) -> str:
        """Wake it up, let it go on, and return what it wrote at its end, which must be a bad one."""
        os.kill(self.popen.pid, signal.SIGCONT)
        self.go()
        said = self.popen.communicate(timeout=60)
        assert self.popen.returncode == 1, said
        return said[1]

    def words(self) -> str:
        """What it wrote when it ended."""
        if self.popen.poll() is None:
            self.popen.kill()
        return self.popen.communicate()[1] or ""


@contextmanager
def siege(
    database: "ScratchDatabase", vaults: Sequence[Mapping[str, object]], hold: object = None, job: UUID | None = None
) -> Iterator[Siege]:
    """Start one; it is killed in the end."""
    told = {"database": database.owner_url, "vaults": list(vaults), "hold": hold, "job": str(job) if job else None}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.siege"],
        env={**os.environ, **database.env}, cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as popen:  # fmt: skip
        assert popen.stdin is not None
        popen.stdin.write(f"{json.dumps(told)}\n")
        popen.stdin.flush()
        try:
            yield Siege(popen)
        finally:
            popen.kill()


def at_directory(parent: Path, name: str) -> dict[str, object]:
    """Describe a directory vault for `siege`."""
    return {"name": name, "directory": str(parent / name)}


def at_bucket(bucket: "Bucket", name: str) -> dict[str, object]:
    """Describe an S3 vault for `siege`."""
    keys = {"access_key": bucket.access_key, "secret_key": bucket.secret_key}
    return {"name": name, "bucket": {"endpoint": bucket.endpoint, "bucket": bucket.bucket, **keys, "region": "auto"}}


class _HoldingDdl:
    """A source of DDL that says `held` before it answers."""

    def __init__(self, source: "DdlSource") -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the real source has
        if name.startswith("dump"):
            _hold()
        return getattr(self._source, name)


def _hold() -> None:
    """Stand still until a line comes; a test that has gone lets nothing go on."""
    _say("held")
    if not sys.stdin.readline():
        sys.exit(1)


def _say(word: str) -> None:
    print(word, flush=True)  # noqa: T201 -- the test reads it


def _vault(told: Mapping[str, Any], hold: object) -> "Vault":
    from zargar.backups.vaults.directory import DirectoryVault  # noqa: PLC0415 -- Django is set up first
    from zargar.backups.vaults.holding import At, HoldingVault  # noqa: PLC0415 -- as above
    from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault  # noqa: PLC0415 -- as above
    from zargar.backups.vaults.s3_calls import Bucket  # noqa: PLC0415 -- as above

    made: Vault
    if "bucket" in told:
        made = S3Vault(Bucket(**told["bucket"]), name=told["name"], part_bytes=LEAST_PART_BYTES)
    else:
        made = DirectoryVault(Path(told["directory"]), name=told["name"])
    if isinstance(hold, dict) and hold["vault"] == told["name"]:
        at, prefix = At(hold["at"]), str(hold["prefix"])
        return HoldingVault(made, at=at, prefix=prefix, reached=_hold)
    return made


def main() -> None:
    """Make one backup of everything."""
    import django  # noqa: PLC0415 -- the settings come from the environment

    django.setup()
    import psycopg  # noqa: PLC0415 -- as below

    from zargar import clock  # noqa: PLC0415 -- Django is set up first
    from zargar.backups import age, operations  # noqa: PLC0415 -- as above
    from zargar.backups.ddl import PgDump  # noqa: PLC0415 -- as above
    from zargar.backups.keys import Keyholders  # noqa: PLC0415 -- as above
    from zargar.backups.making import House, Sitting  # noqa: PLC0415 -- as above
    from zargar.backups.retention import Kind  # noqa: PLC0415 -- as above

    told = json.loads(sys.stdin.readline())
    house = House(
        vaults=tuple(_vault(one, told["hold"]) for one in told["vaults"]),
        holders=Keyholders(age.generate().recipient, age.generate().recipient),
        connect=lambda: psycopg.connect(told["database"]),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )
    if told["hold"] == "reading":
        house = replace(house, pg_dump=_HoldingDdl(house.pg_dump))
    sitting = Sitting(UUID(told["job"]) if told["job"] else None)
    operations.back_up_all(house=house, kind=Kind.DAILY, reason="a siege", sitting=sitting)
    _say("made")


if __name__ == "__main__":
    main()
