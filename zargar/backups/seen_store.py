"""The rows of what backups saw of schemas: in which state each had which shape. One statement, however many shops."""

from collections.abc import Mapping

from django.db import connection

from zargar.backups.fingerprint import Seen, Shape
from zargar.backups.models import SeenShape


class SeenShapes:
    """What was seen, in the database."""

    def load(self, surroundings: str) -> dict[str, Seen]:
        """Return what was seen in these surroundings (`surroundings.digest`), by schema."""
        rows = SeenShape.objects.filter(surroundings=surroundings)
        return {row.schema: Seen(row.state, Shape(row.exact, row.fingerprint)) for row in rows}

    def keep(self, surroundings: str, seen: Mapping[str, Seen]) -> None:
        """Keep what was seen last of each schema; those that are gone go."""
        found = seen.values()
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO public.backups_seenshape AS known (surroundings, schema, state, exact, fingerprint)
                SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                ON CONFLICT (schema) DO UPDATE SET surroundings = excluded.surroundings, state = excluded.state,
                    exact = excluded.exact, fingerprint = excluded.fingerprint
                WHERE (known.surroundings, known.state) <> (excluded.surroundings, excluded.state)
                    OR (known.exact, known.fingerprint) <> (excluded.exact, excluded.fingerprint)
                """,
                [
                    surroundings,
                    list(seen),
                    [one.state for one in found],
                    [one.shape.exact for one in found],
                    [one.shape.fingerprint for one in found],
                ],
            )
            cursor.execute(
                "DELETE FROM public.backups_seenshape k"
                " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = k.schema)"
            )
