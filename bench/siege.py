"""Two hundred deaths over fifty thousand messages, by a provider that can be asked and by one that cannot.

    python -m bench siege                  as the issue names it
    python -m bench siege 40 4000          with so many kills over so many messages

The workers are processes that get SIGKILL at random moments (`tests.support.message_workers`); the judge is what the
sandbox took, recipient by recipient, and plain SQL. By Kavenegar every message leaves exactly once and none is
ambiguous at the end; by sms.ir, which knows no reference of ours, nothing leaves twice, and at most one batch is
ambiguous for each kill.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg

from bench.machine import report
from bench.notify import Bench
from tests.support.boards import BoardServer
from zargar.embedded import databases
from zargar.embedded.databases import Passwords
from zargar.embedded.postgres import Postgres
from zargar.embedded.settle import as_owner

KILLS: Final = 200
MESSAGES: Final = 50_000
SHOPS: Final = 40
SHARE: Final = 100
ACCOUNTS: Final = {"kavenegar": "sender=10004346", "smsir": "sender=30005005"}


def main(arguments: Sequence[str] = ()) -> None:
    """Besiege each provider on a database of its own; exit with an error where a message left twice."""
    kills = int(arguments[0]) if arguments else KILLS
    messages = int(arguments[1]) if len(arguments) > 1 else MESSAGES
    for company, options in ACCOUNTS.items():
        with tempfile.TemporaryDirectory(prefix="zargar-bench-") as folder:
            cluster = Postgres(Path(folder) / "postgres", durable=True)
            cluster.start()
            sandbox = BoardServer()
            try:
                _besiege(cluster, sandbox, company, f"one={company}+{sandbox.url}/{company}?{options}", kills, messages)
            finally:
                sandbox.stop()
                cluster.destroy()


def _besiege(  # noqa: PLR0917 -- one for each part
    cluster: Postgres, sandbox: BoardServer, company: str, provider: str, kills: int, messages: int
) -> None:
    passwords = Passwords(owner=secrets.token_urlsafe(24), app=secrets.token_urlsafe(24))
    made = databases.prepare(cluster.url(), name="bench", passwords=passwords)
    env = {
        **os.environ, **made.env, "SECRET_KEY": secrets.token_urlsafe(24), "ZARGAR_PROVIDERS": provider,
        "ZARGAR_PROVIDER_ONE_KEY": "sandboxkey", "DJANGO_SETTINGS_MODULE": "zargar.settings.test",
        **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CACHE_URL"), "redis://127.0.0.1:1/0"),
    }  # fmt: skip
    as_owner(env)
    subprocess.run(
        [sys.executable, "-c", f"from bench.siege import fill; fill({messages})"], env=env, check=True, timeout=600
    )
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.support.message_workers", "--kills", str(kills), "--share", str(SHARE),
            "--patience", "300",
        ],
        env=env, capture_output=True, text=True, check=False, timeout=1800,
    )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"error": done.stderr[-500:]}
    heard: dict[str, int] = json.loads(sandbox.get(f"/_sandbox/sms/{company}/accepted?by=receptor"))
    twice = sum(count > 1 for count in heard.values())
    report(
        "notify.siege", provider=company, messages=messages, batch=SHARE, **said, heard=len(heard), twice=twice,
        states=_states(made.app_url),
    )  # fmt: skip
    if twice:
        sys.exit(f"{twice} messages left twice")


def fill(messages: int) -> None:
    """Make the shops and queue so many messages evenly in them (in a process of its own, for its Django)."""
    import django  # noqa: PLC0415 -- the environment is read now

    django.setup()
    bench = Bench(os.environ["DATABASE_OWNER_URL"])
    bench.make_shops(SHOPS, beside=0)
    for first in range(0, SHOPS, 10):
        bench.queue(messages // (SHOPS // 10), range(first, first + 10))


def _states(url: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    with psycopg.connect(url, autocommit=True) as session:
        for (schema,) in session.execute("SELECT schema_name FROM shops_shop").fetchall():
            rows = session.execute(f"SELECT state, count(*) FROM {schema}.shop_messages_message GROUP BY 1").fetchall()  # noqa: S608 -- our own schemas
            for state, count in rows:
                counted[state] = counted.get(state, 0) + count
    return counted
