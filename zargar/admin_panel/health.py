"""Two questions that a process manager asks the web process, answered in JSON.

`/health/live`: does this process answer at all? It depends on nothing, so that a database that is away does not get the
web process killed. `/health/ready`: can it serve? 200 when every part answers, else 503; the body names each part's
state: `ok`, `unreachable`, or `behind` (migrations). Its `house` says how the whole system does (`state` and the codes
of `zargar.monitoring.house`), which is not this process's readiness: with every worker dead the page is still served,
and says so.
"""

from typing import Final

from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from zargar import clock
from zargar.admin_panel import queries

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
    found = queries.look(now=clock.now())
    parts = {
        "database": database,
        "migrations": migrations,
        "broker": OK if found.broker_answers else UNREACHABLE,
        "cache": _cache(),
    }
    fine = set(parts.values()) == {OK}
    house = {"state": found.state, "findings": [finding.code for finding in found.findings]}
    told = {"state": OK if fine else "not_ready", "parts": parts, "house": house}
    return JsonResponse(told, status=200 if fine else 503)


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
