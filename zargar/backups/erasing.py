"""Erase a shop in its backups: destroy its keys in every vault. The packs stay, and open no more.

That it shall be so is noted first, with the audit, so that no run brings a key back and none is made with it; then
every vault is tried. One that does not answer, or holds the key under a lock, is named, and each daily cleanup tries
again until no vault holds one. Retention counts an erased pack no more: nothing has to be kept for what nobody opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from zargar.audit import operations as audit
from zargar.backups import erasure_store as store
from zargar.backups import keys
from zargar.backups.manifest import PackEntry
from zargar.backups.ports import Vault
from zargar.backups.vaults.both import Outcome
from zargar.outcomes import JSON, Summary
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.shops import operations as shops


class NoSuchKeyError(NotFoundError):
    """There is no shop of that name, and no key of one that there was: nothing of it was ever backed up."""


class NotConfirmedError(InvalidError):
    """What was typed to confirm is not the shop's domain (of a deleted shop: its name); nothing was destroyed."""


class ShopInUseError(RefusedError):
    """The shop is worked for: suspend it before its backups are erased."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What came of it: the key objects that are to be gone, and by vault what kept one (None: nothing)."""

    objects: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def complete(self) -> bool:
        """Whether no vault holds any of them."""
        return all(outcome.error is None for outcome in self.outcomes)

    def summary(self) -> Summary:
        """Say it in JSON."""
        objects: list[JSON] = list(self.objects)
        return {
            "keys": objects,
            "erased_in": [one.vault for one in self.outcomes if one.error is None],
            "still_in": {one.vault: one.error for one in self.outcomes if one.error is not None},
        }


def erase(*, slug: str, confirm: str, vaults: Sequence[Vault], actor: str, reason: str, now: datetime) -> Erasure:
    """Destroy every key that packs of a shop were ever locked for. A deleted shop is named as it was called.

    `confirm` is the shop's domain; a deleted shop has none, there it is the name again. Repeat it until it is complete.
    Raises `NoSuchKeyError`, `NotConfirmedError`, `ShopInUseError`, `zargar.refusals.InvalidError` without a reason.
    """
    holds = _holds(slug, confirm)
    objects = store.objects_of(holds)
    if not objects:
        raise NoSuchKeyError(NoSuchKeyError.__doc__)
    with transaction.atomic():
        fresh = store.condemn(holds, now=now)
        audit.record(
            actor=actor, action="backup.erase", subject=slug, reason=reason,
            after={"keys": len(objects), "new": fresh, "vaults": [vault.name for vault in vaults]},
        )  # fmt: skip
    return _destroyed(sorted(objects), vaults, since=now, now=now)


def complete(*, vaults: Sequence[Vault], now: datetime) -> Erasure:
    """Try again where a vault may still hold a key that is to be gone."""
    waiting = store.unfinished()
    if not waiting:
        return Erasure((), ())
    return _destroyed([name for name, _ in waiting], vaults, since=min(since for _, since in waiting), now=now)


def not_erased(entry: PackEntry) -> None:
    """Refuse a pack whose key was destroyed, though a vault may still hold it. Raises `ErasedKeyError`."""
    if store.to_be_gone(entry.key):
        message = f"{entry.label} was erased in its backups: the key {entry.key} is to be gone from every vault"
        raise keys.ErasedKeyError(message)


def _holds(slug: str, confirm: str) -> set[str]:
    living = {str(shop.id): shop for shop in shops.listed()}
    shop = next((one for one in living.values() if one.schema_name == slug), None)
    if shop is None:
        if confirm != slug:
            raise NotConfirmedError(NotConfirmedError.__doc__)
        return store.gone_by_name(slug, living=set(living))
    domains = {domain.domain for domain in shop.domains.all() if domain.is_primary} or {slug}
    if confirm not in domains:
        raise NotConfirmedError(NotConfirmedError.__doc__)
    if shop.state == "active":
        raise ShopInUseError(ShopInUseError.__doc__)
    return {str(shop.id)}


def _destroyed(objects: Sequence[str], vaults: Sequence[Vault], *, since: datetime, now: datetime) -> Erasure:
    found = Erasure(tuple(objects), keys.destroy(objects, vaults, at=since))
    if found.complete:
        store.done(objects, now=now)
    return found
