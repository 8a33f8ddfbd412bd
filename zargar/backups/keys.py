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
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from zargar.backups import age
from zargar.backups.key_objects import MARK, MOST_BYTES, PREFIX, Measure, mark_of, measured
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.vaults.both import Outcome, put_in_all
from zargar.refusals import InvalidError, RefusedError

_ID_CHARACTERS: Final = 20
_TRIED: Final = 50
"""Key objects that an identity is tried at, where one did not open with it."""


class OneKeyholderError(InvalidError):
    """Operations and escrow are the same key: whoever loses one loses both."""


class DamagedKeyError(Exception):
    """A shop's key object is gone, changed, or another shop's; the message names vault and object. Try the other."""


class ErasedKeyError(RefusedError):
    """The shop was erased: its key was destroyed with intent, and what it locks opens no more."""


class WrongKeyholderError(RefusedError):
    """A key object does not open with the identity that was given: another keyholder's, or the object is damaged.

    Only where its measure is known, or the identity opens no key object at all, can these two be told apart.
    """


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
    """A shop's public key. `shop` is the slug as it stands in object keys.

    `measure`: that of the object of its secret half, where it is known; no part of what the key is.
    """

    shop: str
    recipient: str
    measure: Measure | None = field(default=None, compare=False)

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
    return f"{PREFIX}{shop}/"


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

    A key is of use when at least one vault has it; `zargar.backups.key_spreading` completes the others. Raises
    `zargar.backups.vaults.both.NoVaultLeftError`, `zargar.backups.vaults.ObjectKeyError` for such a slug.
    """
    pair = age.generate()
    wrapped = wrap(pair, shop=shop, holders=holders)
    key = ShopKey(shop, pair.recipient, measured(wrapped))
    return key, put_in_all(vaults, key.object, wrapped)


def read(vault: Vault, key: ShopKey, identity: str) -> str:
    """Return a shop's identity, proven to be the other half of `key`. Raises as `read_object`."""
    return read_object(vault, key.object, identity)


def read_object(vault: Vault, name: str, identity: str) -> str:
    """Return the identity that a key object holds. Raises as `open_object`."""
    return open_object(vault, name, identity)[0]


def open_object(vault: Vault, name: str, identity: str, *, known: Measure | None = None) -> tuple[str, Measure]:
    """Return the identity that a key object holds, proven to be the one that the object's name says, and its measure.

    Its name is in the manifest beside the pack, so that a vault alone is enough; with `known`, the object has to be the
    one that was made. Raises `ErasedKeyError`, `DamagedKeyError`, `WrongKeyholderError`,
    `zargar.backups.age.BadAgeKeyError` and the vault's errors.
    """
    try:
        data = b"".join(vault.read(name, length=_size(vault, name)))
        if known is not None and measured(data) != known:
            raise _damaged(vault, name, "it is not what was written")
        found = unwrap(data, identity)
    except (NoSuchObjectError, age.DamagedAgeError) as fault:
        raise _damaged(vault, name, f"it is gone or damaged ({fault})") from fault
    except age.NotForThisKeyError:
        message = f"vault {vault.name}: {name} is not locked for the key that was given"
        raise WrongKeyholderError(message) from None
    if _id_of(found) != PurePosixPath(name).stem:
        raise _damaged(vault, name, "it holds another key than its name says")
    return found, measured(data)


def opens_any(vaults: Sequence[Vault], name: str, identity: str) -> bool:
    """Say whether an identity opens this key object in any of the vaults, or one of the first others that they have.

    Then it is a keyholder's, and an object that does not open with it is damaged, or locked for other keyholders.
    """
    return any(_opens_one(vault, name, identity) for vault in vaults)


def destroy(objects: Collection[str], vaults: Sequence[Vault], *, at: datetime) -> tuple[Outcome, ...]:
    """Destroy key objects in all vaults, with all their versions: what they lock never opens again.

    Every vault is tried, and gets the mark of the erasure (`at`, aware) once the key is gone there; an outcome's error
    tells which may still hold one. Doing it again is harmless.
    """
    return tuple(Outcome(vault.name, _destroyed(objects, vault, at)) for vault in vaults)


def erased(vault: Vault) -> dict[str, datetime]:
    """Return by key object when it was destroyed, as the vault's marks say. Raises the vault's errors."""
    marks = [stored.key for stored in vault.keys(PREFIX) if stored.key.endswith(MARK)]
    said = {mark: b"".join(vault.read(mark)).decode(errors="replace").strip() for mark in marks}
    return {f"{mark.removesuffix(MARK)}.age": datetime.fromisoformat(moment) for mark, moment in said.items()}


def marked(names: Collection[str]) -> set[str]:
    """Return the key objects that were destroyed, as the marks among a vault's `names` say."""
    return {f"{name.removesuffix(MARK)}.age" for name in names if name.endswith(MARK)}


def _opens_one(vault: Vault, name: str, identity: str) -> bool:
    try:
        others = [stored.key for stored in islice(vault.keys(PREFIX), _TRIED) if stored.key.endswith(".age")]
    except VaultError:  # it cannot say
        return False
    for one in (name, *others):
        with suppress(VaultError, DamagedKeyError, ErasedKeyError, WrongKeyholderError):
            open_object(vault, one, identity)
            return True
    return False


def _destroyed(objects: Collection[str], vault: Vault, at: datetime) -> str | None:
    """Destroy what can be, and return the first error in words: one object that is locked does not keep the others."""
    faults = []
    for name in sorted(objects):
        try:
            if vault.stat(name) is not None:
                vault.delete(name)
            if vault.stat(mark_of(name)) is None:
                vault.put(mark_of(name), [f"{at.isoformat()}\n".encode()])
        except VaultError as fault:
            faults.append(str(fault))
    return next(iter(faults), None)


def _size(vault: Vault, name: str) -> int:
    stored = vault.stat(name)
    if stored is None and vault.stat(mark_of(name)) is not None:
        when = b"".join(vault.read(mark_of(name))).decode(errors="replace").strip()
        message = f"the shop of {name} was erased at {when}: its packs open no more"
        raise ErasedKeyError(message)
    if stored is None or stored.size > MOST_BYTES:
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
