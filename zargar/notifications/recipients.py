"""Recipients as the shared schema knows them, and the numbers of attempts. Pure: the key and chance are handed in.

A digest is HMAC-SHA-256 under the deployment's key, cut to 16 bytes. There are fewer telephone numbers than a machine
hashes in a minute, so a plain digest would hide nothing; under a key that lies outside the database, it does.

A reference is 63 bits: milliseconds since 2020 above 21 bits of chance. It is given out in runs, one number for each
message of a turn; a sequence would be repeated by a restored database, and a provider that drops repeated references
would drop a new message for an old one. Two turns that meet by chance meet a unique key, and one of them starts anew.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

_SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)
_CHANCE_BITS: Final = 21
DIGEST_BYTES: Final = 16


def derived_key(secret: str) -> bytes:
    """Return the key that a secret stands for; no other use of the same secret has this key."""
    return hmac.digest(secret.encode(), b"zargar: recipients of messages", "sha256")


def digest(key: bytes, to: str) -> bytes:
    """Return what the shared schema keeps of a number, an address or a token."""
    return hmac.digest(key, to.encode(), "sha256")[:DIGEST_BYTES]


def mark(key: bytes) -> str:
    """Return by what the database recognises the key without knowing it."""
    return hashlib.sha256(b"mark:" + key).hexdigest()[:16]


def first_reference(now: datetime, chance: float) -> int:
    """Return the first of a run of references for a turn at `now` (aware); `chance` is in [0, 1)."""
    elapsed = (now - _SINCE) // timedelta(milliseconds=1)
    return (elapsed << _CHANCE_BITS) | int(chance * (1 << _CHANCE_BITS))
