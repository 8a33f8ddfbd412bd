"""Is a schema out of a backup older or newer than this program? Older ones are migrated forward, newer ones refused.

A schema records its own migrations (`django_migrations`), and the manifest repeats them. What this program knows is
what its applications have on disk. A record that no file stands for was made by a newer program, whose tables this one
would misread: it is refused before the first byte is restored. A file without its record is what is owed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.migrations.loader import MigrationLoader

from zargar.refusals import RefusedError


class NewerBackupError(RefusedError):
    """The backup was made by a newer version of this program: restore it with that version, or a newer one."""


@dataclass(frozen=True, slots=True)
class Known:
    """The migrations of this program, as `app.name`: those to apply, and those that squashed ones stand for."""

    current: frozenset[str]
    replaced: frozenset[str] = frozenset()


def known() -> Known:
    """Read this program's migrations from its files; no database is asked."""
    files = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    replaced = {f"{app}.{name}" for migration in files.values() for app, name in migration.replaces}
    return Known(frozenset(f"{app}.{name}" for app, name in files), frozenset(replaced))


def owed(recorded: Collection[str], known: Known) -> tuple[str, ...]:
    """Return the migrations that a schema with these `recorded` still has to be given, sorted; pure.

    A schema that records none is not one of Django's, and owes nothing. Raises `NewerBackupError`.
    """
    strange = sorted(set(recorded) - known.current - known.replaced)
    if strange:
        message = f"the backup has migrations that this program does not know: {', '.join(strange)}"
        raise NewerBackupError(message)
    return tuple(sorted(known.current - set(recorded))) if recorded else ()
