"""What was learnt of accounts, in the shared schema: shares, failures, stops, credit; and whether all is paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from zargar.notifications.due_store import query
from zargar.notifications.models import AccountChange, AccountState, Route
from zargar.notifications.routing import WINDOW, Record, Standing, after_calls
from zargar.notifications.values import Channel

_ALERTS_AT_MOST: Final = 20
_HOME: Final = """(
    SELECT system_identifier || '.' || (SELECT oid FROM pg_database WHERE datname = current_database())
    FROM pg_control_system()
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How sending stands: in which database it was written, under which key, and why it is paused ("": it is not).

    `told`: whether the operators know that it is paused.
    """

    home: str
    key_mark: str
    paused: str
    told: bool = False


def standings(shop_id: int, accounts: Sequence[tuple[str, Channel]]) -> list[Standing]:
    """Return how these accounts stand for a shop: its own shares for a channel, else the platform's, else all alike."""
    rows = query(
        """
        SELECT configured.name, configured.channel,
               CASE WHEN EXISTS (SELECT FROM public.notifications_route AS own
                                 WHERE own.shop_id = %s AND own.channel = configured.channel)
                    THEN coalesce(mine.weight, 0)
                    WHEN EXISTS (SELECT FROM public.notifications_route AS any_
                                 WHERE any_.shop_id = 0 AND any_.channel = configured.channel)
                    THEN coalesce(ours.weight, 0)
                    ELSE 100 END,
               coalesce(state.weight, 100), state.stopped_at IS NOT NULL, coalesce(state.stopped_why, '')
        FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS configured (name, channel, place)
        LEFT JOIN public.notifications_route AS mine
               ON mine.shop_id = %s AND mine.channel = configured.channel AND mine.account = configured.name
        LEFT JOIN public.notifications_route AS ours
               ON ours.shop_id = 0 AND ours.channel = configured.channel AND ours.account = configured.name
        LEFT JOIN public.notifications_accountstate AS state ON state.name = configured.name
        ORDER BY configured.place
        """,
        [shop_id, [name for name, _ in accounts], [channel.value for _, channel in accounts], shop_id],
    )
    return [
        Standing(
            name=name, channel=Channel(channel), share=share, weight=weight,
            stopped=(why or "stopped") if stopped else "",
        )
        for name, channel, share, weight, stopped, why in rows
    ]  # fmt: skip


def note(name: str, channel: Channel, *, calls: int, failures: int, now: datetime) -> None:
    """Count messages handed to an account and those that failed in passing, and move its weight by them."""
    with transaction.atomic():
        found = _locked(name, channel)
        before = Record(
            weight=found.weight, calls=found.calls, failures=found.failures, window_at=found.window_at,
            moved_at=found.moved_at,
        )  # fmt: skip
        after = after_calls(before, calls=calls, failures=failures, now=now)
        AccountState.objects.filter(name=name).update(
            weight=after.weight, calls=after.calls, failures=after.failures, window_at=after.window_at,
            moved_at=after.moved_at,
        )  # fmt: skip
        if after.weight != before.weight:
            why = f"{before.failures + failures} failures of {before.calls + calls}" if failures else "well for a while"
            AccountChange.objects.create(
                account=name, at=now, before=f"weight {before.weight}", after=f"weight {after.weight}", why=why
            )


def note_well(name: str, channel: Channel, *, calls: int, now: datetime) -> None:
    """Count messages that an account of full weight took, as `routing.after_calls` does: one statement, nothing read.

    Without these a twentieth of a minute's calls would be a twentieth of the calls that went wrong.
    """
    query(
        """
        INSERT INTO public.notifications_accountstate AS known (name, channel, calls, window_at)
        VALUES (%(name)s, %(channel)s, %(calls)s, %(now)s)
        ON CONFLICT (name) DO UPDATE SET
            calls = CASE WHEN known.window_at > %(since)s AND known.window_at <= %(now)s THEN known.calls ELSE 0 END
                    + excluded.calls,
            failures = CASE WHEN known.window_at > %(since)s AND known.window_at <= %(now)s THEN known.failures
                       ELSE 0 END,
            window_at = CASE WHEN known.window_at > %(since)s AND known.window_at <= %(now)s THEN known.window_at
                        ELSE excluded.window_at END
        """,
        {"name": name, "channel": channel.value, "calls": calls, "now": now, "since": now - WINDOW},
    )


def stop(name: str, channel: Channel, *, why: str, now: datetime) -> bool:
    """Stop an account until a person starts it; False when it was stopped already."""
    with transaction.atomic():
        found = _locked(name, channel)
        if found.stopped_at is not None:
            return False
        AccountState.objects.filter(name=name).update(stopped_at=now, stopped_why=why[:300], told_at=None)
        AccountChange.objects.create(account=name, at=now, before="working", after="stopped", why=why[:300])
    return True


def start(name: str, *, why: str, now: datetime) -> bool:
    """Start an account again, at its full weight; False when it was not stopped."""
    with transaction.atomic():
        changed = AccountState.objects.filter(name=name, stopped_at__isnull=False).update(
            stopped_at=None, stopped_why="", weight=100, failures=0, calls=0, window_at=now, moved_at=now
        )
        if changed:
            AccountChange.objects.create(account=name, at=now, before="stopped", after="working", why=why[:300])
    return bool(changed)


def untold() -> list[AccountState]:
    """Return the accounts that were stopped and of which no operator has been told."""
    return list(AccountState.objects.filter(stopped_at__isnull=False, told_at__isnull=True)[:_ALERTS_AT_MOST])


def told(name: str, *, now: datetime) -> None:
    """Note that the operators were told."""
    AccountState.objects.filter(name=name).update(told_at=now)


def route(shop_id: int, channel: Channel, account: str, *, weight: int) -> None:
    """Give an account a share of a shop's channel."""
    Route.objects.update_or_create(shop_id=shop_id, channel=channel.value, account=account, defaults={"weight": weight})


# -- credit -----------------------------------------------------------------------------------------------------------


def reserve(name: str, *, rial: int) -> bool:
    """Set so much of an account's credit aside; False where what is known of it does not suffice."""
    rows = query(
        """
        UPDATE public.notifications_accountstate SET reserved = reserved + %s
        WHERE name = %s AND (credit IS NULL OR credit - reserved >= %s) RETURNING 1
        """,
        [rial, name, rial],
    )
    return bool(rows) or not AccountState.objects.filter(name=name).exists()


def settle(name: str, *, reserved: int, spent: int) -> None:
    """Give back what was set aside, and take off what was spent."""
    query(
        """
        UPDATE public.notifications_accountstate
        SET reserved = greatest(reserved - %s, 0), credit = credit - %s WHERE name = %s
        """,
        [reserved, spent, name],
    )


def credit_is(name: str, channel: Channel, *, rial: int, now: datetime, forget_calls: bool = True) -> None:
    """Keep what a provider says is left. With `forget_calls` what died with a worker is no longer set aside."""
    with transaction.atomic():
        found = _locked(name, channel)
        reserved = 0 if forget_calls else found.reserved
        AccountState.objects.filter(name=name).update(credit=rial, credit_at=now, reserved=reserved)


def set_aside() -> Mapping[str, int]:
    """Return what calls on their way have set aside of each account, where there is any."""
    return dict(AccountState.objects.filter(reserved__gt=0).values_list("name", "reserved"))


# -- the switch -------------------------------------------------------------------------------------------------------


def sending() -> Sending | None:
    """Return how sending stands; None: nothing was ever sent from this database."""
    rows = query(
        """
        SELECT home, key_mark, paused_at IS NOT NULL, paused_why, told_at IS NOT NULL
        FROM public.notifications_sending
        """
    )
    if not rows:
        return None
    [(home, key_mark, paused, why, told)] = rows
    return Sending(home=home, key_mark=key_mark, paused=(why or "paused") if paused else "", told=told)


def home() -> str:
    """Return which database this is: the cluster and the database in it, which no copy or restored one repeats."""
    [(found,)] = query(f"SELECT {_HOME}")
    return str(found)


def open_sending(key_mark: str) -> None:
    """Write down which database this is and under which key, unless somebody has. One statement.

    It is done when a message is queued first, and not when one is sent: a copy of a database in which nothing had left
    yet must be known for a copy, too.
    """
    query(
        f"""
        INSERT INTO public.notifications_sending (id, home, key_mark, paused_why) SELECT 1, {_HOME}, %s, ''
        WHERE NOT EXISTS (SELECT FROM public.notifications_sending) ON CONFLICT (id) DO NOTHING
        """,  # noqa: S608 -- a constant of this module
        [key_mark],
    )


def pause(*, why: str, now: datetime, told: bool = False) -> None:
    """Let nothing leave. An earlier pause keeps its reason. `told`: nobody needs to be told of it."""
    query(
        """
        UPDATE public.notifications_sending
        SET paused_at = %s, paused_why = %s, told_at = %s WHERE paused_at IS NULL
        """,
        [now, why[:300], now if told else None],
    )


def pause_told(*, now: datetime) -> None:
    """Note that the operators know of the pause."""
    query("UPDATE public.notifications_sending SET told_at = %s WHERE paused_at IS NOT NULL", [now])


def resume(home_: str, key_mark: str) -> None:
    """Let messages leave again, from this database and under this key."""
    query(
        """
        INSERT INTO public.notifications_sending AS known (id, home, key_mark, paused_why) VALUES (1, %s, %s, '')
        ON CONFLICT (id) DO UPDATE SET home = excluded.home, key_mark = excluded.key_mark, paused_at = NULL,
                                       paused_why = '', told_at = NULL
        """,
        [home_, key_mark],
    )


def _locked(name: str, channel: Channel) -> AccountState:
    AccountState.objects.get_or_create(name=name, defaults={"channel": channel.value})
    return AccountState.objects.select_for_update().get(name=name)
