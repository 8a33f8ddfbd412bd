"""Those who join the contract suite of providers beside the companies of text messages: mail, push, the double."""

import base64
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.boards import BoardServer
from tests.support.mail import MailSandbox
from tests.support.providers import KEY, NOBODY, STRANGER, TEXT, Manners, Mischief, Party, Sandboxed
from zargar.notifications.channels.email.anymail import Esp
from zargar.notifications.channels.email.smtp import Smtp
from zargar.notifications.channels.http import Caller, Reply
from zargar.notifications.channels.push.fcm import Fcm
from zargar.notifications.channels.push.webpush import WebPush
from zargar.notifications.channels.recorded import Behaviour, Mood, Recorded
from zargar.notifications.ports import Provider
from zargar.notifications.values import Delivery, Inbound, Outgoing, Refusal, Refused

SILENT_ONES: Final = Manners(hears=False, tells_ends=False, has_credit=False)
SENDER: Final = "گالری زرین <zarrin@shop.example>"
SUBJECT: Final = "یادآوری سررسید"


class Addressed(Sandboxed):
    """A company of the sandbox that is written to by addresses; one that is wrong, one that is gone."""

    WRONG = "nobody"
    GONE = "gone"

    def taken(self) -> Counter[str]:
        counts: Mapping[str, int] = json.loads(self._server.get(f"/_sandbox/sms/{self.name}/accepted?by=receptor"))
        return Counter({self.address(name): times for name, times in counts.items()})

    def address(self, name: str) -> str:
        """Return what a message is addressed to, by the sandbox's name for it."""
        return name

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        return [self._message((1 << 60) + n, self.address(self.named(n)), n) for n in range(first, first + count)]

    def named(self, n: int) -> str:
        """Return the sandbox's name of the nth recipient."""
        return f"reader912000n{n:04d}"

    def wrong(self, reference: int) -> Outgoing:
        return self._message(reference, self.address(self.WRONG), 0)

    def blocked(self, reference: int) -> Outgoing:
        return self._message(reference, self.address(self.GONE), 0)

    def begin_anew(self) -> None:
        self._server.forget(f"/_sandbox/sms/{self.name}")
        self._server.tell("misbehave", board=self.name, how=None)
        self.set(invalid=[self.WRONG], blacklist=[self.GONE])

    def _message(self, reference: int, to: str, n: int) -> Outgoing:
        return Outgoing(reference=reference, to=to, subject=SUBJECT, text=f"{TEXT} {n}")


class Postal(Addressed):
    """Postal, through anymail; it knows nobody who has blocked it, and refuses both as addresses."""

    WRONG = "nobody912000@postal.example"
    GONE = "gone912000@postal.example"
    mischiefs = frozenset(Mischief)

    def __init__(self, server: BoardServer) -> None:
        super().__init__(server, "postal", _postal, SILENT_ONES)

    def named(self, n: int) -> str:
        return f"reader912000n{n:04d}@post.example"

    def begin_anew(self) -> None:
        super().begin_anew()
        self.set(invalid=[self.WRONG, self.GONE], blacklist=[])


def _postal(base: str, key: str, caller: Caller) -> Provider:
    return Esp(name="account", company="postal", base=base, key=key, sender=SENDER, caller=caller)


class Browsers(Addressed):
    """Browsers of the sandbox that have subscribed, each with its own keys."""

    secrets: tuple[str, ...] = (KEY, "reader912000", "گرامی", "سررسید")

    def __init__(self, server: BoardServer) -> None:
        super().__init__(server, "webpush", _webpush, SILENT_ONES)
        self._subscriptions: dict[str, str] = {}
        self._host = server.url.removeprefix("http://")

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        caller = Caller(connect=patience / 2, answer=patience / 2) if base is None else _Elsewhere(base)
        return _webpush("", vapid_key("ours" if key == KEY else "a stranger's"), caller)

    def address(self, name: str) -> str:
        if name not in self._subscriptions:
            self._subscriptions[name] = json.dumps(self.subscribe(name))
        return self._subscriptions[name]

    def subscribe(self, name: str) -> dict[str, Any]:
        """Have a browser subscribe."""
        found: dict[str, Any] = json.loads(self._server._exchange("POST", f"/webpush/subscribe/{name}", b""))  # noqa: SLF001 -- what a page would call
        return found

    def calls(self) -> int:
        return len(self.pushes())

    def pushes(self) -> list[dict[str, Any]]:
        """Return the calls that were pushes."""
        return [call for call in self._server.calls(self.name) if "/push/" in call["path"]]

    def shown(self, name: str) -> list[str]:
        """Return what a browser has shown."""
        found: list[str] = json.loads(self._server.get(f"/webpush/device/{name}"))
        return found

    def begin_anew(self) -> None:
        super().begin_anew()
        for name in (self.WRONG, self.GONE, *map(self.named, (*range(1, 260), 500))):
            self.address(name)  # beforehand: what befalls one call must not befall a subscription
        provider = self.provider()
        assert isinstance(provider, WebPush)
        self.set(keys=[provider.public_key])


