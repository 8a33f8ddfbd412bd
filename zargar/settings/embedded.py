"""Embedded, the default: the parts that `zargar demo` and `zargar up` start on this machine.

They write where they listen, and the secrets they made, into `<data>/environment` (mode 0600); this module reads it, so
that `celery -A zargar …` and `zargar status` in another terminal find the running system. What the real environment
says wins over that file. With neither, the field's standard local addresses are used, and nothing here connects.
"""

import secrets
from pathlib import Path

from zargar.settings.environment import cache, databases, env

DATA = Path(env.str("ZARGAR_DATA", ".zargar")).resolve()
env.read_env(str(DATA / "environment"), recurse=False)

from zargar.settings.base import *  # noqa: E402 -- base reads the environment that the file above completes

# Before a data folder exists there is nothing to sign that should outlive this process.
SECRET_KEY = env.str("SECRET_KEY", "") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
CONSOLE_OPEN = env.bool("ZARGAR_CONSOLE_OPEN", True)  # it listens on the loopback alone
DATABASES = databases(
    app_url=env.str("DATABASE_URL", "postgresql://zargar_app@127.0.0.1:5432/zargar"),
    owner_url=env.str("DATABASE_OWNER_URL", None),
)
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_RESULT_BACKEND = env.str("CELERY_RESULT_BACKEND", CELERY_BROKER_URL)
CACHES = {"default": cache(env.str("CACHE_URL", CELERY_RESULT_BACKEND))}
