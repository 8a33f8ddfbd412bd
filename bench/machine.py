"""What a figure was measured on, and how it is printed."""

import json
import os
import platform
from importlib.metadata import version


def facts() -> dict[str, object]:
    """Describe the machine and the versions that matter."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("celery", "kombu", "django", "psycopg", "redis", "aiohttp")},
    }


def report(bench: str, **figures: object) -> None:
    """Print one JSON line."""
    print(json.dumps({"bench": bench, **figures}, ensure_ascii=False), flush=True)
