"""`zargar restore`: bring shops, or everything, back out of backups; and undo that."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.backups.apart import KEYS
from zargar.cli import restore_files, restore_system, start
from zargar.cli.output import AsJson, Reason, actor, emit, table, tehran
from zargar.cli.progress import lines as lines_of
from zargar.cli.restored_domains import unwound
from zargar.outcomes import JSON, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zargar.backups.copied import Desk
    from zargar.backups.models import Restore

app = typer.Typer(name="restore", help="Bring shops back out of backups.", no_args_is_help=True)
app.command("system")(restore_system.system)
app.command("files")(restore_files.files)
app.command("release")(restore_system.release)

Slug = Annotated[str, typer.Argument(help="The shop's short name.")]
Confirm = Annotated[str, typer.Option(help="The shop's domain, typed: what is live is replaced or dropped.")]
Differences = Annotated[
    int, typer.Option(min=0, max=100_000, help="Of each table, list at most so many keys of rows that differ.")
]
ApartHead = ("table", "only live", "only restored", "changed", "keys")


@app.command()
def shop(
    slug: Annotated[str, typer.Argument(help="The shop; beside or as another: as it was called in the backup.")],
    backup: Annotated[UUID, typer.Option("--from", help="The backup's id.")],
    reason: Reason,
    *,
    beside: Annotated[bool, typer.Option("--beside", help="As a schema beside the live shop; so without.")] = False,
    schema: Annotated[str | None, typer.Option(help="With --beside: its name; SHOP_restored without.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="In the live shop's place; what was live is kept.")] = False,
    confirm: Annotated[str, typer.Option(help="With --swap: the shop's domain, typed.")] = "",
    new: Annotated[str | None, typer.Option("--as", help="As another shop of this short name.")] = None,
    domain: Annotated[str | None, typer.Option(help="With --as: the host name that leads to it.")] = None,
    name: Annotated[str | None, typer.Option(help="With --as: what people call it; NAME without.")] = None,
    differences: Differences = KEYS,
    as_json: AsJson = False,
) -> None:
    """Restore a shop: beside the live one, in its place, or as another shop; proven by its facts in each case.

    Needs the key of operations (or escrow) in ZARGAR_BACKUP_IDENTITY or ZARGAR_BACKUP_IDENTITY_FILE.
    """
    if beside + swap + (new is not None) > 1:
        message = "--beside, --swap and --as are three ways: choose one"
        raise typer.BadParameter(message)
    if (schema and (swap or new)) or (confirm and not swap) or bool(new) != bool(domain) or (name and not new):
        message = "--schema goes with --beside, --confirm with --swap, --domain (and --name) with --as"
        raise typer.BadParameter(message)
    start.django(as_owner=True)
    if swap:
        _in_place(slug, backup, confirm=confirm, reason=reason, differences=differences, as_json=as_json)
    elif new is not None and domain is not None:
        _as_new(slug, backup, to=new, domain=domain, name=name or new, reason=reason, as_json=as_json)
    else:
        _beside(slug, backup, to=schema or f"{slug}_restored", reason=reason, differences=differences, as_json=as_json)


@app.command()
def undo(
    slug: Slug, confirm: Confirm, reason: Reason, *, differences: Differences = KEYS, as_json: AsJson = False
) -> None:  # fmt: skip
    """Put back what the shop's last restore had put aside; or settle a restore that was killed."""
    start.django(as_owner=True)
    from zargar.backups import restores  # noqa: PLC0415 -- needs Django

    done = restores.undo(_desk(differences), slug=slug, confirm=confirm, actor=actor(), reason=reason)
    _say(done, as_json=as_json)


@app.command()
def kept(*, as_json: AsJson = False) -> None:
    """List what restores have put aside and what can be undone, the oldest first."""
    start.django()
    from zargar.backups import put_aside, restore_store  # noqa: PLC0415 -- needs Django

    found = put_aside.kept()
    lines = [(row.schema, row.kept, tehran(row.ended_at), row.reason) for row in found]
    emit(
        [restore_store.told(row) for row in found],
        as_json=as_json, human=table(("shop", "schema", "since", "reason"), lines),
    )  # fmt: skip


