"""One reader of the environment for all settings modules. `environs` names the variable in each error it raises."""

import sys
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from environs import FileAwareEnv
from marshmallow.validate import OneOf

# Editors and `echo` end a secret's file with a newline that is no part of the secret.
env: Final = FileAwareEnv(strip_whitespace=True)

ONLY_WHERE_ASKED: Final = sys.maxsize
"""Executions before psycopg prepares a statement by itself: never. Django's default, None, would also turn away the
statements for which `zargar.ledger.store.prepared` asks (docs/decisions/0003-prepared-statements.md)."""


class DatabaseURLError(ValueError):
    """DATABASE_URL is not one: expected postgresql://USER:PASSWORD@HOST:PORT/NAME."""


def database(url: str) -> dict[str, object]:
    """Turn a libpq URL into a Django DATABASES entry on the django-tenants backend.

    Query parameters go to libpq as they are (`?sslmode=require`, `?options=-c%20role%3Dzargar_app`).
    The error never repeats the URL, which holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise DatabaseURLError(DatabaseURLError.__doc__)
    return {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {"connect_timeout": "5", "prepare_threshold": ONLY_WHERE_ASKED, **dict(parse_qsl(parts.query))},
        # The engine's base task owns the connection; it is renewed after a while so that a fail-over is noticed.
        "CONN_MAX_AGE": 600,
    }


def databases(*, app_url: str, owner_url: str | None) -> dict[str, dict[str, object]]:
    """The one connection of this process: as `zargar_app`, or as `zargar_owner` where ZARGAR_DATABASE_ROLE says so.

    A process is one or the other for its whole life: what migrates or creates a shop is never what serves or works.
    Raises `environs.EnvError` when the owner is asked for and DATABASE_OWNER_URL is not set.
    """
    if env.str("ZARGAR_DATABASE_ROLE", "app", validate=OneOf(["app", "owner"])) == "app":
        return {"default": database(app_url)}
    return {"default": database(owner_url or env.str("DATABASE_OWNER_URL"))}


def cache(url: str) -> dict[str, object]:
    """Turn a redis:// URL into a Django CACHES entry; the short time-outs keep a dead cache from delaying a page."""
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "zargar",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
