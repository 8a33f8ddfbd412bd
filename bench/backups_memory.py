"""How much memory a backup takes of a shop with a table of 2 GB of random bytes, while one of two vaults is slow.

`python -m bench backups memory [MEGABYTES]`. The backup is made by a process of its own, as a worker would be, with
readers in processes of theirs; the S3 stores are this process's and its children's. For the first minute of writing
the second vault takes 1 MB a second. Resident memory is sampled twenty times a second: of the task and its readers and
pg_dump together, and of each.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import psutil
import psycopg

from bench import shops
from bench.machine import report
from bench.parts import parts

if TYPE_CHECKING:
    from tests.support.s3 import Front

MEGABYTES: Final = 2048
SMALL: Final = 40
ROW: Final = 256 << 10
READERS: Final = 2
SLOW: Final = 1_000_000.0
SLOW_SECONDS: Final = 60.0
EVERY: Final = 0.05


def main(arguments: Sequence[str] = ()) -> None:
    """Start the parts, fill the table, make the backup in a process of its own, and print what it took."""
    if list(arguments[:1]) == ["task"]:
        _task(json.load(sys.stdin))
        return
    megabytes = int(arguments[0]) if arguments else MEGABYTES
    with parts() as cluster, ExitStack() as stack:
        from tests.support import s3  # noqa: PLC0415 -- needs Django

        url = os.environ["DATABASE_OWNER_URL"]
        shops.clone(url, range(SMALL), superuser=cluster.url("bench"))
        _fill(url, megabytes << 20)
        fronts = [stack.enter_context(s3.store(stack.enter_context(s3.moto_server()))) for _ in range(2)]
        given = {"url": url, "buckets": [asdict(s3.bucket(front)) for front in fronts]}
        began = time.monotonic()
        task = subprocess.Popen(
            [sys.executable, "-m", "bench", "backups", "memory", "task"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        peaks = Peaks()
        for work in (lambda: _watch(task, peaks), lambda: _slow(task, fronts[1])):
            threading.Thread(target=work, daemon=True).start()
        said, _ = task.communicate(json.dumps(given))
        if task.returncode != 0:
            message = f"the task ended with {task.returncode}"
            raise RuntimeError(message)
        report(
            "backups_memory", table_bytes=megabytes << 20, other_shops=SMALL, readers=READERS,
            slow_vault_bytes_per_second=round(SLOW), slow_seconds=round(SLOW_SECONDS),
            together_peak_mb=peaks.together >> 20, one_peak_mb=max(peaks.each.values()) >> 20,
            each_peak_mb={name: size >> 20 for name, size in sorted(peaks.each.items())},
            seconds=round(time.monotonic() - began), **json.loads(said.splitlines()[-1]),
        )  # fmt: skip


@dataclass
class Peaks:
    """The most resident bytes at any moment: of all together, and of each by what it is."""

    together: int = 0
    each: dict[str, int] = field(default_factory=dict)

    def note(self, sizes: dict[str, int]) -> None:
        """Take a sample."""
        self.together = max(self.together, sum(sizes.values()))
        for name, size in sizes.items():
            self.each[name] = max(self.each.get(name, 0), size)


def _watch(task: "subprocess.Popen[str]", peaks: Peaks) -> None:
    whole = psutil.Process(task.pid)
    while task.poll() is None:
        try:
            family = [whole, *whole.children(recursive=True)]
            peaks.note({f"{_kind(one, whole)} {one.pid}": one.memory_info().rss for one in family})
        except psutil.NoSuchProcess:  # one ended while it was looked at
            continue
        time.sleep(EVERY)


def _kind(one: psutil.Process, whole: psutil.Process) -> str:
    if one.pid == whole.pid:
        return "task"
    return "reader" if "zargar.backups.reader" in one.cmdline() else one.name()


def _slow(task: "subprocess.Popen[str]", front: "Front") -> None:
    """Slow the vault down for a while from its first segment on."""
    front.bytes_per_second = SLOW
    while task.poll() is None and not any("segments/" in asked.path for asked in front.asked):
        time.sleep(EVERY)
    time.sleep(SLOW_SECONDS)
    front.bytes_per_second = None


def _fill(url: str, size: int) -> None:
    """Add a table of random bytes to the first shop."""
    with psycopg.connect(url, autocommit=True) as owner, owner.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {shops.name(0)}.random (id bigint PRIMARY KEY, body bytea)".encode())
        cursor.execute(f"ALTER TABLE {shops.name(0)}.random ALTER body SET STORAGE EXTERNAL".encode())
        with cursor.copy(f"COPY {shops.name(0)}.random FROM STDIN (FORMAT binary)".encode()) as copy:
            copy.set_types(["int8", "bytea"])
            for number in range(size // ROW):
                copy.write_row((number, os.urandom(ROW)))
        cursor.execute("ANALYZE")


def _task(given: "dict[str, object]") -> None:
    """Make the backup, as a worker does, and say what came of it."""
    import django  # noqa: PLC0415 -- only here

    django.setup()
    from zargar.backups import age, making  # noqa: PLC0415 -- needs Django
    from zargar.backups.retention import Kind  # noqa: PLC0415 -- as above
    from zargar.backups.vaults.s3 import S3Vault  # noqa: PLC0415 -- as above
    from zargar.backups.vaults.s3_calls import Bucket  # noqa: PLC0415 -- as above

    buckets: list[dict[str, str]] = given["buckets"]  # type: ignore[assignment]  # as main wrote it
    vaults = tuple(S3Vault(Bucket(**one), name=f"v{number}") for number, one in enumerate(buckets))
    house = shops.house(str(given["url"]), vaults, age.generate(), READERS)
    made = making.make(house, kind=Kind.DAILY, reason="bench", holds=shops.holds(SMALL))
    stored = sum(segment.size for segment in made.manifest.segments)
    print(json.dumps({"state": made.state.value, "packs": len(made.manifest.packs), "stored_bytes": stored}))
