"""`zargar backups alarms` and `zargar backups vaults`: what a person must look at, and what vaults did when tried.

Of an alarm JSON gives `id`, `kind` (failed, vault, damaged, drill_red, undecided, left_out, behind, upkeep, unlocked),
`subject`, `open`, `opened_at`, `closed_at`, `told_at` (null: operators were not told yet) and `figures`. Of a vault:
`vault`, `kind`, `declared_locked`, `checked_at`, `fault` (null: it did as it was asked), `deleting_refused` (null: not
tried), `swept`.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit, table, tehran

if TYPE_CHECKING:
    from zargar.backups.duties import Standing


def alarms(limit: Annotated[int, typer.Option(min=1)] = 20, *, as_json: AsJson = False) -> None:
    """List the alarms about backups: those that stand, then those that are over."""
    start.django()
    from zargar.backups import watch  # noqa: PLC0415 -- needs Django

    found = watch.listed(limit=limit)
    rows = [
        (one["kind"], one["subject"] or "everything", one["opened_at"], one["closed_at"] or "stands", one["figures"])
        for one in found
    ]
    human = table(("alarm", "about", "since", "until", "figures"), rows) if rows else "no alarm about backups"
    emit(list(found), as_json=as_json, human=human)


def vaults(*, probe: Annotated[bool, typer.Option("--try")] = False, as_json: AsJson = False) -> None:
    """Show what each vault did when it was last tried: written to, deleted from; with `--try` try them all now.

    Exits 1 where one did not do it, or is said to be locked and let be deleted.
    """
    start.django()
    from django.conf import settings  # noqa: PLC0415 -- as below

    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import duties, wiring  # noqa: PLC0415 -- needs Django

    places = wiring.vaults()
    if probe:
        duties.daily(places, now=clock.now())
    found = duties.listed(settings.VAULTS, locked=settings.VAULTS_LOCKED)
    rows = [
        (one.vault, one.kind, tehran(one.checked_at), one.fault or "-", _lock(one), one.swept or 0) for one in found
    ]
    human = table(("vault", "kind", "tried", "fault", "lock", "swept"), rows)
    emit([one.as_json() for one in found], as_json=as_json, human=human)
    if any(one.wrong for one in found):
        raise typer.Exit(1)


def _lock(one: "Standing") -> str:
    """Say in words what is known of a vault's lock."""
    said = {True: "refused", False: "let be deleted", None: "not tried"}[one.refused]
    return said if one.declared_locked else f"none declared ({said})"