@app.command()
def drop(slug: Slug, confirm: Confirm, reason: Reason, *, as_json: AsJson = False) -> None:
    """Drop now what is kept for undo of a shop; it goes by itself after ZARGAR_KEEP_REPLACED_SHOPS_DAYS."""
    start.django(as_owner=True)
    from zargar.backups import put_aside  # noqa: PLC0415 -- needs Django

    gone = put_aside.drop_kept(_desk(), slug=slug, confirm=confirm, actor=actor(), reason=reason)
    names: list[JSON] = [row.kept for row in gone]
    emit({"shop": slug, "dropped": names}, as_json=as_json, human=f"dropped {', '.join(map(str, names))}")


def _beside(slug: str, backup: UUID, *, to: str, reason: str, differences: int, as_json: bool) -> None:
    from zargar.backups import copied, restore_store, wiring  # noqa: PLC0415 -- needs Django

    done = copied.beside(
        wiring.connector(wiring.database_url()), wiring.vaults(), slug=slug, backup=backup, to=to,
        identity=wiring.identity(), actor=actor(), reason=reason, differences=differences,
        progress=lines_of("bytes"),
    )  # fmt: skip
    tables, rows = len(done.restored.facts.tables), copied.rows_of(done.restored)
    apart = restore_store.apart_json(done.apart)
    emit(
        {
            "shop": slug, "backup": str(backup), "vault": done.restored.vault, "schema": to, "tables": tables,
            "rows": rows, "apart": apart,
        },
        as_json=as_json,
        human=f"{slug} is back as the schema {to}: {tables} tables, {rows} rows, proven\n{_apart(apart)}".rstrip(),
    )  # fmt: skip


def _in_place(slug: str, backup: UUID, *, confirm: str, reason: str, differences: int, as_json: bool) -> None:
    from zargar.backups import restores, wiring  # noqa: PLC0415 -- needs Django

    done = restores.in_place(
        _desk(differences), slug=slug, backup=backup, identity=wiring.identity(), confirm=confirm, actor=actor(),
        reason=reason,
    )  # fmt: skip
    _say(done, as_json=as_json)


def _as_new(slug: str, backup: UUID, *, to: str, domain: str, name: str, reason: str, as_json: bool) -> None:
    from zargar.backups import copied, wiring  # noqa: PLC0415 -- needs Django

    made = copied.as_new(
        _desk(), slug=slug, backup=backup, identity=wiring.identity(), to=to, name=name, domain=domain, actor=actor(),
        reason=reason,
    )  # fmt: skip
    told: Summary = {"id": made.id, "shop": to, "name": name, "state": made.state, "domain": domain, "from": slug}
    emit(told, as_json=as_json, human=f"{slug} is back as the shop {to} (id {made.id}), which is {made.state}")


def _say(row: "Restore", *, as_json: bool) -> None:
    from zargar.backups import restore_store  # noqa: PLC0415 -- needs Django

    if row.state == "failed":
        human = f"a restore of {row.schema} that had been killed is settled: {row.schema} is as it was before it"
        human = f"{human} ({row.fault})"
    else:
        human = (
            f"{row.schema} is as it was at {tehran(row.taken_at)}; what was live is kept as {row.kept}, "
            f"and in the snapshot {row.snapshot}\n{_apart(row.apart)}"
        ).rstrip()
    emit(restore_store.told(row), as_json=as_json, human=human)


def _apart(apart: "Sequence[JSON]") -> str:
    rows = [one for one in apart if isinstance(one, dict)]
    if not rows:
        return ""
    return table(ApartHead, [[" ".join(v) if isinstance(v, list) else v for v in one.values()] for one in rows])  # type: ignore[arg-type]


def _desk(differences: int = KEYS) -> "Desk":
    from zargar.backups import wiring  # noqa: PLC0415 -- needs Django
    from zargar.backups.copied import Desk  # noqa: PLC0415 -- as above

    return Desk(wiring.house(), unwound=unwound(), differences=differences, progress=lines_of("bytes"))
