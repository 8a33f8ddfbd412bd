"""Key objects as bytes: measured when they are made, and proven by that measure, without opening them.

The measure (size and SHA-256) is in the catalogue's row of the key, from the moment when the key is made. A row from
before measures were kept has none, until somebody who can tell gives it one: a drill, which has opened the object (age
proves every byte of it, the other keyholder's part too), or reading back, where two vaults have the same bytes and none
has others. Until then an object is asked only to be there and to be an age file.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from zargar.backups.ports import NoSuchObjectError, Vault, VaultError

PREFIX: Final = "keys/"
MARK: Final = ".erased"
MOST_BYTES: Final = 16 << 10
AT_ONCE: Final = 8
"""Small objects that are asked for at the same time: a store far away answers each in a tenth of a second."""

_AGE: Final = b"age-encryption.org/v1\n"

Given = TypeVar("Given")
Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class Measure:
    """The size in bytes and the SHA-256 (hexadecimal) of a key object as it was made."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a key object in a vault, in words; `gone`: it is not there at all."""

    what: str
    gone: bool = False


Known = Callable[[Collection[str]], Mapping[str, Measure]]
"""Returns the measures of those of some key objects that have one."""

Destroyed = Callable[[Collection[str]], Collection[str]]
"""Returns those of some key objects that were destroyed with intent."""


def measured(data: bytes) -> Measure:
    """Measure a key object's bytes."""
    return Measure(len(data), hashlib.sha256(data).hexdigest())


def mark_of(name: str) -> str:
    """Return the object that says, in the place of a destroyed key object, when it was destroyed."""
    return name.removesuffix(".age") + MARK


def fault(data: bytes, known: Measure | None) -> str:
    """Say what is wrong with a key object's bytes: they are not those that were made, or no age file. Empty: nothing.

    Pure.
    """
    if known is not None:
        return "" if measured(data) == known else "it is not what was written"
    return "" if data.startswith(_AGE) and len(data) <= MOST_BYTES else "it is no age file"


def fault_of_size(size: int, known: Measure | None) -> str:
    """Say what the size alone of a key object shows, as a listing has it. Empty: nothing. Pure."""
    if known is not None:
        return "" if size == known.size else f"it has {size} bytes, and {known.size} were written"
    return "" if 0 < size <= MOST_BYTES else f"it has {size} bytes"


def fetched(vault: Vault, name: str) -> bytes:
    """Read a key object, and of one that is far too large only the beginning. Raises the vault's errors."""
    data = bytearray()
    for chunk in vault.read(name):
        data += chunk
        if len(data) > MOST_BYTES:
            break
    return bytes(data)


def at_once(call: Callable[[Given], Got], several: Sequence[Given]) -> list[Got]:
    """Do small calls to vaults at the same time; the first error is raised, and what has not begun by then is not."""
    if len(several) < 2:  # noqa: PLR2004 -- one needs no thread
        return [call(one) for one in several]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="key objects") as pool:
        return list(pool.map(call, several))


def agreed(vaults: Sequence[Vault], names: Sequence[str]) -> tuple[dict[str, Measure], dict[str, str]]:
    """Read key objects that have no measure in every vault; return measures, and in words on which vaults differ.

    An object is measured where two vaults have the same bytes and none has others. Where a vault does not answer,
    nobody agrees: both are empty, as where there is one vault alone.
    """
    if len(vaults) < 2:  # noqa: PLR2004 -- two have to agree
        return {}, {}
    try:
        read = {vault.name: at_once(partial(_measure, vault), names) for vault in vaults}
    except VaultError:
        return {}, {}
    same: dict[str, Measure] = {}
    torn: dict[str, str] = {}
    for name, found in zip(names, zip(*read.values(), strict=True), strict=True):
        there = [measure for measure in found if measure is not None]
        if len(there) > 1 and len(set(there)) == 1:
            same[name] = there[0]
        elif len(there) > 1:
            torn[name] = f"{name} is not the same in {' and '.join(read)}, and a drill has yet to tell which is right"
    return same, torn


class ReadBack:
    """Reads key objects back, each once in a vault however many backups name it."""

    def __init__(self, known: Known, destroyed: Destroyed) -> None:
        self._known = known
        self._destroyed = destroyed
        self._found: dict[tuple[str, str], Wrong | None] = {}

    def wrong(self, vault: Vault, names: Collection[str]) -> dict[str, Wrong]:
        """Return by key object what is wrong with it, not of those that were destroyed with intent.

        Raises the vault's errors where it does not answer.
        """
        fresh = sorted(name for name in names if (vault.name, name) not in self._found)
        measures = self._known(fresh) if fresh else {}
        for name, wrong in zip(fresh, at_once(lambda one: _wrong(vault, one, measures.get(one)), fresh), strict=True):
            self._found[vault.name, name] = wrong
        found = {name: wrong for name in names if (wrong := self._found[vault.name, name]) is not None}
        erased = set(self._destroyed(found)) if found else set()
        return {name: wrong for name, wrong in found.items() if name not in erased}


def _measure(vault: Vault, name: str) -> Measure | None:
    try:
        data = fetched(vault, name)
    except NoSuchObjectError:
        return None
    return None if fault(data, None) else measured(data)


def _wrong(vault: Vault, name: str, known: Measure | None) -> Wrong | None:
    try:
        what = fault(fetched(vault, name), known)
    except NoSuchObjectError:
        return None if vault.stat(mark_of(name)) is not None else Wrong("it is gone", gone=True)
    return Wrong(what) if what else None
