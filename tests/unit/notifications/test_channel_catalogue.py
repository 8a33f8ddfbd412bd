"""An account of the configuration becomes a provider, or an error that says what there is and shows no key."""

from types import MappingProxyType

import pytest

from zargar.notifications.accounts import Account
from zargar.notifications.channels.catalogue import ADAPTERS, ProviderSettingError, build
from zargar.notifications.values import Channel

KEY = "s3cretKey"


def account(adapter: str, *, base: str = "http://127.0.0.1:1/x", key: str = KEY, **options: str) -> Account:
    return Account(name="first", adapter=adapter, base=base, key=key, options=MappingProxyType(options))


@pytest.mark.parametrize(
    ("adapter", "options", "most"),
    [
        ("kavenegar", {}, 200), ("smsir", {"unit": "1200"}, 100), ("smsir", {}, 100), ("ippanel", {}, 100),
        ("melipayamak", {"user": "shop", "part": "66"}, 20),
    ],
)  # fmt: skip
def test_an_account_becomes_its_provider(adapter: str, options: dict[str, str], most: int) -> None:
    provider = build(account(adapter, sender="3000505", price="1200", **options))
    assert (provider.name, provider.channel, provider.limits.most) == ("first", Channel.SMS, most)
    assert KEY not in repr(provider)


def test_an_address_that_is_left_out_is_the_companys_own() -> None:
    assert all(ADAPTERS[name].home.startswith("https://") for name in ("kavenegar", "smsir", "ippanel", "melipayamak"))
    assert build(account("kavenegar", base="", sender="3000505")).name == "first"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (account("kavehnegar", sender="1"), "there is no adapter kavehnegar: one of "),
        (account("kavenegar", sender="1", unit="2", line="3"), "has no option line, unit: it has part, price, sender"),
        (account("kavenegar"), "kavenegar needs sender"),
        (account("melipayamak", sender="1"), "melipayamak needs user"),
        (account("kavenegar", key="", sender="1"), "ZARGAR_PROVIDER_FIRST_KEY (or ZARGAR_PROVIDER_FIRST_KEY_FILE)"),
        (account("kavenegar", key="with a space", sender="1"), "printable, without spaces"),
        (account("kavenegar", key="new\nline", sender="1"), "printable, without spaces"),
        (account("smsir", sender="+98300"), "by digits alone"),
        (account("smsir", sender="300", unit="1.5"), "a whole number"),
        (account("smsir", sender="300", unit="0"), "a whole number"),
        (account("kavenegar", base="http://api.kavenegar.com", sender="1"), "must begin with https://"),
        (account("kavenegar", base="ftp://127.0.0.1/", sender="1"), "must begin with https://"),
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_says_what_there_is_and_no_key(wrong: Account, words: str) -> None:
    with pytest.raises(ProviderSettingError) as refused:
        build(wrong)
    told = str(refused.value)
    assert told.startswith("ZARGAR_PROVIDERS, account first: ")
    assert words in told
    assert not wrong.key or wrong.key not in told
