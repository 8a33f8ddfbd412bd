"""Messages: throughput against one task for each, the minute's tick, and what a noisy shop costs a quiet one.

    python -m bench notify                 everything, as the issue names it
    python -m bench notify 2000 400        with so many messages, and so many for the way it is compared with

One durable PostgreSQL (fsync on), Valkey with AOF, the sandbox's Kavenegar in a process of its own, and one worker with
two children, all on this machine's cores. The single-task way is timed on fewer messages and given as a rate, since it
would take minutes; both are timed from the first publish to the last stored row, in the same run.
"""

import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from bench.machine import report
from tests.support.boards import BoardServer
from tests.support.processes import Process
from zargar.embedded import databases
from zargar.embedded.databases import Passwords
from zargar.embedded.postgres import Postgres
from zargar.embedded.settle import as_owner
from zargar.embedded.valkey import Valkey

SHOPS: Final = 100
SENDERS: Final = 50
MESSAGES: Final = 20_000
SINGLES: Final = 3_000
NOISE: Final = 100_000
ALL_SHOPS: Final = 10_000
PATIENCE: Final = 600.0


def main(arguments: Sequence[str] = ()) -> None:
    """Start the parts, measure in turn, and print a line for each figure."""
    messages = int(arguments[0]) if arguments else MESSAGES
    singles = int(arguments[1]) if len(arguments) > 1 else SINGLES
    noise = int(arguments[2]) if len(arguments) > 2 else NOISE  # noqa: PLR2004 -- the third argument
    with tempfile.TemporaryDirectory(prefix="zargar-bench-") as folder, Valkey(Path(folder) / "valkey") as valkey:
        cluster = Postgres(Path(folder) / "postgres", durable=True)
        cluster.start()
        sandbox = BoardServer()
        try:
            _measure(Path(folder), cluster, valkey, sandbox, (messages, singles, noise))
        finally:
            sandbox.stop()
            cluster.destroy()


def _measure(
    folder: Path, cluster: Postgres, valkey: Valkey, sandbox: BoardServer, counts: tuple[int, int, int]
) -> None:
    passwords = Passwords(owner=secrets.token_urlsafe(24), app=secrets.token_urlsafe(24))
    made = databases.prepare(cluster.url(), name="bench", passwords=passwords)
    env = {
        **made.env,
        "CELERY_BROKER_URL": valkey.url(0),
        "CELERY_RESULT_BACKEND": valkey.url(1),
        "CACHE_URL": valkey.url(2),
        "SECRET_KEY": secrets.token_urlsafe(24),
        "DJANGO_SETTINGS_MODULE": "zargar.settings.test",
        "ZARGAR_PROVIDERS": f"kavenegar=kavenegar+{sandbox.url}/kavenegar?sender=10004346",
        "ZARGAR_PROVIDER_KAVENEGAR_KEY": "sandboxkey",
    }
    os.environ.update(env)
    as_owner(os.environ)
    from bench import notify_tasks  # noqa: PLC0415 -- the app reads the environment that was just set

    bench = Bench(made.owner_url)
    bench.make_shops()
    bench.tick()
    bench.some_due()
    arguments = ("worker", "-l", "warning", "-c", "2", "--without-gossip", "--without-mingle")
    worker = Process("bench", arguments, env, folder / "worker.log", app="bench.notify_tasks").start()
    try:
        bench.warm_up(notify_tasks)
        _throughput(bench, notify_tasks, counts[0], counts[1])
        bench.noisy(notify_tasks, counts[2])
    finally:
        worker.stop()
        print(worker.words()[-2000:], end="")


def _throughput(bench: "Bench", tasks: Any, messages: int, singles: int) -> None:  # noqa: ANN401 -- a module
    ours = bench.time_turns(tasks, messages)
    one = bench.time_singles(tasks, singles)
    rates = {"ours": messages / ours, "single": singles / one}
    report(
        "notify.throughput", messages=messages, shops=SENDERS, children=2, seconds=round(ours, 2),
        per_second=round(rates["ours"]), at_least=2000, single_messages=singles, single_seconds=round(one, 2),
        single_per_second=round(rates["single"]), ratio=round(rates["ours"] / rates["single"], 1), ratio_at_least=10,
    )  # fmt: skip


