"""What is tried at each vault every day: does it take an object, does its lock refuse to delete, what lies unfinished.

A vault that is only written to when a backup comes is known to be full, down or unlocked when it is too late. So an
object is written to each and deleted again (`vaults.lock`), and what killed processes left half written is removed.
What came of it is kept by vault, shown by `zargar backups vaults`, and alarmed about (`alarms`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from zargar.backups import duty_store
from zargar.backups.ports import Vault, VaultError
from zargar.backups.vaults.lock import deleting_is_refused
from zargar.outcomes import JSON, Summary

UNFINISHED_FOR: Final = timedelta(hours=6)
"""How old an unfinished upload must be to be nobody's: far longer than any task may run."""


@runtime_checkable
class Sweeping(Protocol):
    """A vault in which killed processes may leave something that is no object."""

    def sweep(self, *, before: datetime) -> int:
        """Remove what was begun before a moment (aware) and nobody is writing; return how many.

        Raises the vault's errors.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What a vault did: `fault` in its words where it did not do it; whether it refused to delete; how many swept."""

    vault: str
    fault: str
    refused: bool | None
    swept: int


def daily(vaults: Sequence[Vault], *, now: datetime) -> list[Tried]:
    """Try every vault, and keep what came of it. None is held up by another's failing."""
    found = [_tried(vault, now=now) for vault in vaults]
    for one in found:
        duty_store.keep(one.vault, fault=one.fault, refused=one.refused, swept=one.swept, now=now)
    return found


def summary(tried: Sequence[Tried]) -> dict[str, JSON]:
    """Say it in JSON, by vault."""
    return {one.vault: {"fault": one.fault or None, "refused": one.refused, "swept": one.swept} for one in tried}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A configured vault: what it is said to be, and what it did when it was last tried (None: nobody has tried)."""

    vault: str
    kind: str
    declared_locked: bool
    checked_at: datetime | None
    fault: str | None
    refused: bool | None
    swept: int | None

    @property
    def wrong(self) -> bool:
        """Whether a person must look at it."""
        return bool(self.fault) or (self.declared_locked and self.refused is False)

    def as_json(self) -> Summary:
        """Say it in JSON."""
        return {
            "vault": self.vault,
            "kind": self.kind,
            "declared_locked": self.declared_locked,
            "checked_at": self.checked_at.isoformat() if self.checked_at else None,
            "fault": self.fault,
            "deleting_refused": self.refused,
            "swept": self.swept,
        }


def listed(configured: Mapping[str, str], *, locked: Collection[str]) -> list[Standing]:
    """Return what is known of each configured vault (names and places as the setting has them)."""
    known = duty_store.found(configured)
    return [
        Standing(
            vault=name,
            kind="s3" if configured[name].startswith("s3+") else "directory",
            declared_locked=name in locked,
            checked_at=check.checked_at if check else None,
            fault=(check.fault or None) if check else None,
            refused=check.refused if check else None,
            swept=check.swept if check else None,
        )
        for name, check in ((name, known.get(name)) for name in configured)
    ]


def _tried(vault: Vault, *, now: datetime) -> Tried:
    swept = 0
    try:
        refused = deleting_is_refused(vault, probe=f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}")
        if isinstance(vault, Sweeping):
            swept = vault.sweep(before=now - UNFINISHED_FOR)
    except VaultError as fault:
        return Tried(vault.name, str(fault), None, swept)
    return Tried(vault.name, "", refused, swept)
