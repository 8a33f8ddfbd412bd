"""The keys that the packs of a sitting are locked for: those in use, and new ones where there are none.

Many may be new at once: the first backup of a system, or of shops that were brought over. They are made some at a time
together. A vault that fails at one is out for the others, as it is for segments (`vaults.both`): it is not waited for
again with each shop, and it gets its keys when it is well (`key_spreading`).
"""

from collections.abc import Collection, Sequence

from zargar.backups import keys, store
from zargar.backups.key_objects import AT_ONCE, at_once
from zargar.backups.keys import Keyholders, ShopKey
from zargar.backups.ports import Vault, VaultError
from zargar.backups.stopping import Stop, never
from zargar.backups.store import Held
from zargar.backups.vaults import ObjectKeyError
from zargar.backups.vaults.both import NoVaultLeftError, Outcome


class KeyMaker:
    """Gives packs their keys. `out`: vaults that have failed in this backup already."""

    def __init__(self, vaults: Sequence[Vault], holders: Keyholders, *, out: Collection[str] = ()) -> None:
        self._vaults = [vault for vault in vaults if vault.name not in out]
        self._holders = holders
        self._said: dict[str, str] = {}

    def of(self, held: Held) -> ShopKey:
        """Return one key. Raises `zargar.backups.vaults.both.NoVaultLeftError`."""
        return self.several([held])[held.id]

    def several(self, holds: Sequence[Held], *, over: Stop = never) -> dict[str, ShopKey]:
        """Return keys by what they are of (`Held.id`): all those in use, and new ones until it is `over`.

        Raises `zargar.backups.vaults.both.NoVaultLeftError` where no vault takes a new one.
        """
        found = store.keys_of(holds)
        lacking = [held for held in holds if held.id not in found]
        for start in range(0, len(lacking), AT_ONCE):
            if start and over():
                break
            found |= self._made(lacking[start : start + AT_ONCE])
        return found

    def _made(self, holds: Sequence[Held]) -> dict[str, ShopKey]:
        vaults = list(self._vaults)
        if not vaults:
            raise NoVaultLeftError("; ".join(self._said.values()) or "every vault has failed in this backup")
        tried = at_once(lambda held: self._one(held, vaults), holds)
        made = [(held, one) for held, one in zip(holds, tried, strict=True) if not isinstance(one, Exception)]
        for outcome in (one for _, (_, outcomes) in made for one in outcomes):
            if outcome.error is not None:
                self._said[outcome.vault] = outcome.error
        self._vaults = [vault for vault in vaults if vault.name not in self._said]
        kept = {held.id: store.keep_key(held, key) for held, (key, _) in made}
        if fault := next((one for one in tried if isinstance(one, Exception)), None):
            raise fault
        return kept

    def _one(
        self, held: Held, vaults: Sequence[Vault]
    ) -> tuple[ShopKey, tuple[Outcome, ...]] | VaultError | ObjectKeyError:  # fmt: skip
        """Make one key, or return why it could not be: those made beside it lie in vaults, and are to be kept."""
        try:
            return keys.create(held.slug, vaults, self._holders)
        except (VaultError, ObjectKeyError) as fault:
            return fault
