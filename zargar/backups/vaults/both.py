"""Several vaults written at the same time from one pass over the bytes, each proven by itself.

A lane is one vault's side: a thread that stores one object after another from a bounded queue. The slowest vault sets
the pace, and memory stays bounded: `_DEPTH` chunks a lane, and what the vault itself holds.

A vault that fails is out for the rest of that backup, and the others go on: the backup is degraded, and `copy` brings
over later what is missing. When no vault is left, there is nothing to go on for: `NoVaultLeftError`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from typing import Final

from zargar.backups.ports import KeyTakenError, Vault, VaultError

_DEPTH: Final = 32
"""Chunks of about 64 KiB: 2 MiB a lane."""


class NoVaultLeftError(VaultError):
    """Every vault has failed; the message holds each one's own words."""


class CopyMismatchError(VaultError):
    """What is to be copied, or was stored under its key before, is not what the manifest says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an object in one vault: `error` is None where it is stored, else the vault's words."""

    vault: str
    error: str | None


class _AbandonedError(Exception):
    """The object that is being written is given up: the vault stores nothing of it."""


class _Mark:
    """What a lane's queue holds beside chunks."""


_END: Final = _Mark()
_ABANDON: Final = _Mark()
_STOP: Final = _Mark()


class Lane:
    """One vault's side of a backup. Its methods are called from one thread; `close` must be called at the end."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.error: str | None = None
        self._fault: BaseException | None = None
        self._stored: set[str] = set()
        self._queue: Queue[bytes | str | _Mark] = Queue(_DEPTH)
        self._thread = Thread(target=self._run, name=f"vault {vault.name}", daemon=True)
        self._thread.start()

    def begin(self, key: str) -> None:
        """Begin an object."""
        self._queue.put(key)

    def offer(self, chunk: bytes) -> None:
        """Hand over a piece of it; waits while the vault is behind. A vault that is out takes it and drops it."""
        self._queue.put(chunk)

    def end(self) -> None:
        """End the object: it is to be stored. Whether it was is known after `close`."""
        self._queue.put(_END)

    def abandon(self) -> None:
        """Give the object up: nothing of it is stored."""
        self._queue.put(_ABANDON)

    def close(self) -> None:
        """Wait for what is under way. An error that is no `VaultError` is a bug, and is raised here."""
        self._queue.put(_STOP)
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def outcome(self, key: str) -> Outcome:
        """Return what became of `key`; called after `close`."""
        return Outcome(self.vault.name, None if key in self._stored else self.error)

    def _run(self) -> None:
        try:
            self._store_all()
        except VaultError as fault:
            self.error = str(fault)
        except BaseException as fault:  # noqa: BLE001 -- the edge of a thread: `close` raises it where it is seen
            self._fault, self.error = fault, repr(fault)
        if self.error is not None:
            while self._queue.get() is not _STOP:
                pass

    def _store_all(self) -> None:
        while isinstance(key := self._queue.get(), str):
            chunks = self._chunks()
            try:
                self.vault.put(key, chunks)
            except _AbandonedError:
                continue
            self._stored.add(key)
        if key is not _STOP:
            message = "a chunk without an object"
            raise RuntimeError(message)

    def _chunks(self) -> Iterator[bytes]:
        while isinstance(item := self._queue.get(), bytes):
            yield item
        if item is not _END:
            raise _AbandonedError


class Lanes:
    """Lanes to all of a backup's vaults, each fed the same bytes. Raises `NoVaultLeftError` as soon as all are out."""

    def __init__(self, vaults: Sequence[Vault]) -> None:
        self._lanes = [Lane(vault) for vault in vaults]

    def begin(self, key: str) -> None:
        """Begin an object in every vault."""
        self._check()
        for lane in self._lanes:
            lane.begin(key)

    def offer(self, chunk: bytes) -> None:
        """Hand a piece to every vault."""
        self._check()
        for lane in self._lanes:
            lane.offer(chunk)

    def end(self) -> None:
        """End the object in every vault."""
        for lane in self._lanes:
            lane.end()

    def abandon(self) -> None:
        """Give the object up in every vault."""
        for lane in self._lanes:
            lane.abandon()

    def close(self) -> None:
        """Wait for all vaults; then raise what a thread met that is no vault's error."""
        faults = [fault for lane in self._lanes if (fault := _closed(lane)) is not None]
        if faults:
            raise faults[0]

    def outcomes(self, key: str) -> tuple[Outcome, ...]:
        """Return what became of an object in each vault, in their order; called after `close`."""
        return tuple(lane.outcome(key) for lane in self._lanes)

    def check_any_left(self) -> None:
        """Raise `NoVaultLeftError` when every vault is out; after `close` it is final."""
        self._check()

    def _check(self) -> None:
        errors = [lane.error for lane in self._lanes]
        if None not in errors:
            raise NoVaultLeftError("; ".join(str(error) for error in errors))


def put_in_all(vaults: Sequence[Vault], key: str, data: bytes) -> tuple[Outcome, ...]:
    """Store one small object in every vault. Raises `NoVaultLeftError` when none has it.

    An object of that key with these very bytes counts as stored: an attempt before this one may have got that far.
    """
    lanes = Lanes(vaults)
    try:
        lanes.begin(key)
        lanes.offer(data)
        lanes.end()
    finally:
        lanes.close()
    outcomes = tuple(
        Outcome(vault.name, None) if outcome.error and _holds(vault, key, data) else outcome
        for vault, outcome in zip(vaults, lanes.outcomes(key), strict=True)
    )
    if all(outcome.error for outcome in outcomes):
        raise NoVaultLeftError("; ".join(str(outcome.error) for outcome in outcomes))
    return outcomes


def copy(source: Vault, target: Vault, key: str, *, size: int, sha256: str) -> None:
    """Bring an object from one vault to another, proving on the way that it is what the manifest says.

    Nothing is stored where it is not. An object of that key that is the right one already counts as copied. Raises
    `CopyMismatchError` and the vaults' own errors.
    """
    try:
        target.put(key, _proven(source, key, size=size, sha256=sha256))
    except KeyTakenError:
        for _ in _proven(target, key, size=size, sha256=sha256):
            pass


def _proven(vault: Vault, key: str, *, size: int, sha256: str) -> Iterator[bytes]:
    """Pass an object on; raises before its end where size or SHA-256 (hexadecimal) differ."""
    found, digest = 0, hashlib.sha256()
    for chunk in vault.read(key):
        found += len(chunk)
        digest.update(chunk)
        yield chunk
    if (found, digest.hexdigest()) != (size, sha256):
        message = f"vault {vault.name}: {key} is not what was written ({found} bytes of {size}, or another SHA-256)"
        raise CopyMismatchError(message)


def _holds(vault: Vault, key: str, data: bytes) -> bool:
    try:
        return _joined(vault.read(key), len(data)) == data
    except VaultError:  # the first error is the one to tell
        return False


def _joined(chunks: Iterable[bytes], most: int) -> bytes:
    """Join chunks, and stop soon after `most` bytes."""
    joined = bytearray()
    for chunk in chunks:
        joined += chunk
        if len(joined) > most:
            break
    return bytes(joined)


def _closed(lane: Lane) -> BaseException | None:
    try:
        lane.close()
    except BaseException as fault:  # noqa: BLE001 -- every lane is closed first; the caller raises the first fault
        return fault
    return None
