"""What a full backup costs, in one run with what a user would pick instead: pg_dump of everything, and of each shop.

`python -m bench backups [SHOPS] [ROUNDS]`: 2,000 shops (`bench.shops`) if not told; a quarter of them first, for the
growth. Ours reads, proves that no shape has changed, compresses, encrypts for each shop's key and writes to two S3
servers on the loopback (moto behind a strict front, on the same cores). pg_dump writes to the local disk, in the clear:
`-Fd -j2` as it is, uncompressed, and uncompressed with the planner told what helps it; `-n` for 20 shops, whose time is
extrapolated to all. Medians of interleaved rounds.

Ours is also timed on a server of default settings, once, since pg_dump of so many tables does not run on one: for the
rounds `max_locks_per_transaction` is raised for its sake, and the server restarted.

`python -m bench backups memory` is `bench.backups_memory`.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from bench import backups_memory, shops
from bench.machine import report
from bench.parts import parts

if TYPE_CHECKING:
    from zargar.backups import age
    from zargar.backups.making import House, Made
    from zargar.backups.ports import Vault
    from zargar.embedded.postgres import Postgres

SHOPS: Final = 2000
ROUNDS: Final = 3
SAMPLE: Final = 20
READERS: Final = 2
LOCKS: Final = 2048
TUNED: Final = "-c jit=off -c work_mem=256MB -c enable_nestloop=off"


def main(arguments: Sequence[str] = ()) -> None:
    """Start the parts, clone the shops, measure in turn, and print the ratios."""
    if list(arguments[:1]) == ["memory"]:
        backups_memory.main(arguments[1:])
        return
    many, rounds = ([int(argument) for argument in arguments] + [SHOPS, ROUNDS][len(arguments) :])[:2]
    with parts() as cluster, ExitStack() as stack:
        from tests.support import s3  # noqa: PLC0415 -- needs Django
        from zargar.backups import age  # noqa: PLC0415 -- as above
        from zargar.backups.vaults.s3 import S3Vault  # noqa: PLC0415 -- as above

        url, operations = os.environ["DATABASE_OWNER_URL"], age.generate()
        fronts = [stack.enter_context(s3.store(stack.enter_context(s3.moto_server()))) for _ in range(2)]
        vaults = tuple(S3Vault(s3.bucket(front), name=each) for front, each in zip(fronts, ("one", "two"), strict=True))
        bench = Bench(url, cluster.url("bench"), vaults, operations, shops.house(url, vaults, operations, READERS))
        few = many // 4
        bench.clone(range(few))
        bench.ours()  # makes the shops' keys, once in their lives
        quarter = [bench.took(bench.ours) for _ in range(rounds)]
        bench.clone(range(few, many))
        bench.ours()
        default = bench.took(bench.ours)
        _raise_locks(cluster)
        seconds = bench.rounds(rounds)
        _report(many, rounds, seconds, quarter=statistics.median(quarter), default=default, bench=bench)


@dataclass
class Bench:
    """What is measured, on which parts."""

    url: str
    superuser: str
    vaults: "tuple[Vault, ...]"
    operations: "age.KeyPair"
    house: "House"
    many: int = 0
    full: "Made | None" = None
    restore_read: int = 0

    def clone(self, numbers: range) -> None:
        """Add shops."""
        shops.clone(self.url, numbers, superuser=self.superuser)
        self.many = numbers.stop

    def took(self, way: Callable[[], object]) -> float:
        """Return the seconds that it takes."""
        began = time.monotonic()
        way()
        return time.monotonic() - began

    def rounds(self, rounds: int) -> dict[str, list[float]]:
        """Measure every way in turn; pg_dump of one shop of the sample after another."""
        ways: dict[str, Callable[[], object]] = {
            "ours": self.ours,
            "ours_shape_unknown": self.unknown,
            "ours_in_one_process": self.in_one_process,
            "pg_dump": lambda: self.dump(["-Fd", "-j2"], ""),
            "pg_dump_uncompressed": lambda: self.dump(["-Fd", "-j2", "-Z0"], ""),
            "pg_dump_tuned": lambda: self.dump(["-Fd", "-j2", "-Z0"], TUNED),
            "one_shop": lambda: self.one_shop(self.house),
            "one_shop_shape_unknown": lambda: self.one_shop(replace(self.house, shapes=None, memory=None)),
            "restore_beside": self.restore,
        }
        seconds: dict[str, list[float]] = {name: [] for name in [*ways, "pg_dump_n", "pg_dump_n_tuned"]}
        for number in range(rounds):
            for name, way in ways.items():
                seconds[name].append(self.took(way))
            for shop in range(number * SAMPLE // rounds, (number + 1) * SAMPLE // rounds):
                for name, planner in (("pg_dump_n", ""), ("pg_dump_n_tuned", TUNED)):
                    one = partial(self.dump, ["-n", shops.name(shop * self.many // SAMPLE)], planner)
                    seconds[name].append(self.took(one))
        return seconds

    def ours(self) -> None:
        """Back everything up."""
        self._make(self.house, self.many)

    def unknown(self) -> None:
        """Back everything up as if no shop had been met before: every shape is asked, and one pg_dump of DDL more."""
        self._make(replace(self.house, shapes=None, memory=None), self.many)

    def in_one_process(self) -> None:
        """Back everything up without readers."""
        self._make(replace(self.house, readers=0), self.many)

    def one_shop(self, house: "House") -> None:
        """Take a snapshot of one shop."""
        self._make(house, 1)

    def restore(self) -> None:
        """Restore one shop beside the live one out of the last full backup."""
        from zargar.backups import restoring  # noqa: PLC0415 -- needs Django

        if self.full is None:
            message = "there is no full backup to restore from"
            raise RuntimeError(message)
        vault = shops.Counting(self.vaults[0])
        which = shops.holds(self.many)[self.many // 2]
        with psycopg.connect(self.url, autocommit=True) as owner:
            restoring.beside(
                owner, vaults=[vault], backup=self.full.manifest.backup, slug=which.slug, to="restored",  # type: ignore[list-item]  # it reads alone
                identity=self.operations.identity,
            )  # fmt: skip
            owner.execute("DROP SCHEMA restored CASCADE")
        self.restore_read = vault.bytes_read

    def dump(self, arguments: Sequence[str], planner: str) -> None:
        """Run pg_dump."""
        with tempfile.TemporaryDirectory(prefix="zargar-bench-") as folder:
            out = Path(folder) / "dump"
            program = str(self.house.pg_dump.folder / "pg_dump")  # type: ignore[attr-defined]  # it is the real one
            env = {**os.environ, "PGOPTIONS": planner}
            subprocess.run([program, *arguments, "-f", str(out), "-d", self.url], check=True, env=env)
            shutil.rmtree(out, ignore_errors=True)

    def _make(self, house: "House", count: int) -> None:
        from zargar.backups import making  # noqa: PLC0415 -- needs Django
        from zargar.backups.models import State  # noqa: PLC0415 -- as above
        from zargar.backups.retention import Kind  # noqa: PLC0415 -- as above

        made = making.make(house, kind=Kind.DAILY, reason="bench", holds=shops.holds(count))
        if made.state != State.COMPLETE or len(made.manifest.packs) != count:
            message = f"the backup is {made.state} and holds {len(made.manifest.packs)} of {count} shops"
            raise RuntimeError(message)
        if count == self.many:
            self.full = made


def _raise_locks(cluster: "Postgres") -> None:
    from django.db import connections  # noqa: PLC0415 -- needs Django

    connections.close_all()
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        superuser.execute(f"ALTER SYSTEM SET max_locks_per_transaction = {LOCKS}".encode())
        superuser.execute("CHECKPOINT")  # so that the server stops within its grace
    cluster.start()


def _report(
    many: int, rounds: int, seconds: dict[str, list[float]], *, quarter: float, default: float, bench: Bench
) -> None:
    took = {name: statistics.median(values) for name, values in seconds.items()}
    stored = sum(segment.size for segment in bench.full.manifest.segments) if bench.full else 0
    report(
        "backups", shops=many, tables=shops.TABLES * many, rows=shops.TABLES * shops.ROWS * many, rounds=rounds,
        readers=READERS, stored_bytes=stored,
        **{f"{name}_ms": round(value * 1000) for name, value in took.items()},
        ours_default_locks_ms=round(default * 1000),
        ours_all_ms=[round(value * 1000) for value in seconds["ours"]],
        pg_dump_against_ours=round(took["pg_dump"] / took["ours"], 1),
        uncompressed_against_ours=round(took["pg_dump_uncompressed"] / took["ours"], 1),
        tuned_against_ours=round(took["pg_dump_tuned"] / took["ours"], 1),
        one_by_one_against_ours=round(took["pg_dump_n"] * many / took["ours"]),
        one_by_one_tuned_against_ours=round(took["pg_dump_n_tuned"] * many / took["ours"]),
        quarter_of_the_shops_ms=round(quarter * 1000),
        growth_by_four=round(took["ours"] / quarter, 1),
        restore_read_bytes=bench.restore_read,
    )  # fmt: skip
