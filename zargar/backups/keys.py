"""The keys of backups: a pair for each shop, whose secret half is itself locked and can be destroyed.

Packs of a shop are locked for its public half alone, so that the machine which makes backups cannot read them. The
secret half is written once, into the object `keys/<shop>/<key id>.age` of every vault, locked for two recipients:
*operations* (the drills worker and whoever restores) and *escrow* (offline, for the day when operations' key is lost).
Either opens it:

    age -d -i operations.key SHOP/KEY.age > shop.key
    age -d -i shop.key PACK | zstd -d | tar -x

Destroying these small objects makes every pack of the shop unreadable, though segments are never rewritten and a lock
may protect them: that is how an erased shop is erased in its backups. So a lock is set on `segments/` and `manifests/`,
never on `keys/`, or in a vault that cannot tell them apart, the erasure ends with the lock. In the place of a destroyed
key the vault gets `keys/<shop>/<key id>.erased`, which says when: so an erased shop is not taken for a damaged one.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from zargar.backups import age
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.vaults.both import Outcome, copy, put_in_all
from zargar.refusals import InvalidError, RefusedError

_PREFIX: Final = "keys/"
_MARK: Final = ".erased"
_ID_CHARACTERS: Final = 20
_FEW: Final = 10
"""Objects that are asked for one by one; for more, a listing of all shops' keys is cheaper."""

_MOST_BYTES: Final = 16 << 10


class OneKeyholderError(InvalidError):
    """Operations and escrow are the same key: whoever loses one loses both."""


class DamagedKeyError(Exception):
    """A shop's key object is gone, changed, or another shop's; the message names vault and object. Try the other."""


class ErasedKeyError(RefusedError):
    """The shop was erased: its key was destroyed with intent, and what it locks opens no more."""


class WrongKeyholderError(RefusedError):
    """A sound key object does not open with the identity that was given."""


@dataclass(frozen=True, slots=True)
class Keyholders:
    """The two public keys that every shop's secret half is locked for.

    Raises `zargar.backups.age.BadAgeKeyError`, `OneKeyholderError`.
    """

    operations: str
    escrow: str

    def __post_init__(self) -> None:
        """Check both."""
        age.check_recipient(self.operations)
        age.check_recipient(self.escrow)
        if self.operations.strip() == self.escrow.strip():
            message = "operations and escrow must be two keys, kept in two places"
            raise OneKeyholderError(message)


@dataclass(frozen=True, slots=True)
class ShopKey:
    """A shop's public key. `shop` is the slug as it stands in object keys."""

    shop: str
    recipient: str

    @property
    def id(self) -> str:
        """The first 20 hexadecimal digits of the SHA-256 of the recipient."""
        return _id(self.recipient)

    @property
    def object(self) -> str:
        """The key of the object that holds the secret half."""
        return f"{prefix(self.shop)}{self.id}.age"


def prefix(shop: str) -> str:
    """Return what the keys of all of a shop's key objects begin with."""
    return f"{_PREFIX}{shop}/"


def wrap(pair: age.KeyPair, *, shop: str, holders: Keyholders) -> bytes:
    """Return the key object: an age file that holds an identity file as `age-keygen` writes it."""
    text = f"# shop: {shop}\n# public key: {pair.recipient}\n{pair.identity}\n"
    locked = BytesIO()
    age.lock(BytesIO(text.encode()).read, locked.write, [holders.operations, holders.escrow])
    return locked.getvalue()


def unwrap(wrapped: bytes, identity: str) -> str:
    """Return the shop's identity out of its key object, by operations' or escrow's identity.

    Raises `zargar.backups.age.NotForThisKeyError`, `DamagedAgeError` and `BadAgeKeyError`.
    """
    opened = BytesIO()
    age.unlock(BytesIO(wrapped).read, opened.write, identity)
    lines = opened.getvalue().decode(errors="replace").splitlines()
    return next((line for line in lines if line and not line.startswith("#")), "")


def create(shop: str, vaults: Sequence[Vault], holders: Keyholders) -> tuple[ShopKey, tuple[Outcome, ...]]:
    """Make a shop's pair and store its secret half in every vault; the secret itself is forgotten on return.

    A key is of use when at least one vault has it; `copy` of `zargar.backups.vaults.both` completes the others. Raises
    `zargar.backups.vaults.both.NoVaultLeftError`, `zargar.backups.vaults.ObjectKeyError` for such a slug.
    """
    pair = age.generate()
    key = ShopKey(shop, pair.recipient)
    return key, put_in_all(vaults, key.object, wrap(pair, shop=shop, holders=holders))


def read(vault: Vault, key: ShopKey, identity: str) -> str:
    """Return a shop's identity, proven to be the other half of `key`. Raises as `read_object`."""
    return read_object(vault, key.object, identity)


