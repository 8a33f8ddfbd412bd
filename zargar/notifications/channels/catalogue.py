"""Which adapters there are, and how an account of the configuration becomes a provider.

An adapter is named in `ZARGAR_PROVIDERS` before the `+`; its address may be left out where the company has one of its
own. An adapter that is called over the network is called by TLS: plain http is for the sandbox on this machine alone,
since keys travel with every call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from zargar import clock
from zargar.notifications.accounts import Account
from zargar.notifications.channels.email.anymail import Esp
from zargar.notifications.channels.email.smtp import Smtp
from zargar.notifications.channels.inbox import Inboxes
from zargar.notifications.channels.push import fcm
from zargar.notifications.channels.push.fcm import Fcm
from zargar.notifications.channels.push.webpush import WebPush
from zargar.notifications.channels.sms import ippanel, kavenegar, melipayamak, smsir
from zargar.notifications.ports import Provider
from zargar.refusals import InvalidError

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
COMMON: Final = frozenset({"price"})
"""Options of an account that are not the adapter's."""


class ProviderSettingError(InvalidError):
    """An account in ZARGAR_PROVIDERS names an adapter or option that there is not, or lacks what its adapter needs."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """How to make one kind of provider: what it may be told (`options`), what it must (`needs`), and where it is.

    `home` is where it is called unless the account says so; empty: it is called nowhere, or the account must say.
    """

    make: Callable[[Account], Provider]
    options: frozenset[str]
    needs: frozenset[str] = frozenset()
    home: str = ""
    keyed: bool = True
    schemes: frozenset[str] = frozenset({"https"})
    """How it may be reached over a network; what is none of these is for this machine alone."""


def _kavenegar(account: Account) -> Provider:
    return kavenegar.Kavenegar(
        name=account.name, base=account.base, key=account.key, sender=account.options["sender"], clock=clock.now
    )


def _smsir(account: Account) -> Provider:
    if not account.options["sender"].isdecimal():
        raise _error(account, "sms.ir knows its lines by digits alone")
    return smsir.SmsIr(
        name=account.name, base=account.base, key=account.key, sender=account.options["sender"], unit=_unit(account)
    )


def _melipayamak(account: Account) -> Provider:
    return melipayamak.Melipayamak(
        name=account.name, base=account.base, key=account.key, sender=account.options["sender"],
        user=account.options["user"], unit=_unit(account),
    )  # fmt: skip


def _ippanel(account: Account) -> Provider:
    return ippanel.IpPanel(name=account.name, base=account.base, key=account.key, sender=account.options["sender"])


def _unit(account: Account) -> int | None:
    written = account.options.get("unit")
    if written is None:
        return None
    if not (written.isascii() and written.isdigit() and int(written)):
        raise _error(account, "unit is how many Rial one unit of the credit is: a whole number")
    return int(written)


_SENDER: Final = frozenset({"sender"})
_TEXTS: Final = _SENDER | {"part"}
_FROM: Final = frozenset({"from"})
_MAIL: Final = frozenset({"smtp", "smtp+starttls", "smtps"})
"""Whether a login may travel by `smtp` is judged by `Smtp`, as for all mail."""
ADAPTERS: Final[Mapping[str, Adapter]] = {
    "kavenegar": Adapter(_kavenegar, _TEXTS, _SENDER, kavenegar.HOST),
    "smsir": Adapter(_smsir, _TEXTS | {"unit"}, _SENDER, smsir.HOST),
    "melipayamak": Adapter(_melipayamak, _TEXTS | {"user", "unit"}, _SENDER | {"user"}, melipayamak.HOST),
    "ippanel": Adapter(_ippanel, _TEXTS, _SENDER, ippanel.HOST),
    "smtp": Adapter(Smtp.of, _FROM | {"user"}, _FROM, keyed=False, schemes=_MAIL),
    "anymail": Adapter(Esp.of, _FROM | {"esp"}, _FROM | {"esp"}),
    # Their keys are documents (PEM, JSON), which the adapters read and refuse themselves.
    "webpush": Adapter(WebPush.of, frozenset({"subject", "hosts", "public"}), frozenset({"subject"}), keyed=False),
    "fcm": Adapter(Fcm.of, frozenset(), home=fcm.HOST, keyed=False),
    "inbox": Adapter(Inboxes.of, frozenset(), keyed=False),
}


def build(account: Account) -> Provider:
    """Return the provider of an account. Nothing is called by it. Raises `ProviderSettingError`, which shows no key."""
    adapter = ADAPTERS.get(account.adapter)
    if adapter is None:
        raise _error(account, f"there is no adapter {account.adapter}: one of {', '.join(sorted(ADAPTERS))}")
    strange = sorted(account.options.keys() - adapter.options - COMMON)
    if strange:
        known = ", ".join(sorted(adapter.options | COMMON))
        raise _error(account, f"{account.adapter} has no option {', '.join(strange)}: it has {known}")
    missing = sorted(name for name in adapter.needs if not account.options.get(name))
    if missing:
        raise _error(account, f"{account.adapter} needs {', '.join(missing)}")
    if adapter.keyed and not _is_key(account.key):
        variable = f"ZARGAR_PROVIDER_{account.name.upper()}_KEY"
        raise _error(account, f"{variable} (or {variable}_FILE) must hold its key: printable, without spaces")
    return adapter.make(_addressed(account, adapter))


def _addressed(account: Account, adapter: Adapter) -> Account:
    base = account.base or adapter.home
    parts = urlsplit(base)
    if base and parts.scheme not in adapter.schemes and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        wanted = " or ".join(f"{one}://" for one in sorted(adapter.schemes))
        raise _error(account, f"its address must begin with {wanted} (plain http only to this machine)")
    return replace(account, base=base)


def _is_key(key: str) -> bool:
    return bool(key) and key.isascii() and key.isprintable() and " " not in key


def _error(account: Account, words: str) -> ProviderSettingError:
    return ProviderSettingError(f"ZARGAR_PROVIDERS, account {account.name}: {words}")