class _Elsewhere(Caller):
    """Calls another host than it is told: a subscription names its own, and this one shall not be reached."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def post(self, url: str, **more: Any) -> Reply:  # noqa: ANN401 -- as the caller's own
        return super().post(self._base + urlsplit(url).path, **more)


def _webpush(base: str, key: str, caller: Caller) -> Provider:
    hosts = ["127.0.0.1"]
    return WebPush(name="account", key=key, subject="mailto:ops@shop.example", hosts=hosts, caller=caller)


class Telephones(Addressed):
    """Apps on telephones, by FCM."""

    secrets: tuple[str, ...] = (KEY, "reader912000", "گرامی", "سررسید", "BEGIN")

    def __init__(self, server: BoardServer) -> None:
        super().__init__(server, "fcm", _fcm, SILENT_ONES)

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        where = f"{self._server.url}/fcm"
        account = service_account("ours" if key == KEY else "a stranger's", token_uri=f"{where}tokens/token")
        return super().provider(key=account, base=base, patience=patience)

    def calls(self) -> int:
        return sum(call["path"].endswith(":send") for call in self._server.calls(self.name))

    def begin_anew(self) -> None:
        super().begin_anew()
        self._server.tell("sms/fcmtokens", keys=[public_pem("ours")])


def _fcm(base: str, key: str, caller: Caller) -> Provider:
    return Fcm(name="account", base=base, key=key, caller=caller)


class MailServer:
    """A mail server, by SMTP; what goes wrong there is of its own kinds."""

    name = "smtp"
    manners = SILENT_ONES
    mischiefs = frozenset({
        Mischief.LOST_ANSWER, Mischief.SILENT_AFTER, Mischief.GARBAGE_ANSWER, Mischief.HUGE_ANSWER
    })  # fmt: skip
    secrets: tuple[str, ...] = (KEY, "reader912000", "گرامی", "سررسید")
    HOW: Final = {
        Mischief.LOST_ANSWER: "drop", Mischief.SILENT_AFTER: "silent", Mischief.GARBAGE_ANSWER: "garbage",
        Mischief.HUGE_ANSWER: "drip",
    }  # fmt: skip

    def __init__(self, server: MailSandbox) -> None:
        self._server = server
        self._made: list[Smtp] = []

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        if key == STRANGER:
            self._server.mischief("login")
        where = "smtp://127.0.0.1:9" if base == NOBODY else self._server.smtp_url
        made = Smtp(name="account", base=where, key=key, sender=SENDER, user="shop", patience=patience, taken=patience)
        self._made.append(made)
        return made

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        return [self._message((1 << 60) + n, f"reader912000n{n:04d}@post.example") for n in range(first, first + count)]

    def wrong(self, reference: int) -> Outgoing:
        return self._message(reference, "reader912000@")

    def blocked(self, reference: int) -> Outgoing:
        return self._message(reference, "reader912000@gone.example")

    def befall(self, mischief: Mischief) -> None:
        self._server.mischief(self.HOW[mischief])

    def run_dry(self, *, after: int) -> None:
        raise NotImplementedError

    def settle(self) -> None:
        """Do nothing: a letter that is taken is where it ends."""

    def write_back(self, text: str) -> str:
        raise NotImplementedError

    def taken(self) -> Counter[str]:
        return Counter(letter["envelope"]["to"][0] for letter in self._server.letters())

    def calls(self) -> int:
        return len(self._server.letters(accepted=False))

    def begin_anew(self) -> None:
        self.hang_up()
        self._server.forget()

    def hang_up(self) -> None:
        """Close what the providers have kept."""
        while self._made:
            self._made.pop().close()

    def _message(self, reference: int, to: str) -> Outgoing:
        return Outgoing(reference=reference, to=to, subject=SUBJECT, text=TEXT)


class WritesDown:
    """The double itself: it stands in for a company in most tests, and so it must behave as one."""

    name = "recorded"
    manners = Manners()
    mischiefs = frozenset({Mischief.LOST_ANSWER, Mischief.CUT_BEFORE, Mischief.BUSY})
    secrets: tuple[str, ...] = (KEY, "912000", "گرامی", "سررسید")
    HOW: Final[Mapping[Mischief, Behaviour]] = {
        Mischief.LOST_ANSWER: Mood.LOSES_THE_ANSWER, Mischief.CUT_BEFORE: Mood.LOSES_THE_CALL,
        Mischief.BUSY: Refused(0, Refusal.BUSY, "busy", "as it was told to", timedelta(seconds=30)),
    }  # fmt: skip
    COST: Final = 1000

    def __init__(self) -> None:
        self.begin_anew()

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        del patience
        if base == NOBODY:
            return Recorded(next_calls=deque([Mood.IS_NOT_THERE]))
        return Recorded(next_calls=deque([Refusal.ACCOUNT])) if key == STRANGER else self._made

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        return [self._message((1 << 60) + n, f"+98912000{n:04d}", n) for n in range(first, first + count)]

    def wrong(self, reference: int) -> Outgoing:
        return self._message(reference, "+989120009999")

    def blocked(self, reference: int) -> Outgoing:
        return self._message(reference, "+989120008888")

    def befall(self, mischief: Mischief) -> None:
        self._made.next_exchanges.append(self.HOW[mischief])

    def run_dry(self, *, after: int) -> None:
        self._made.left = after * self.COST

    def settle(self) -> None:
        self._made.untold = Delivery.DELIVERED

    def write_back(self, text: str) -> str:
        self._made.heard.append(Inbound("1", "+989123334455", "3000505", text, None))
        return "+989123334455"

    def taken(self) -> Counter[str]:
        return Counter(to for _, to in self._made.journal())

    def calls(self) -> int:
        return self._made.calls + self._made.questions

    def begin_anew(self) -> None:
        """Write on a fresh page, with credit for as many as the suite hands over."""
        wrong = frozenset({"+989120009999", "+989120008888"})
        self._made = Recorded(cost=self.COST, left=10**9, wrong=wrong, untold=Delivery.QUEUED)

    def _message(self, reference: int, to: str, n: int = 0) -> Outgoing:
        return Outgoing(reference=reference, to=to, text=f"{TEXT} {n}")


@cache
def vapid_key(whose: str) -> str:
    """Return somebody's VAPID private key, in its raw form, the same each time."""
    del whose
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