def read_object(vault: Vault, name: str, identity: str) -> str:
    """Return the identity that a key object holds, proven to be the one that the object's name says.

    Its name is in the manifest beside the pack, so that a vault alone is enough. Raises `ErasedKeyError`,
    `DamagedKeyError`, `WrongKeyholderError`, `zargar.backups.age.BadAgeKeyError` and the vault's errors.
    """
    try:
        found = unwrap(b"".join(vault.read(name, length=_size(vault, name))), identity)
    except (NoSuchObjectError, age.DamagedAgeError) as fault:
        raise _damaged(vault, name, f"it is gone or damaged ({fault})") from fault
    except age.NotForThisKeyError:
        message = f"vault {vault.name}: {name} is not locked for the key that was given"
        raise WrongKeyholderError(message) from None
    if _id_of(found) != PurePosixPath(name).stem:
        raise _damaged(vault, name, "it holds another key than its name says")
    return found


def spread(objects: Collection[str], vaults: Sequence[Vault]) -> tuple[Outcome, ...]:
    """Bring key objects to every vault that lacks them, from one that has them; one outcome for each vault.

    A pack is of no use in a vault without its key: a backup is whole where this says so too. It costs one listing of a
    vault (of a few keys, a question for each), and a copy for what is missing. A vault that was away when a shop's key
    was made is completed so.
    """
    held = [_held(vault, objects) for vault in vaults]
    return tuple(
        Outcome(vault.name, mine if isinstance(mine, str) else _fetched(vault, set(objects) - mine, vaults, held))
        for vault, mine in zip(vaults, held, strict=True)
    )


def destroy(objects: Collection[str], vaults: Sequence[Vault], *, at: datetime) -> tuple[Outcome, ...]:
    """Destroy key objects in all vaults, with all their versions: what they lock never opens again.

    Every vault is tried, and gets the mark of the erasure (`at`, aware) once the key is gone there; an outcome's error
    tells which may still hold one. Doing it again is harmless.
    """
    return tuple(Outcome(vault.name, _destroyed(objects, vault, at)) for vault in vaults)


def erased(vault: Vault) -> dict[str, datetime]:
    """Return by key object when it was destroyed, as the vault's marks say. Raises the vault's errors."""
    marks = [stored.key for stored in vault.keys(_PREFIX) if stored.key.endswith(_MARK)]
    said = {mark: b"".join(vault.read(mark)).decode(errors="replace").strip() for mark in marks}
    return {f"{mark.removesuffix(_MARK)}.age": datetime.fromisoformat(moment) for mark, moment in said.items()}


def marked(names: Collection[str]) -> set[str]:
    """Return the key objects that were destroyed, as the marks among a vault's `names` say."""
    return {f"{name.removesuffix(_MARK)}.age" for name in names if name.endswith(_MARK)}


def _held(vault: Vault, objects: Collection[str]) -> set[str] | str:
    """Return the key objects of a vault, of a few those that it has, or its error in words."""
    try:
        if len(objects) <= _FEW:
            return {name for name in objects if vault.stat(name) is not None}
        return {stored.key for stored in vault.keys(_PREFIX)}
    except VaultError as fault:
        return str(fault)


def _fetched(vault: Vault, missing: set[str], vaults: Sequence[Vault], held: Sequence[set[str] | str]) -> str | None:
    """Copy what is missing; return the first error in words."""
    for key in sorted(missing):
        source = next(
            (one for one, keys in zip(vaults, held, strict=True) if not isinstance(keys, str) and key in keys), None
        )
        if source is None:
            return f"no vault has {key}: what it locks can never be opened"
        try:
            data = b"".join(source.read(key))
            copy(source, vault, key, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        except VaultError as fault:
            return str(fault)
    return None


def _destroyed(objects: Collection[str], vault: Vault, at: datetime) -> str | None:
    """Destroy what can be, and return the first error in words: one object that is locked does not keep the others."""
    faults = []
    for name in sorted(objects):
        try:
            if vault.stat(name) is not None:
                vault.delete(name)
            if vault.stat(_mark(name)) is None:
                vault.put(_mark(name), [f"{at.isoformat()}\n".encode()])
        except VaultError as fault:
            faults.append(str(fault))
    return next(iter(faults), None)


def _mark(name: str) -> str:
    return name.removesuffix(".age") + _MARK


def _size(vault: Vault, name: str) -> int:
    stored = vault.stat(name)
    if stored is None and vault.stat(_mark(name)) is not None:
        when = b"".join(vault.read(_mark(name))).decode(errors="replace").strip()
        message = f"the shop of {name} was erased at {when}: its packs open no more"
        raise ErasedKeyError(message)
    if stored is None or stored.size > _MOST_BYTES:
        raise _damaged(vault, name, "it is gone" if stored is None else f"it has {stored.size} bytes")
    return stored.size


def _id(recipient: str) -> str:
    return hashlib.sha256(recipient.encode()).hexdigest()[:_ID_CHARACTERS]


def _id_of(identity: str) -> str | None:
    """Return the id of the pair that an identity belongs to; None for a text that is none."""
    try:
        return _id(age.recipient_of(identity))
    except age.BadAgeKeyError:
        return None


def _damaged(vault: Vault, name: str, what: str) -> DamagedKeyError:
    return DamagedKeyError(f"vault {vault.name}: {name}: {what}")
