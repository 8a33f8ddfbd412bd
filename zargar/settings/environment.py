"""One reader of the environment for all settings modules. `environs` names the variable in each error it raises."""

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from email.utils import parseaddr
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


class VaultsError(ValueError):
    """ZARGAR_VAULTS is none: expected NAME=/FOLDER or NAME=s3+https://ENDPOINT/BUCKET?region=R, commas between."""


def vaults(text: str) -> dict[str, str]:
    """Read `NAME=PLACE, NAME=PLACE` in its order. Names are letters, digits and `_`. Raises `VaultsError`."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, place = one.partition("=")
        if not (name.isidentifier() and place.startswith(("/", "s3+http"))) or name in found:
            raise VaultsError(VaultsError.__doc__)
        found[name] = place
    return found


def locked_vaults(text: str, *, known: Collection[str]) -> tuple[str, ...]:
    """Read the names of the vaults that are said to be locked, commas between. Raises `VaultsError` for an unknown."""
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    unknown = [name for name in found if name not in known]
    if unknown:
        message = f"ZARGAR_VAULTS_LOCKED names {', '.join(unknown)}, which ZARGAR_VAULTS does not"
        raise VaultsError(message)
    return found


class ProvidersError(ValueError):
    """ZARGAR_PROVIDERS is none: expected NAME=ADAPTER+https://HOST/PATH?option=value, commas between, names in a-z."""


def providers(text: str) -> dict[str, str]:
    """Read `NAME=PLACE, NAME=PLACE` in its order: accounts that carry messages. Raises `ProvidersError`.

    What a place means is read by `zargar.notifications.accounts`.
    """
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, place = one.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or not place or name in found:
            raise ProvidersError(ProvidersError.__doc__)
        found[name] = place
    return found


class PublicURLError(ValueError):
    """ZARGAR_PUBLIC_URL is none: expected https://HOST[/PATH], where customers reach the web process."""


def public_url(text: str) -> str:
    """Read where customers reach the web process; "" where they do not. Plain http is for this machine alone.

    Raises `PublicURLError`.
    """
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if text and not (secure and parts.hostname and not parts.query and not parts.fragment and not parts.username):
        raise PublicURLError(PublicURLError.__doc__)
    return text.rstrip("/")


class BackupFilesError(ValueError):
    """ZARGAR_BACKUP_FILES is none: expected NAME=/FOLDER or NAME=/FILE, commas between, names in a-z, 0-9 and `_`."""


def backup_files(text: str) -> dict[str, str]:
    """Read `NAME=/PLACE, NAME=/PLACE`: folders and files that are backed up beside the database, by their names.

    Raises `BackupFilesError`.
    """
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, place = one.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or not place.startswith("/") or name in found:
            raise BackupFilesError(BackupFilesError.__doc__)
        found[name] = place
    return found


def cache(url: str) -> dict[str, object]:
    """Turn a redis:// URL into a Django CACHES entry; the short time-outs keep a dead cache from delaying a page."""
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "zargar",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }


class MailSettingError(ValueError):
    """A setting of mail is none. The error names the variable and what it needs, and repeats no value: no password."""


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed over: TLS from the first byte (`tls`), after STARTTLS (`starttls`), or none."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: bool
    starttls: bool


_MAIL_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def mail_server(url: str | None, *, sender: str | None) -> MailServer | None:
    """Turn ZARGAR_MAIL_URL into a server; None (no mail) where it is not set. Raises `MailSettingError`."""
    if not url:
        return None
    shape = "ZARGAR_MAIL_URL: expected smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT"
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname or "", parts.port, unquote(parts.username or "")
    except ValueError:
        raise MailSettingError(shape) from None
    if parts.scheme not in _MAIL_PORTS or not host or parts.path.strip("/"):
        raise MailSettingError(shape)
    if user and parts.scheme == "smtp" and host not in _LOOPBACK:
        message = "ZARGAR_MAIL_URL: a login over smtp:// would be readable on its way: smtp+starttls:// or smtps://"
        raise MailSettingError(message)
    if sender is None or not is_mail_address(parseaddr(sender)[1]):
        message = "ZARGAR_MAIL_FROM: ZARGAR_MAIL_URL needs the sender's address beside it"
        raise MailSettingError(message)
    return MailServer(
        host=host, port=port or _MAIL_PORTS[parts.scheme], user=user, password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps", starttls=parts.scheme == "smtp+starttls",
    )  # fmt: skip


def mail_addresses(text: str) -> tuple[str, ...]:
    """Read ZARGAR_OPERATORS_MAIL: addresses with commas or spaces between. Raises `MailSettingError`."""
    found = tuple(text.replace(",", " ").split())
    if not all(is_mail_address(one) for one in found):
        message = "ZARGAR_OPERATORS_MAIL: expected addresses, with commas between"
        raise MailSettingError(message)
    return found


def is_mail_address(text: str) -> bool:
    """Say whether this is one bare address (name@host) and nothing else."""
    name, _, host = text.rpartition("@")
    return parseaddr(text) == ("", text) and bool(name) and bool(host)
