"""Bring key objects to every vault that lacks them: a pack is of no use in a vault without its key.

It costs one listing of a vault (of a few keys, a question for each), and a copy for what is missing. What is copied is
what was made: its SHA-256 is in the catalogue (`key_objects`), and a source that has other bytes is no source. An
object that is not what was made, cut short or changed, gives way to one that is: it is deleted once a vault was found
to have the right one. What nobody has measured stays as it is.

What a shop's erasure has destroyed is not brought back: it is asked for before, and again after, since an erasure may
begin while keys are copied; a vault's own mark of it counts as much as the catalogue.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from zargar.backups.key_objects import (
    PREFIX,
    Destroyed,
    Known,
    Measure,
    at_once,
    fault,
    fault_of_size,
    fetched,
    mark_of,
    measured,
)
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError, VaultRefusedError
from zargar.backups.vaults.both import copy

_FEW: Final = 10
"""Objects that are asked for one by one; for more, a listing of all shops' keys is cheaper."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What vaults lack of some key objects, now that they were brought what could be.

    `lacking`: by vault and key object, why it has it not, or not whole. `silent`: by vault, its words where it did not
    answer; it lacks all of them then. `nowhere`: those that no vault has whole, all vaults having answered. `settled`:
    no vault failed at anything, so that doing it again finds the same.
    """

    lacking: Mapping[str, Mapping[str, str]]
    silent: Mapping[str, str]
    nowhere: frozenset[str]
    settled: bool = True

    def fault(self, vault: str, *, among: Collection[str]) -> str | None:
        """Say in words what a vault lacks first of these; None where it lacks nothing."""
        left = [f"{name}: {why}" for name, why in sorted(self.lacking[vault].items()) if name in among]
        if not left:
            return None
        return self.silent.get(vault) or f"vault {vault}: {left[0]}{f' (and {len(left) - 1} more)' if left[1:] else ''}"


def spread(objects: Collection[str], vaults: Sequence[Vault], *, known: Known, destroyed: Destroyed) -> Spread:
    """Bring key objects to every vault that lacks them, from one that has them whole.

    What a vault does not do is told; raised is only that it keeps what was destroyed with intent meanwhile. An object
    that is not what was written is replaced where its measure is known, and else stays there and is told. A vault that
    fails at one is not asked to take the others.
    """
    ways = at_once(lambda vault: _Way(vault, objects), vaults)
    marked = {name for way in ways for name in objects if mark_of(name) in way.held}
    wanted = sorted(set(objects) - marked - set(destroyed(objects)))
    measures = known(wanted)
    short = [name for name in wanted if any(way.wrong(name, measures.get(name)) for way in ways if not way.silent)]
    whole = dict(zip(short, _brought(short, ways, measures), strict=True))
    erased = _taken_back(short, ways, destroyed)
    left = [name for name in wanted if name not in erased]
    return Spread(
        {way.vault.name: way.left(left) for way in ways},
        {way.vault.name: way.silent for way in ways if way.silent},
        frozenset(name for name in left if not whole.get(name, True) and not any(way.unread for way in ways)),
        settled=not any(way.unread or way.failed for way in ways),
    )


@dataclass
class _Way:
    """One vault's part: what it holds by its listing, what it was brought, and what it lacks in the end, with why."""

    vault: Vault
    objects: Collection[str]
    held: dict[str, int] = field(default_factory=dict)
    silent: str = ""
    failed: str = ""
    unread: bool = False
    lacking: dict[str, str] = field(default_factory=dict)
    brought: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Ask the vault what it holds."""
        try:
            self.held = dict(self._listed())
        except VaultError as broken:
            self.silent, self.unread = str(broken), True

    def _listed(self) -> Iterator[tuple[str, int]]:
        if len(self.objects) > _FEW:
            yield from ((stored.key, stored.size) for stored in self.vault.keys(PREFIX))
            return
        for name in self.objects:
            stored = self.vault.stat(name) or self.vault.stat(mark_of(name))
            if stored is not None:
                yield stored.key, stored.size

    def wrong(self, name: str, known: Measure | None) -> str:
        """Say what is wrong with an object by the listing; empty where nothing is."""
        return fault_of_size(self.held[name], known) if name in self.held else "it is gone"

    def read(self, name: str, known: Measure | None) -> bytes | None:
        """Return an object if it is whole, and note why if it is not."""
        if self.unread:
            self.lacking[name] = self.failed
            return None
        try:
            data = fetched(self.vault, name)
        except NoSuchObjectError:
            self.lacking[name] = "it is gone"
            return None
        except VaultError as broken:
            self.failed = self.lacking[name] = str(broken)
            self.unread = True
            return None
        if what := fault(data, known):
            self.lacking[name] = what
            return None
        return data

    def replaces(self, name: str, known: Measure | None) -> bool:
        """Say whether an object is to be brought here: it is not here, or is another than was made.

        Where something could not be read, nothing gives way to anything.
        """
        if self.silent or name not in self.lacking:
            return False
        return name not in self.held or (known is not None and not self.unread)

    def take(self, name: str, source: Vault, measure: Measure) -> None:
        """Bring an object here, in the place of a wrong one, unless this vault has failed at another object."""
        why = self.lacking.pop(name)
        try:
            if not self.failed and self._cleared(name, why):
                copy(source, self.vault, name, size=measure.size, sha256=measure.sha256)
                self.brought.append(name)
        except VaultError as broken:
            self.failed = str(broken)
        if self.failed:
            self.lacking[name] = self.failed

    def _cleared(self, name: str, why: str) -> bool:
        """Delete a wrong object, so that the right one can be put; False where a lock keeps it, and it is told."""
        if name in self.held:
            try:
                self.vault.delete(name)
            except NoSuchObjectError:  # an erasure, or another process that does the same
                return True
            except VaultRefusedError as refused:
                self.lacking[name] = f"{why}, and it cannot be replaced ({refused})"
                return False
        return True

    def left(self, wanted: Collection[str]) -> dict[str, str]:
        """Return what it lacks of these."""
        if self.silent:
            return dict.fromkeys(wanted, self.silent)
        return {name: why for name, why in self.lacking.items() if name in wanted}


def _brought(short: Sequence[str], ways: Sequence[_Way], measures: Mapping[str, Measure]) -> list[bool]:
    """Bring each of these where it is missing; say of each whether some vault has it whole."""

    def bring(name: str) -> bool:
        known = measures.get(name)
        wrong = {way.vault.name: way.wrong(name, known) for way in ways if not way.silent}
        for way in (one for one in ways if not one.silent and wrong[one.vault.name]):
            way.lacking[name] = wrong[way.vault.name]
        for source in (one for one in ways if not one.silent and not wrong[one.vault.name]):
            if (data := source.read(name, known)) is None:
                continue
            for target in (one for one in ways if one.replaces(name, known)):
                target.take(name, source.vault, known or measured(data))
            return True
        for way in ways:
            way.lacking[name] = f"{way.lacking.get(name, 'it cannot be read')}, and no vault that answers has it whole"
        return False

    return at_once(bring, short)


def _taken_back(short: Collection[str], ways: Sequence[_Way], destroyed: Destroyed) -> set[str]:
    """Destroy again what was destroyed with intent while it was brought here; return those. Raises the vault's errors.

    An erasure that is noted later than this finds the object itself.
    """
    erased = set(destroyed(short)) if short else set()
    for way in ways:
        for name in erased.intersection(way.brought):
            with suppress(NoSuchObjectError):
                way.vault.delete(name)
    return erased
