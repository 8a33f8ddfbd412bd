"""Several vaults written at the same time from one pass over the bytes, each proven by itself.

A lane is one vault's side: a thread that stores one object after another from a bounded queue. The slowest vault sets
the pace, and memory stays bounded: `_DEPTH` chunks a lane, and what the vault itself holds. That has a floor: a vault
for which the others have waited longer than `MOST_BEHIND`, all its delays together, is out, as one that failed. Where
nobody else could go on, nothing is counted: the last vault is waited for as long as it takes.

A vault that fails is out for the rest of that backup, and the others go on: the backup is degraded, and `copy` brings
over later what is missing. When no vault is left, there is nothing to go on for: `NoVaultLeftError`.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final

from zargar.backups.ports import KeyTakenError, Vault, VaultError

_DEPTH: Final = 32
"""Chunks of about 64 KiB: 2 MiB a lane."""


MOST_BEHIND: Final = timedelta(minutes=10)
"""For how long, in one sitting, the other vaults wait for one alone. A sitting has 20 minutes (`zargar.engine.limits`):
half of them is what a vault may cost the others before it costs the backup."""

_LOOK: Final = 0.1
"""Seconds between two looks at a lane that is waited for."""

_LET_GO: Final = 5.0
"""Seconds that the thread of a vault that is out has to end; one that hangs in its vault is left to itself."""


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
    """One vault's side of a backup. Its methods are called from one thread, which ends it at last.

    `held_up` counts the seconds that others have waited for it alone, `allowed` how many there may be. `taken`: what it
    failed at was that there is an object of that key.
    """

    def __init__(self, vault: Vault, *, allowed: float) -> None:
        self.vault = vault
        self.error: str | None = None
        self.taken = False
        self.held_up = 0.0
        self.allowed = allowed
        self._fault: BaseException | None = None
        self._stored: set[str] = set()
        self._queue: Queue[bytes | str | _Mark] = Queue(_DEPTH)
        self._out = Event()
        self._thread = Thread(target=self._run, name=f"vault {vault.name}", daemon=True)
        self._thread.start()

    def take(self, item: bytes | str | _Mark) -> bool:
        """Take a piece, a key or a mark, after waiting a moment for room; False where there is none yet.

        A vault that is out takes it and drops it.
        """
        if not self._out.is_set():
            try:
                self._queue.put(item, timeout=_LOOK)
            except Full:
                return False
        return True

    @property
    def waits(self) -> bool:
        """Whether it has taken all that there was and could go on."""
        return self.error is None and self._queue.empty()

    def ended(self) -> bool:
        """Say whether its thread has ended, after waiting a moment for it."""
        self._thread.join(0 if self._out.is_set() else _LOOK)
        return self._out.is_set() or not self._thread.is_alive()

    def give_up(self, why: str) -> None:
        """Have no more to do with the vault: what it is storing is given up as soon as it asks for more of it."""
        self.error = why
        self._out.set()
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put(_STOP)

    def check(self) -> None:
        """Raise what the thread met that is no `VaultError`: a bug. Let one go that is out."""
        if self._out.is_set():
            self._thread.join(_LET_GO)
        if self._fault is not None:
            raise self._fault

    def outcome(self, key: str) -> Outcome:
        """Return what became of `key`; called at the end."""
        return Outcome(self.vault.name, None if key in self._stored else self.error)

    def _run(self) -> None:
        try:
            self._store_all()
        except VaultError as fault:
            self.error, self.taken = self.error or str(fault), isinstance(fault, KeyTakenError)
        except BaseException as fault:  # noqa: BLE001 -- the edge of a thread: `check` raises it where it is seen
            self._fault, self.error = fault, repr(fault)
        if self.error is not None:
            while not self._out.is_set() and self._queue.get() is not _STOP:
                pass

    def _store_all(self) -> None:
        while isinstance(key := self._queue.get(), str):
            chunks = self._chunks()
            try:
                self.vault.put(key, chunks)
            except _AbandonedError:
                if self._out.is_set():
                    return
                continue
            self._stored.add(key)
        if key is not _STOP:
            message = "a chunk without an object"
            raise RuntimeError(message)

    def _chunks(self) -> Iterator[bytes]:
        while isinstance(item := self._queue.get(), bytes):
            if self._out.is_set():
                break
            yield item
        if item is not _END or self._out.is_set():
            raise _AbandonedError


class Lanes:
    """Lanes to all of a backup's vaults, each fed the same bytes. Raises `NoVaultLeftError` as soon as all are out.

    `patience`: for how long, all in all, the others wait for one that is behind, before it is out.
    """

    def __init__(self, vaults: Sequence[Vault], *, patience: timedelta = MOST_BEHIND) -> None:
        self._lanes = [Lane(vault, allowed=patience.total_seconds()) for vault in vaults]

    def begin(self, key: str) -> None:
        """Begin an object in every vault."""
        self._check()
        self._all(key)

    def offer(self, chunk: bytes) -> None:
        """Hand a piece to every vault; waits while one is behind."""
        self._check()
        self._all(chunk)

    def end(self) -> None:
        """End the object in every vault: it is to be stored. Whether it was is known after `close`."""
        self._all(_END)

    def abandon(self) -> None:
        """Give the object up in every vault: nothing of it is stored."""
        self._all(_ABANDON)

    def hurry(self, within: timedelta) -> None:
        """Wait for none of them alone for longer than that from now on."""
        for lane in self._lanes:
            lane.allowed = min(lane.allowed, lane.held_up + within.total_seconds())

    def close(self) -> None:
        """Wait for all vaults; then raise what a thread met that is no vault's error."""
        self._all(_STOP)
        waiting = list(self._lanes)
        while waiting:
            for lane in list(waiting):
                began = time.monotonic()
                if lane.ended():
                    waiting.remove(lane)
                elif any(one.error is None for one in self._lanes if one not in waiting):
                    self._held_up(lane, time.monotonic() - began)
        faults = [fault for lane in self._lanes if (fault := _fault_of(lane)) is not None]
        if faults:
            raise faults[0]

    def taken(self) -> list[bool]:
        """Say of each vault whether an object of that key was there already; called after `close`."""
        return [lane.taken for lane in self._lanes]

    def outcomes(self, key: str) -> tuple[Outcome, ...]:
        """Return what became of an object in each vault, in their order; called after `close`."""
        return tuple(lane.outcome(key) for lane in self._lanes)

    def check_any_left(self) -> None:
        """Raise `NoVaultLeftError` when every vault is out; after `close` it is final."""
        self._check()

    def _all(self, item: bytes | str | _Mark) -> None:
        for lane in self._lanes:
            began = time.monotonic()
            while not lane.take(item):
                now = time.monotonic()
                if any(other.waits for other in self._lanes if other is not lane):
                    self._held_up(lane, now - began)
                began = now

    def _held_up(self, lane: Lane, seconds: float) -> None:
        """Count how long others have waited for a vault; one that has cost too much is out."""
        lane.held_up += seconds
        if lane.held_up > lane.allowed:
            lane.give_up(f"vault {lane.vault.name}: too slow, the others have waited for it for {lane.held_up:.0f} s")

    def _check(self) -> None:
        errors = [lane.error for lane in self._lanes]
        if None not in errors:
            raise NoVaultLeftError("; ".join(str(error) for error in errors))


def put_in_all(vaults: Sequence[Vault], key: str, data: bytes) -> tuple[Outcome, ...]:
    """Store one small object in every vault. Raises `NoVaultLeftError` when none has it.

    An object of that key with these very bytes counts as stored: an attempt before this one may have got that far. A
    vault that fails otherwise is not asked for it: one that is away would be waited for twice.
    """
    if not vaults:
        message = f"there is no vault for {key}"
        raise NoVaultLeftError(message)
    lanes = Lanes(vaults)
    try:
        lanes.begin(key)
        lanes.offer(data)
        lanes.end()
    finally:
        lanes.close()
    outcomes = tuple(
        Outcome(vault.name, None) if outcome.error and taken and _holds(vault, key, data) else outcome
        for vault, taken, outcome in zip(vaults, lanes.taken(), lanes.outcomes(key), strict=True)
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


def _fault_of(lane: Lane) -> BaseException | None:
    try:
        lane.check()
    except BaseException as fault:  # noqa: BLE001 -- every lane is seen to first; the caller raises the first fault
        return fault
    return None
