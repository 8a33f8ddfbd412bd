"""Whether anything at all changed in a database's catalogues since a snapshot: one look for all shops, and exact.

`changes.states` says which schemas changed, and costs what they hold; most backups meet no change whatever. So this is
asked first: rows that are older than the snapshot's horizon can only go, which lessens their number; what is younger
is compared by its versions. ANALYZE and VACUUM write over a row in its place, and change neither.

Any other change counts, a temporary table of somebody else too: then the states are asked.
"""

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from zargar.backups import changes

_OTHERS: Final = (
    "pg_namespace", "pg_description", "pg_ts_config_map", "pg_enum", "pg_range", "pg_amop", "pg_amproc",
    "pg_extension",
)  # fmt: skip
_TIED: Final = (
    "(SELECT d.ctid, d.xmin FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x')"
)
"""What goes with an extension: the only rows of pg_depend that are of a shop's shape, and not of another catalogue."""


def _look() -> str:
    """One line for each catalogue of `changes`."""
    names = {catalogue for _, catalogue, *_ in (*changes.OWN, *changes.OF_A_TABLE)} | {*_OTHERS}
    lines = [
        f"SELECT '{number}', count(*) FILTER (WHERE old), count(*) FILTER (WHERE NOT old),"  # noqa: S608 -- constants
        " sum(hashtextextended(version, 0)), sum(hashtextextended(version, 1)) FROM"
        " (SELECT age(x.xmin) NOT BETWEEN 0 AND h.age AS old,"
        " CASE WHEN age(x.xmin) BETWEEN 0 AND h.age THEN x.ctid || ':' || x.xmin END AS version"
        f" FROM {place} x, h) rows"
        for number, place in enumerate([*sorted(names), _TIED])
    ]
    return "WITH h AS MATERIALIZED (SELECT age(%s::text::xid) AS age) " + " UNION ALL ".join(lines)


_LOOK: Final = _look().encode()
_HORIZON: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the catalogues held in a snapshot. `horizon`: every transaction before it had ended by then."""

    horizon: str
    seen: tuple[tuple[Any, ...], ...]


def mark(connection: psycopg.Connection[Any]) -> Mark:
    """Look at the catalogues in the connection's snapshot, which is that of an open REPEATABLE READ transaction."""
    [(horizon,)] = connection.execute(_HORIZON).fetchall()
    return Mark(horizon, _seen(connection, horizon))


def holds(connection: psycopg.Connection[Any], before: Mark) -> bool:
    """Say whether the catalogues hold now what they held then, row for row."""
    return _seen(connection, before.horizon) == before.seen


def _seen(connection: psycopg.Connection[Any], horizon: str) -> tuple[tuple[Any, ...], ...]:
    return tuple(sorted(connection.execute(_LOOK, [horizon])))
