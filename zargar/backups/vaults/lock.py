"""Is deleting really refused? A lock that nobody has tried is a belief.

An object is written where segments lie and one where manifests lie, and then deleted: a vault with a lock, or with keys
that may not delete, refuses both. A rule that was set for one of the two alone protects nothing: a manifest says where
each pack's pieces are, and nothing else does. What a lock keeps stays until it runs out; the next probe tries that one
first, so that there is one of each at most. Probes are under names that no backup has (`is_probe`).
"""

from typing import Final

from zargar.backups.ports import Vault, VaultRefusedError

PREFIXES: Final = ("segments/probe/", "manifests/probe/")


def deleting_is_refused(vault: Vault, *, probe: str) -> bool:
    """Try to delete in a vault; `probe` is a name that was not used before, such as the moment.

    True only where deletions were tried and refused, of segments and of manifests. Raises the vault's errors where it
    does not answer.
    """
    return all(_tried(vault, prefix, probe) for prefix in PREFIXES)


def is_probe(key: str) -> bool:
    """Say whether an object was written to be deleted, and is no backup's."""
    return key.startswith(PREFIXES)


def _tried(vault: Vault, prefix: str, probe: str) -> bool:
    if any(_refused(vault, stored.key) for stored in list(vault.keys(prefix))):
        return True
    key = f"{prefix}{probe}"
    vault.put(key, [b"a probe of zargar: may this be deleted?\n"])
    return _refused(vault, key)


def _refused(vault: Vault, key: str) -> bool:
    try:
        vault.delete(key)
    except VaultRefusedError:
        return True
    return False
