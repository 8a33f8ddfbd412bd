"""`zargar backups`: make, list, show, read back, plan and prune backups."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.cli import backup_catalogue, backup_drills, backup_reports, backup_schedules, backup_watch, start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from zargar.backups.models import Backup

app = typer.Typer(name="backups", help="Backups of shops and of everything, in two vaults.", no_args_is_help=True)
app.add_typer(backup_schedules.app)
app.add_typer(backup_catalogue.app)
app.command("report")(backup_reports.report)
app.command("drill")(backup_drills.drill)
app.command("alarms")(backup_watch.alarms)
app.command("vaults")(backup_watch.vaults)

FOR_PEOPLE = frozenset({"where", "restored"})
"""Columns that say in words what `vaults` says in JSON."""

Id = Annotated[UUID, typer.Argument(help="The backup's id; `zargar backups list` shows them.")]


@app.command()
def create(
    reason: Reason,
    shop: Annotated[str | None, typer.Argument(help="One shop; everything if it is left out.")] = None,
    *,
    snapshot: Annotated[bool, typer.Option("--snapshot", help="It goes by itself after some days.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a backup now, in this process; what it holds and where it lies is printed."""
    start.django()
    from zargar.backups import making, operations, wiring  # noqa: PLC0415 -- needs Django
    from zargar.backups.retention import Kind  # noqa: PLC0415 -- as above
    from zargar.shops import operations as shops  # noqa: PLC0415 -- as above

    why = f"{actor()}: {reason}"
    if shop is None:
        made = operations.back_up_all(house=wiring.house(), kind=Kind.DAILY, reason=why)
    else:
        kind = Kind.SNAPSHOT if snapshot else Kind.SHOP
        made = operations.back_up_shop(house=wiring.house(), shop_id=shops.named(shop).id, kind=kind, reason=why)
    told = making.as_json(made)
    lines = [f"{told['backup']} is {told['state']}: {told['packs']} packs, {told['stored_bytes']} bytes"]
    lines += [f"not in it: {each}" for each in made.manifest.excluded]
    emit(told, as_json=as_json, human="\n".join(lines))


