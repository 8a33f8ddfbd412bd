"""Is deleting really refused? A lock that nobody has tried is a belief.

An object is written where segments lie, and then deleted: a vault with a lock, or with keys that may not delete,
refuses that. What a lock keeps stays until it runs out; the next probe tries that one first, so that there is one at
most.
"""

from typing import Final

from zargar.backups.ports import Vault, VaultRefusedError

PREFIX: Final = "segments/probe/"


def deleting_is_refused(vault: Vault, *, probe: str) -> bool:
    """Try to delete in a vault; `probe` is a name that was not used before, such as the moment.

    True only where a deletion was tried and refused. Raises the vault's errors where it does not answer.
    """
    if any(_refused(vault, stored.key) for stored in list(vault.keys(PREFIX))):
        return True
    key = f"{PREFIX}{probe}"
    vault.put(key, [b"a probe of zargar: may this be deleted?\n"])
    return _refused(vault, key)


def _refused(vault: Vault, key: str) -> bool:
    try:
        vault.delete(key)
    except VaultRefusedError:
        return True
    return False
