"""Two questions that a process manager asks the web process, answered in JSON.

`/health/live`: does this process answer at all? It depends on nothing, so that a database that is away does not get the
web process killed. `/health/ready`: can it serve? 200 when every part answers, else 503; the body names each part's
state: `ok`, `unreachable`, or `behind` (migrations).
"""

from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from zargar.admin_panel import engine, queries

PATIENCE: Final = timedelta(seconds=2)
OK: Final = "ok"
UNREACHABLE: Final = "unreachable"
BEHIND: Final = "behind"
UNKNOWN: Final = "unknown"


@never_cache
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """Answer that this process answers."""
    return JsonResponse({"state": OK})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer whether all parts answer, and which does not."""
    database, migrations = _database()
    parts = {
        "database": database,
        "migrations": migrations,
        "broker": OK if engine.broker_answers(within=PATIENCE) else UNREACHABLE,
        "cache": _cache(),
    }
    fine = set(parts.values()) == {OK}
    return JsonResponse({"state": OK if fine else "not_ready", "parts": parts}, status=200 if fine else 503)


def _database() -> tuple[str, str]:
    try:
        missing = queries.unapplied_migrations()
    except (OperationalError, InterfaceError):
        return UNREACHABLE, UNKNOWN
    return OK, BEHIND if missing else OK


def _cache() -> str:
    try:
        cache.get("health")
    except RedisError:
        return UNREACHABLE
    return OK