@app.command("list")
def list_backups(
    shop: Annotated[str | None, typer.Option(help="Only those that hold this shop.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List the newest backups with what is proven of them."""
    start.django()
    from zargar.backups import drills, operations  # noqa: PLC0415 -- needs Django

    backups = operations.listed(shop=shop, limit=limit)
    proven = drills.proven_of(backups)
    found = [_facts(backup, proven) for backup in backups]
    head = ("backup", "kind", "state", "began", "bytes", "where", "restored")
    human = table((*head[:5], "vaults", "last proven restore"), [[one[name] for name in head] for one in found])
    emit(
        [{name: value for name, value in one.items() if name not in FOR_PEOPLE} for one in found],
        as_json=as_json,
        human=human,
    )


@app.command()
def show(backup: Id, *, as_json: AsJson = False) -> None:
    """Show one backup: its packs, when each shop last came back out of a vault, what each vault was found to hold."""
    start.django()
    from zargar.backups import drills, operations  # noqa: PLC0415 -- needs Django

    found = operations.show(backup)
    facts = _facts(found, drills.proven_of([found]))
    restored, erased = drills.last_proven(found), drills.erased_of(found)
    packs: list[Summary] = [
        {
            "holds": pack.holds, "schema": pack.schema, "taken_at": iso(pack.taken_at), "tables": pack.tables,
            "rows": pack.rows, "files": pack.files, "plain_bytes": pack.plain_bytes, "stored_bytes": pack.stored_bytes,
            "last_proven_restore": {vault: iso(at) for vault, at in restored[pack.holds].items()},
            "erased": pack.schema in erased,
        }
        for pack in found.packs.order_by("schema")
    ]  # fmt: skip
    head = (
        f"{facts['backup']} {facts['kind']} {facts['state']}: {found.reason}\n{facts['where']} {found.fault}".rstrip()
    )
    lines = table(
        ("schema", "tables", "rows", "files", "bytes", *(f"last proven in {copy['vault']}" for copy in _vaults(facts))),
        [
            (
                f"{pack.schema} (erased)" if pack.schema in erased else pack.schema,
                pack.tables, pack.rows, pack.files, pack.stored_bytes,
                *(tehran(restored[pack.holds].get(str(copy["vault"]))) for copy in _vaults(facts)),
            )
            for pack in found.packs.order_by("schema")
        ],
    )  # fmt: skip
    emit(
        {**{k: v for k, v in facts.items() if k not in FOR_PEOPLE}, "packs": list(packs)},
        as_json=as_json,
        human=f"{head}\n{lines}",
    )


@app.command()
def verify(
    backup: Annotated[
        UUID | None, typer.Argument(help="One backup; those not read back for the longest without.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read copies back from their vaults, and complete what a vault lacks; exit 1 when one is damaged."""
    start.django()
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import operations, wiring  # noqa: PLC0415 -- needs Django

    found = operations.verify(vaults=wiring.vaults(), now=clock.now(), backup=backup)
    proven = found["proven"]
    assert isinstance(proven, list)  # noqa: S101 -- for the type checker
    copies = [one for one in proven if isinstance(one, dict)]
    rows = [(one["backup"], one["vault"], "good" if one["good"] else "DAMAGED", one["faults"]) for one in copies]
    emit(found, as_json=as_json, human=table(("backup", "vault", "found", "faults"), rows))
    if not all(one["good"] for one in copies):
        raise typer.Exit(1)


@app.command()
def plan(*, as_json: AsJson = False) -> None:
    """Show what retention would let go, and why each of the others stays; nothing is changed."""
    start.django()
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import removing, wiring  # noqa: PLC0415 -- needs Django

    decided = removing.planned(wiring.keep(), now=clock.now())
    rows = [(backup, vault, "may go") for backup, vault in decided.remove] + list(decided.stay)
    emit(
        [{"backup": backup, "vault": vault, "verdict": verdict} for backup, vault, verdict in rows],
        as_json=as_json, human=table(("backup", "vault", "verdict"), rows),
    )  # fmt: skip


@app.command()
def prune(*, as_json: AsJson = False) -> None:
    """Condemn what may go, and remove what has been condemned for the whole grace."""
    start.django()
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import removing, wiring  # noqa: PLC0415 -- needs Django

    vaults = {vault.name: vault for vault in wiring.vaults()}
    swept = removing.sweep(vaults, wiring.keep(), grace=wiring.grace(), now=clock.now())
    lines = [f"removed {backup} from {vault}" for backup, vault in swept.removed]
    lines += [f"kept: {refused}" for refused in swept.refused]
    emit(swept.summary(), as_json=as_json, human="\n".join([*lines, f"{swept.waiting} wait for their grace to end"]))


def _vaults(facts: Summary) -> list[Summary]:
    vaults = facts["vaults"]
    assert isinstance(vaults, list)  # noqa: S101 -- for the type checker
    return [vault for vault in vaults if isinstance(vault, dict)]


def _facts(backup: "Backup", proven: "Mapping[tuple[int, str], datetime]") -> Summary:
    copies = sorted(backup.copies.all(), key=lambda copy: copy.vault)
    restored = {copy.vault: proven.get((backup.number, copy.vault)) for copy in copies}
    return {
        "backup": str(backup.id),
        "kind": backup.kind,
        "state": backup.state,
        "reason": backup.reason,
        "began": tehran(backup.began_at),
        "began_at": iso(backup.began_at),
        "ended_at": iso(backup.ended_at),
        "bytes": backup.stored_bytes,
        "where": " ".join(f"{copy.vault}={copy.state}" for copy in copies) or "-",
        "restored": tehran(max(filter(None, restored.values()), default=None)),
        "vaults": [
            {
                "vault": copy.vault, "state": copy.state, "checked_at": iso(copy.checked_at), "detail": copy.detail,
                "last_proven_restore": iso(restored[copy.vault]),
            }
            for copy in copies
        ],
    }  # fmt: skip
