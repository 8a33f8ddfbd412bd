"""Accounts at providers, as the deployment names them: `ZARGAR_PROVIDERS` and one key for each. Pure.

    ZARGAR_PROVIDERS="first=kavenegar+https://api.kavenegar.com?sender=10004346&price=1200, own=inbox"
    ZARGAR_PROVIDER_FIRST_KEY_FILE=/run/secrets/first

An account is `NAME=ADAPTER+https://HOST/PATH?option=value`, or `NAME=ADAPTER?option=value` without an address. Its key
is read from `ZARGAR_PROVIDER_<NAME>_KEY` or `_FILE` and is part of no text. `price` (Rial for one part) is what a bulk
reserves of a credit; `part=66` says that the line's companies count 66 units in each of several parts of a Persian
text, not 67 (IPPanel tells it of a line as `is_66_char`); the other options are the adapter's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from zargar.notifications.channels.sms.parts import LATER_UCS2
from zargar.refusals import InvalidError

PARTS: Final = frozenset({"66", "67"})
"""What `part` may be, in UTF-16 units."""


class BadAccountError(InvalidError):
    """ZARGAR_PROVIDERS is none: expected NAME=ADAPTER+https://HOST/PATH?option=value, commas between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account: its name here, who carries it, where that is, and the key, which no `repr` shows."""

    name: str
    adapter: str
    base: str = ""
    key: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def price(self) -> int:
        """What one part costs, in Rial, for what is reserved of a credit; 0 where it is not configured."""
        return int(self.options.get("price", "0"))

    @property
    def part(self) -> int:
        """How many UTF-16 units each of several UCS-2 parts holds on its line."""
        return int(self.options.get("part", str(LATER_UCS2)))


def read(places: Mapping[str, str], *, keys: Mapping[str, str | None]) -> tuple[Account, ...]:
    """Return the accounts, in the order of the setting. Raises `BadAccountError`, naming the account and no value."""
    return tuple(_account(name, place, keys.get(name) or "") for name, place in places.items())


def _account(name: str, place: str, key: str) -> Account:
    adapter, _, address = place.partition("+")
    if not adapter.isidentifier():  # NAME=ADAPTER?option=value: it is called where its company is, or nowhere
        adapter, mark, query = place.partition("?")
        address = mark + query
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    odd = address and not address.startswith("?") and not (parts.scheme and parts.netloc)
    if not adapter.isidentifier() or odd or not options.get("price", "0").isdecimal():
        message = f"the account {name}: {BadAccountError.__doc__}"
        raise BadAccountError(message)
    if options.get("part", str(LATER_UCS2)) not in PARTS:
        message = f"the account {name}: part is how many units each of several parts holds on its line, 66 or 67"
        raise BadAccountError(message)
    base = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return Account(name=name, adapter=adapter, base=base, key=key, options=MappingProxyType(options))