@cache
def _rsa(whose: str) -> rsa.RSAPrivateKey:
    del whose
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(whose: str) -> str:
    """Return the public key of somebody's service account."""
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _rsa(whose).public_key().public_bytes(*form).decode()


def service_account(whose: str, *, token_uri: str) -> str:
    """Return the JSON of somebody's service account."""
    private = _rsa(whose).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account", "project_id": "zarrin-shop", "private_key_id": "1",
            "private_key": private.decode(), "client_email": "sender@zarrin-shop.example", "token_uri": token_uri,
        }
    )  # fmt: skip


def _of_sandbox(make: Callable[[BoardServer], Party]) -> Callable[[], AbstractContextManager[Party]]:
    @contextmanager
    def bring() -> Iterator[Party]:
        with BoardServer() as server:
            yield make(server)

    return bring


@contextmanager
def mail_server() -> Iterator[Party]:
    """Bring a mail server."""
    with MailSandbox() as server:
        party = MailServer(server)
        yield party
        party.hang_up()


@contextmanager
def writes_down() -> Iterator[Party]:
    """Bring the double."""
    yield WritesDown()


OTHERS: Final[Mapping[str, Callable[[], AbstractContextManager[Party]]]] = {
    "smtp": mail_server,
    "postal": _of_sandbox(Postal),
    "webpush": _of_sandbox(Browsers),
    "fcm": _of_sandbox(Telephones),
    "recorded": writes_down,
}
"""Who joins, by name."""
