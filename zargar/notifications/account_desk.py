"""Accounts at providers as people look at them and steer them: stopped, started, given a share. Acts are audited."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from zargar.audit import operations as audit
from zargar.notifications import account_store, due_store, figure_store, reserve_store, wiring
from zargar.notifications.ports import Unanswered
from zargar.notifications.rows import PLATFORM
from zargar.notifications.values import Channel
from zargar.outcomes import JSON, Summary
from zargar.refusals import InvalidError, NotFoundError, RefusedError


class NoSuchAccountError(NotFoundError):
    """ZARGAR_PROVIDERS names no such account; `zargar notify providers list` shows them."""


class AccountStateError(RefusedError):
    """The account is stopped already, or works already."""


def listed(*, now: datetime, shop_id: int = PLATFORM, ask: bool = False) -> list[Summary]:
    """Return the accounts as they stand for a shop (0: for those without shares of their own).

    `reserved_rial` is what calls on their way and bulks that may go by it have set aside. With `ask` each is asked for
    its credit, in Rial: None where it has no such figure, "unanswered" where it did not answer.
    """
    found: list[Summary] = []
    reserved = _reserved(now)
    for one in account_store.standings(shop_id, _named()):
        credit = _credit(one.name) if ask else None
        found.append({
            "account": one.name, "channel": one.channel.value, "adapter": _adapter(one.name), "share": one.share,
            "weight": one.weight, "stopped": one.stopped or None,
            "reserved_rial": reserved.get(one.name, 0), **({"credit_rial": credit} if ask else {}),
        })  # fmt: skip
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What an account carried in the last day, as the hourly count has it; `latency_ms` from due to accepted.

    `cost_rial` is what the provider told, `estimated_rial` parts by price where it told nothing; None: not known.
    """

    account: str
    channel: Channel
    sent: int
    delivered: int
    failed: int
    ambiguous: int
    cost_rial: int | None
    estimated_rial: int | None
    latency_ms: int | None


def last_day(*, now: datetime) -> list[Day]:
    """Return what each account carried in the last 24 hours; one that carried nothing is left out."""
    return [
        Day(
            account=account, channel=Channel(channel), sent=sent, delivered=delivered, failed=failed,
            ambiguous=ambiguous, cost_rial=cost, estimated_rial=estimated, latency_ms=latency,
        )
        for (
            channel, account, sent, delivered, failed, ambiguous, cost, estimated, latency,
        ) in figure_store.totals(since=now - timedelta(hours=24))
    ]  # fmt: skip


def paused() -> str:
    """Say why nothing leaves at all; "": messages leave."""
    found = account_store.sending()
    return found.paused if found else ""


def waiting(*, now: datetime) -> int:
    """Count the shops that have something to send now."""
    return due_store.waiting(now=now)


def stop(*, account: str, actor: str, reason: str, now: datetime) -> None:
    """Give an account nothing until it is started. Raises `NoSuchAccountError`, `AccountStateError`."""
    channel = _channel(account)
    with transaction.atomic():
        if not account_store.stop(account, channel, why=f"{actor}: {reason}", now=now):
            raise AccountStateError(AccountStateError.__doc__)
        audit.record(actor=actor, action="account.stop", subject=account, reason=reason)


def start(*, account: str, actor: str, reason: str, now: datetime) -> None:
    """Let an account carry again, at its full weight. Raises `NoSuchAccountError`, `AccountStateError`."""
    channel, left = _channel(account), _credit(account)  # what it had when it was stopped may have been charged
    with transaction.atomic():
        if isinstance(left, int):
            account_store.credit_is(account, channel, rial=left, now=now)
        if not account_store.start(account, why=f"{actor}: {reason}", now=now):
            raise AccountStateError(AccountStateError.__doc__)
        audit.record(actor=actor, action="account.start", subject=account, reason=reason)


def share(*, shop_id: int, account: str, weight: int, actor: str, reason: str) -> None:
    """Give an account a share (0 to 100) of a shop's messages, or of everybody's (0) who gives none of their own.

    Where a shop gives any share by a channel, accounts of that channel without one get nothing of it. Raises
    `NoSuchAccountError`, `InvalidError`.
    """
    if not 0 <= weight <= 100:  # noqa: PLR2004 -- per cent
        message = f"a share is 0 to 100; got {weight}"
        raise InvalidError(message)
    channel = _channel(account)
    with transaction.atomic():
        account_store.route(shop_id, channel, account, weight=weight)
        audit.record(
            actor=actor, action="account.share", subject=account, reason=reason,
            after={"shop_id": shop_id, "channel": channel.value, "weight": weight},
        )  # fmt: skip


def _named() -> list[tuple[str, Channel]]:
    return [(name, provider.channel) for name, provider in wiring.providers().items()]


def _channel(account: str) -> Channel:
    channels = dict(_named())
    if account not in channels:
        message = f"there is no account {account!r}: {NoSuchAccountError.__doc__}"
        raise NoSuchAccountError(message)
    return channels[account]


def _adapter(account: str) -> str:
    return next((one.adapter for one in wiring.configured() if one.name == account), "")


def _reserved(now: datetime) -> Mapping[str, int]:
    found = Counter(account_store.set_aside())
    for bulk in reserve_store.live(now=now):
        found.update(dict.fromkeys(bulk.accounts, bulk.rial))
    return found


def _credit(account: str) -> JSON:
    try:
        return wiring.providers()[account].credit()
    except Unanswered:
        return "unanswered"
