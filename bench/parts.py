"""The real parts of a bench in this very process: a durable PostgreSQL with the schema, Valkey, and Django on both."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zargar.embedded import databases
from zargar.embedded.databases import Passwords
from zargar.embedded.postgres import Postgres
from zargar.embedded.settle import as_owner
from zargar.embedded.valkey import Valkey


@contextmanager
def parts() -> Iterator[Postgres]:
    """Start them, set Django up, give the cluster, and stop them."""
    with tempfile.TemporaryDirectory(prefix="zargar-bench-") as folder, Valkey(Path(folder) / "valkey") as valkey:
        cluster = Postgres(Path(folder) / "postgres", durable=True)
        cluster.start()
        try:
            _django_on(cluster, valkey)
            yield cluster
        finally:
            _disconnect()
            cluster.destroy()


def _django_on(cluster: Postgres, valkey: Valkey) -> None:
    passwords = Passwords(owner=secrets.token_urlsafe(24), app=secrets.token_urlsafe(24))
    made = databases.prepare(cluster.url(), name="bench", passwords=passwords)
    os.environ.update(
        **made.env,
        CELERY_BROKER_URL=valkey.url(0),
        CELERY_RESULT_BACKEND=valkey.url(1),
        CACHE_URL=valkey.url(2),
        SECRET_KEY=secrets.token_urlsafe(24),
        DJANGO_SETTINGS_MODULE="zargar.settings.test",
    )
    as_owner(os.environ)
    import django  # noqa: PLC0415 -- the settings read the environment that was just set

    django.setup()


def _disconnect() -> None:
    from django.db import connections  # noqa: PLC0415 -- as above

    connections.close_all()
