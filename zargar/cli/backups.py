"""`zargar backups`: make, list, show, read back, plan and prune backups."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.cli import backup_catalogue, backup_drills, backup_reports, backup_schedules, backup_watch, start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.cli.progress import lines as lines_of
from zargar.outcomes import JSON, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from zargar.backups.models import Backup

app = typer.Typer(name="backups", help="Backups of shops and of everything, in two vaults.", no_args_is_help=True)
app.add_typer(backup_schedules.app)
app.add_typer(backup_catalogue.app)
app.command("report")(backup_reports.report)
app.command("drill")(backup_drills.drill)
app.command("alarms")(backup_watch.alarms)
app.command("vaults")(backup_watch.vaults)

FOR_PEOPLE = frozenset({"where", "restored", "took", "left_out"})
"""Columns that say in words what `vaults`, `seconds` and `excluded` say in JSON."""

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
    if snapshot and shop is None:
        message = "--snapshot goes with a shop: name it"
        raise typer.BadParameter(message)
    start.django()
    from zargar.backups import making, operations, wiring  # noqa: PLC0415 -- needs Django
    from zargar.backups.retention import Kind  # noqa: PLC0415 -- as above
    from zargar.shops import operations as shops  # noqa: PLC0415 -- as above

    why, sitting = f"{actor()}: {reason}", making.Sitting(progress=lines_of("packs"))
    if shop is None:
        made = operations.back_up_all(house=wiring.house(), kind=Kind.DAILY, reason=why, sitting=sitting)
    else:
        kind = Kind.SNAPSHOT if snapshot else Kind.SHOP
        made = operations.back_up_shop(
            house=wiring.house(), shop_id=shops.named(shop).id, kind=kind, reason=why, sitting=sitting
        )
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
    head = ("backup", "kind", "state", "began", "took", "bytes", "where", "left_out", "restored")
    human = table(
        (*head[:6], "vaults", "left out", "last proven restore"), [[one[name] for name in head] for one in found]
    )
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
    head = "\n".join([
        f"{facts['backup']} {facts['kind']} {facts['state']}: {found.reason}",
        f"began {facts['began']}, took {facts['took']}, {found.stored_bytes} bytes",
        f"{facts['where']} {found.fault}".rstrip(),
        *(f"not in it: {line}" for line in found.excluded),
    ])  # fmt: skip
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
    """Read copies back from their vaults, and complete what a vault lacks.

    Exit 1 when a copy is damaged, when nobody knows since its vault did not answer, and when a vault still lacks one.
    """
    start.django()
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import operations, wiring  # noqa: PLC0415 -- needs Django

    found = operations.verify(vaults=wiring.vaults(), now=clock.now(), backup=backup, progress=lines_of("copies"))
    copies, unknown, missing = (_dicts(found[name]) for name in ("proven", "unanswered", "missing"))
    rows = [(one["backup"], one["vault"], "good" if one["good"] else "DAMAGED", one["faults"]) for one in copies]
    rows += [(one["backup"] or "a key", one["vault"], "NO ANSWER", one["fault"]) for one in unknown]
    rows += [(one["backup"], one["vault"], "MISSING", one["fault"]) for one in missing]
    completed = found["completed"]
    lines = [f"brought over: {one}" for one in (completed if isinstance(completed, list) else [])]
    emit(found, as_json=as_json, human="\n".join([*lines, table(("backup", "vault", "found", "faults"), rows)]))
    if unknown or missing or not all(one["good"] for one in copies):
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
    return _dicts(facts["vaults"])


def _dicts(told: JSON) -> list[Summary]:
    assert isinstance(told, list)  # noqa: S101 -- for the type checker
    return [one for one in told if isinstance(one, dict)]


def _facts(backup: "Backup", proven: "Mapping[tuple[int, str], datetime]") -> Summary:
    copies = sorted(backup.copies.all(), key=lambda copy: copy.vault)
    restored = {copy.vault: proven.get((backup.number, copy.vault)) for copy in copies}
    took = backup.ended_at - backup.began_at if backup.ended_at else None
    return {
        "backup": str(backup.id),
        "kind": backup.kind,
        "state": backup.state,
        "reason": backup.reason,
        "began": tehran(backup.began_at),
        "began_at": iso(backup.began_at),
        "ended_at": iso(backup.ended_at),
        "seconds": int(took.total_seconds()) if took is not None else None,
        "took": _length(took),
        "excluded": list(backup.excluded),
        "left_out": len(backup.excluded) or "-",
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


def _length(took: "timedelta | None") -> str:
    if took is None:
        return "-"
    minutes, seconds = divmod(int(took.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
