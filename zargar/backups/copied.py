"""A shop out of a backup beside the live ones: as a schema to look into, or as another shop of its own."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import transaction

from zargar import tenancy
from zargar.audit import operations as audit
from zargar.backups import erasing, forward, inspection, restore_store, restoring, swap
from zargar.backups.apart import KEYS, TableApart, rows_apart
from zargar.backups.making import House
from zargar.backups.manifest import PackEntry
from zargar.backups.models import CopyState
from zargar.backups.ports import RestoredShop, Vault
from zargar.backups.progress import Progress, nobody
from zargar.backups.restoring import Restored
from zargar.shops import operations as shops
from zargar.shops import schemas
from zargar.shops.models import Shop

_ORDER: Final = {CopyState.GOOD: 0, CopyState.STORED: 1, "": 2}
"""Which copy is asked first; one that the catalogue does not know may be there, any other is damaged or not there."""


@dataclass(frozen=True)
class Desk:
    """The real parts of a restore.

    `house.connect` opens sessions of the schemas' owner, who is Django's user here too. `unwound` are the domains that
    must not be rewound. `wait` is how long work inside, and each table's holders, are waited for. `differences`: how
    many keys of rows that differ are listed of each table. `progress` hears of the bytes that are restored.
    """

    house: House
    unwound: tuple[RestoredShop, ...] = ()
    wait: timedelta = timedelta(seconds=10)
    differences: int = KEYS
    progress: Progress = nobody


@dataclass(frozen=True, slots=True)
class Beside:
    """A copy beside the live shop, and in which rows the two differ (nothing, where there is no live one)."""

    restored: Restored
    apart: tuple[TableApart, ...]


def beside(
    connect: Callable[[], psycopg.Connection[Any]], vaults: Sequence[Vault], *, slug: str, backup: UUID, to: str,
    identity: str, actor: str, reason: str, differences: int = KEYS, progress: Progress = nobody,
) -> Beside:  # fmt: skip
    """Restore a shop as the schema `to`, and compare it with the live one, which is not touched.

    `slug` is what the backup calls the shop, `connect` opens sessions of the schemas' owner; of each table at most
    `differences` keys of rows that differ are listed. Raises as `restoring.beside`.
    """
    sha256, in_order = as_known(vaults, backup)
    with closing(connect()) as owner:
        done = restoring.beside(
            owner, vaults=in_order, backup=str(backup), slug=slug, to=to, identity=identity, sha256=sha256,
            check=erasing.not_erased, progress=progress,
        )  # fmt: skip
        audit.record(
            actor=actor, action="backup.restore_beside", subject=slug, reason=reason,
            after={"backup": str(backup), "schema": to, "vault": done.vault, "rows": rows_of(done)},
        )  # fmt: skip
        there = swap.there(owner, slug)
        apart = rows_apart(owner, live=slug, restored=to, keys=differences) if there else ()
    return Beside(done, apart)


def as_new(
    desk: Desk, *, slug: str, backup: UUID, identity: str, to: str, name: str, domain: str, actor: str, reason: str
) -> Shop:  # fmt: skip
    """Restore a shop as another one, with its own row, name and domain, which is active at the end.

    Raises as `restoring.beside` and `zargar.shops.operations.create`; nothing is left behind then.
    """
    came: list[Restored] = []

    def fill(shop: Shop) -> None:
        came.append(copied(desk, slug=slug, backup=backup, to=to, identity=identity))
        hand_over(desk.unwound, shop.id, taken_at=came[0].taken_at)

    made = shops.create(slug=to, name=name, domain=domain, actor=actor, reason=reason, fill=fill)
    audit.record(
        actor=actor, action="backup.restore_as", subject=to, reason=reason,
        after={"backup": str(backup), "shop": slug, "vault": came[0].vault, "rows": rows_of(came[0])},
    )  # fmt: skip
    return made


def copied(desk: Desk, *, slug: str, backup: UUID, to: str, identity: str) -> Restored:
    """Restore a shop as the schema `to`, with the newest migrations. Nothing is left of it if this raises.

    Raises as `restoring.beside`, `zargar.backups.forward.NewerBackupError`, and what a migration raises.
    """
    program = forward.known()

    def allowed(entry: PackEntry) -> None:
        erasing.not_erased(entry)
        forward.owed(entry.facts.migrations if entry.facts else (), program)

    sha256, in_order = as_known(desk.house.vaults, backup)
    with closing(desk.house.connect()) as owner:
        done = restoring.beside(
            owner, vaults=in_order, backup=str(backup), slug=slug, to=to, identity=identity, sha256=sha256,
            check=allowed, progress=desk.progress,
        )  # fmt: skip
        if forward.owed(done.facts.migrations, program):
            try:
                schemas.migrate_schema(to)
            except Exception:  # whatever a migration may raise: the error goes on, the half migrated copy does not
                swap.drop(owner, to)
                raise
    return done


def as_known(vaults: Sequence[Vault], backup: UUID) -> tuple[str | None, list[Vault]]:
    """Return the manifest's hash as the catalogue has it, and the vaults: those that have proven sound before others.

    A copy that was found damaged is asked when no other has given the shop back: it may be damaged elsewhere.
    """
    sha256, states = restore_store.copies_of(backup)
    return sha256, sorted(vaults, key=lambda vault: _ORDER.get(states.get(vault.name, ""), len(_ORDER)))


def bring_forward(desk: Desk, schema: str, *, shop_id: int | None = None) -> None:
    """Give a schema that nobody works in the migrations that it lacks.

    `shop_id`: it is that shop's, which is closed; whoever is still inside is waited for. Raises
    `zargar.shops.schemas.ShopInsideError`, `zargar.backups.forward.NewerBackupError` and what a migration raises; those
    before it are kept.
    """
    with closing(desk.house.connect()) as owner:
        recorded = inspection.migrations_of(owner, schema)
    if forward.owed(recorded, forward.known()):
        if shop_id is not None:
            with schemas.held(shop_id, wait=desk.wait):
                pass  # migrations close the session that they run on; whoever comes now is refused by the state
        schemas.migrate_schema(schema)


def hand_over(
    unwound: Sequence[RestoredShop], shop_id: int, *, taken_at: datetime, replaced: str | None = None
) -> None:  # fmt: skip
    """Let each domain that must not be rewound look at the shop, all of them in one transaction; see the port."""
    if unwound:
        with tenancy.in_closed_tenant(shop_id), transaction.atomic():
            for domain in unwound:
                domain.restored(shop_id, taken_at=taken_at, replaced=replaced)


def hand_back(unwound: Sequence[RestoredShop], shop_id: int) -> None:
    """Tell each domain that was handed a restored shop that it has its own tables back; see the port."""
    if unwound:
        with tenancy.in_closed_tenant(shop_id), transaction.atomic():
            for domain in unwound:
                domain.returned(shop_id)


def rows_of(restored: Restored) -> int:
    """Count the rows of a copy."""
    return sum(table.rows for table in restored.facts.tables)
