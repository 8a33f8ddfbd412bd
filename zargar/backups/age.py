"""age, version 1: what backups use of it, typed. The only file that knows the library.

age is a file format (https://age-encryption.org/v1): a text header with a random file key wrapped for each recipient,
then ChaCha20-Poly1305 in chunks of 64 KiB with a mark on the last one. A file that lacks its end, or has a bit changed,
does not open; what lay before the fault has been given out already, however, so that nobody may act on plain bytes
before the end is reached.

Keys are X25519, as text: a recipient `age1...` (public, it only locks) and an identity `AGE-SECRET-KEY-1...` (secret).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyrage  # type: ignore[import-untyped]  # it ships no types; this module gives them

from zargar.refusals import InvalidError


class BadAgeKeyError(InvalidError):
    """A text that should be an age X25519 key is none. The message never holds the text: it might be a secret."""


class NotForThisKeyError(Exception):
    """The file is locked for other keys than the one given."""


class DamagedAgeError(Exception):
    """It is no whole age file: cut short, changed, or something else."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A recipient and the identity that opens what is locked for it. The identity stays out of `repr`."""

    recipient: str
    identity: str = field(repr=False)


class Reading:
    """Gives bytes to the library, and keeps an error of their source: the library would turn it into its own."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self.fault: BaseException | None = None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; none at the end."""
        try:
            return self._read(size)
        except BaseException as fault:  # every kind: it is raised again where the library has returned
            self.fault = fault
            raise


class Writing:
    """Takes bytes from the library, and keeps an error of whoever they go to."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.fault: BaseException | None = None

    def write(self, data: bytes) -> int:
        """Take all of `data`."""
        try:
            self._write(bytes(data))
        except BaseException as fault:  # every kind: it is raised again where the library has returned
            self.fault = fault
            raise
        return len(data)

    def flush(self) -> None:
        """Do nothing: each write has gone through."""


def generate() -> KeyPair:
    """Return a new pair, from the operating system's randomness."""
    identity = pyrage.x25519.Identity.generate()
    return KeyPair(str(identity.to_public()), str(identity))


def recipient_of(identity: str) -> str:
    """Return the public half of an identity. Raises `BadAgeKeyError`."""
    return str(_identity(identity).to_public())


def check_recipient(recipient: str) -> None:
    """Raise `BadAgeKeyError` unless it is an X25519 recipient."""
    _recipient(recipient)


def lock(read: Callable[[int], bytes], write: Callable[[bytes], object], recipients: Sequence[str]) -> None:
    """Encrypt what `read` gives until it gives nothing, to each of `recipients`; `write` takes up to 64 KiB at a time.

    An error of `read` or `write` passes through, and what was written lacks its end: it never opens.
    """
    reading, writing = Reading(read), Writing(write)
    keys = [_recipient(recipient) for recipient in recipients]
    try:
        pyrage.encrypt_io(reading, writing, keys)
    except (pyrage.EncryptError, OSError) as fault:
        raise (reading.fault or writing.fault or fault) from None
    _check(reading, writing)


def unlock(read: Callable[[int], bytes], write: Callable[[bytes], object], identity: str) -> None:
    """Decrypt what `read` gives. Plain bytes reach `write` before the end of the file is known to be sound.

    Raises `NotForThisKeyError`, `DamagedAgeError`, `BadAgeKeyError`; an error of `read` or `write` passes through.
    """
    reading, writing = Reading(read), Writing(write)
    key = _identity(identity)
    try:
        pyrage.decrypt_io(reading, writing, [key])
    except (pyrage.DecryptError, OSError) as fault:
        if (ours := reading.fault or writing.fault) is not None:
            raise ours from None
        kind = NotForThisKeyError if "No matching keys" in str(fault) else DamagedAgeError
        raise kind(str(fault)) from None
    _check(reading, writing)


def _check(reading: Reading, writing: Writing) -> None:
    """Raise what the library has met and not told: what it writes last, it writes as its buffer is dropped."""
    if (fault := reading.fault or writing.fault) is not None:
        raise fault


def _identity(text: str) -> "pyrage.x25519.Identity":
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError:
        message = "not an age X25519 identity; it begins with AGE-SECRET-KEY-1"
        raise BadAgeKeyError(message) from None


def _recipient(text: str) -> "pyrage.x25519.Recipient":
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        message = "not an age X25519 recipient; it begins with age1"
        raise BadAgeKeyError(message) from None