class Bench:
    """The shops, their messages, and what is asked of them."""

    def __init__(self, owner_url: str) -> None:
        self._owner = psycopg.connect(owner_url, autocommit=True)
        self._shops: list[tuple[int, str]] = []
        self._event = 0

    def make_shops(self, count: int = SHOPS, *, beside: int = ALL_SHOPS) -> None:
        """Make shops of the real schema, one by migrations and the others as its copies, `beside` rows without one."""
        from tests.support.databases import django_uses  # noqa: PLC0415 -- as above
        from zargar.shops import schemas  # noqa: PLC0415 -- needs Django

        with django_uses(os.environ["DATABASE_OWNER_URL"]):
            schemas.create_schema("bench_0")
        tables = self._owner.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'bench_0' AND tablename NOT LIKE 'django%'"
        ).fetchall()
        for shop in range(count):
            name = f"bench_{shop}"
            if shop:
                self._owner.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
                for (table,) in tables:
                    self._owner.execute(
                        SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                            Identifier(name, table), Identifier("bench_0", table)
                        )
                    )
            self._shops.append((self._shop(name), name))
        self._owner.execute(
            """
            INSERT INTO shops_shop (schema_name, name, state)
            SELECT 'none_' || n, 'x', 'active' FROM generate_series(1, %s) n
            """,
            [max(beside - count, 0)],
        )
        self._owner.execute(
            """
            INSERT INTO notifications_dueshop SELECT id, now() + interval '1 day' FROM shops_shop ON CONFLICT DO NOTHING
            """
        )
        self._owner.execute("ANALYZE")

    def _shop(self, name: str) -> int:
        [(identity,)] = self._owner.execute(
            "INSERT INTO shops_shop (schema_name, name, state) VALUES (%s, 'طلای نمونه', 'active') RETURNING id", [name]
        ).fetchall()
        return int(identity)

    # -- the tick -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Time a minute's run with ten thousand shops and nothing due."""
        from django.db import connection  # noqa: PLC0415 -- needs Django
        from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 -- as above

        _process()
        times = [_timed(_process) for _ in range(50)]
        with CaptureQueriesContext(connection) as asked:
            _process()
        report(
            "notify.tick", shops=ALL_SHOPS, due=0, median_ms=round(statistics.median(times) * 1000, 2),
            worst_ms=round(max(times) * 1000, 2), at_most_ms=50, statements=len(asked),
        )  # fmt: skip

    def some_due(self) -> None:
        """Time it with some shops due, a message each: the cost is theirs."""
        for count in (10, 100):
            self.queue(count, range(count))
            took = _timed(_process)
            report(
                "notify.tick", shops=ALL_SHOPS, due=count, ms=round(took * 1000),
                ms_a_shop=round(took * 1000 / count, 1), sent=self.sent(),
            )  # fmt: skip

    # -- throughput ---------------------------------------------------------------------------------------------------

    def warm_up(self, tasks: Any) -> None:  # noqa: ANN401 -- a module
        """Have both children run both ways once."""
        self.time_turns(tasks, 400)
        self.time_singles(tasks, 50)

    def time_turns(self, tasks: Any, messages: int) -> float:  # noqa: ANN401 -- as above
        """Time so many messages through the outbox, by two runs of the bulk task."""
        before = self.sent()
        self.queue(messages, range(SENDERS))
        bulk = tasks.app.tasks["zargar.core.notification_tasks.send_bulk_notifications_async"]

        def work() -> None:
            bulk.delay()
            bulk.delay()
            self._until(before + messages)

        return _timed(work)

    def time_singles(self, tasks: Any, messages: int) -> float:  # noqa: ANN401 -- as above
        """Time so many messages as one task each; the index is left out, so that no turn takes them."""
        before = self.sent()
        found = self.queue(messages, range(SENDERS), index=False)

        def publish() -> None:
            for schema, shop_id, identity in found:
                tasks.single.apply_async([schema, shop_id, identity], queue="bulk")
            self._until(before + messages)

        return _timed(publish)

    def noisy(self, tasks: Any, noise: int) -> None:  # noqa: ANN401 -- as above
        """Queue a hundred thousand messages in one shop, and time single messages of another meanwhile."""
        self.queue(noise, range(1))
        bulk = tasks.app.tasks["zargar.core.notification_tasks.send_bulk_notifications_async"]
        bulk.delay()
        bulk.delay()
        time.sleep(2)
        delays: list[float] = []
        while len(delays) < 20 and self._left(0):  # noqa: PLR2004 -- samples
            [(schema, _, identity)] = self.queue(1, range(1, 2))
            delays.append(_timed(partial(self._until_sent, schema, identity)))
            time.sleep(0.1)
        report(
            "notify.noisy", queued=noise, still_queued=self._left(0), samples=len(delays),
            median_ms=round(statistics.median(delays) * 1000), worst_ms=round(max(delays) * 1000), at_most_ms=2000,
        )  # fmt: skip

    # -- rows ---------------------------------------------------------------------------------------------------------

    def queue(self, messages: int, shops: range, *, index: bool = True) -> list[tuple[str, int, int]]:
        """Queue messages evenly in shops, as `enqueue` does, by one statement a shop; return where they are."""
        found = []
        self._event += 1
        for place, number in enumerate(shops):
            shop_id, schema = self._shops[number]
            share = messages // len(shops) + (place < messages % len(shops))
            due = "now()" if index else "now() + interval '1 year'"
            with self._owner.transaction():
                rows = self._owner.execute(
                    SQL(
                        """
                        INSERT INTO {} (kind, event_key, "to", channel, purpose, "values", template, due_at, tried)
                        SELECT 'payment_reminder', %s || n, '+98912' || lpad((%s * 100000 + n)::text, 7, '0'), 'sms',
                               'transactional', jsonb_build_object('shop', 'گالری زرین', 'name', 'مشتری ' || n,
                               'due_date', '۱۴۰۵/۰۹/۱۰', 'amount', '۱۲٬۵۰۰٬۰۰۰'),
                               'default:payment_reminder:sms:warm@1', {}, '{{}}'
                        FROM generate_series(1, %s) n RETURNING id
                        """
                    ).format(Identifier(schema, "shop_messages_message"), SQL(due)),
                    [f"bench:{self._event}:", number, share],
                ).fetchall()
                if index:
                    self._owner.execute(
                        """
                        INSERT INTO notifications_dueshop VALUES (%s, now())
                        ON CONFLICT (shop_id) DO UPDATE SET due_at = least(notifications_dueshop.due_at, now())
                        """,
                        [shop_id],
                    )
            found += [(schema, shop_id, identity) for (identity,) in rows]
        return found

    def sent(self) -> int:
        """Count what the journal has as accepted."""
        [(count,)] = self._owner.execute(
            "SELECT count(*) FROM notifications_journalentry WHERE state = 'accepted'"
        ).fetchall()
        return int(count)

    def _until(self, count: int) -> None:
        _wait(lambda: self.sent() >= count, every=0.1)

    def _until_sent(self, schema: str, identity: int) -> None:
        ask = SQL("SELECT state = 'sent' FROM {} WHERE id = %s").format(Identifier(schema, "shop_messages_message"))
        _wait(lambda: bool(self._owner.execute(ask, [identity]).fetchall()[0][0]), every=0.01)

    def _left(self, number: int) -> int:
        ask = SQL("SELECT count(*) FROM {} WHERE state = 'queued'")
        [(left,)] = self._owner.execute(
            ask.format(Identifier(self._shops[number][1], "shop_messages_message"))
        ).fetchall()
        return int(left)


def _process() -> None:
    from zargar.core.notification_tasks import WAIT  # noqa: PLC0415 -- needs Django
    from zargar.notifications import jobs  # noqa: PLC0415 -- as above

    jobs.process_due(wait=WAIT, budget=timedelta(seconds=50))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _wait(done: Callable[[], bool], *, every: float) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            message = "the messages were not sent in time"
            raise TimeoutError(message)
        time.sleep(every)
