"""What follows from the alarms that stand for the alerts that are open: opened, reminded, closed. Pure.

There is one open alert of a kind and subject. It is told once, again while it stands for long, and when it is over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zargar.pricing.alarms import Alarm, Judged, Kind, Thresholds


class NoticeKind(StrEnum):
    """What a notice tells of an alert. The words are stored."""

    OPENED = "opened"
    REMINDER = "reminder"
    RECOVERED = "recovered"


@dataclass(frozen=True, kw_only=True)
class Open:
    """An alert that is open: when its last notice was made, since when its condition is gone (None: it stands).

    `untold`: a notice of it has not been sent yet; a reminder would only queue up behind it.
    """

    kind: Kind
    subject: str
    told_at: datetime
    gone_since: datetime | None = None
    untold: bool = False

    @property
    def key(self) -> tuple[Kind, str]:
        """What there is one open alert of."""
        return self.kind, self.subject


@dataclass(frozen=True, kw_only=True)
class Transition:
    """What is to be changed. Every alarm that stands is in exactly one of `opened`, `reminded` and `kept`.

    Attributes:
        opened: alarms that become alerts, each with a notice; events among them are closed at once.
        reminded: alarms whose open alert gets another notice.
        kept: alarms whose open alert stays as it is, with newer figures.
        closed: alerts that have recovered, each with a notice.
        leaving: alerts whose condition is gone, but not yet for long enough.
    """

    opened: tuple[Alarm, ...] = ()
    reminded: tuple[Alarm, ...] = ()
    kept: tuple[Alarm, ...] = ()
    closed: tuple[Open, ...] = ()
    leaving: tuple[Open, ...] = ()


def transition(
    alerts: Sequence[Open], judged: Judged, *, happened: Collection[str], limits: Thresholds, now: datetime
) -> Transition:
    """Say what follows for the open `alerts` (at most one of a key). `happened`: the events that are alerts already."""
    known = {alert.key: alert for alert in alerts}
    new, again, kept = [], [], []
    for alarm in judged.standing:
        alert = known.get(alarm.key)
        if alarm.kind.is_event:
            new += [alarm] if alarm.subject not in happened else []
        elif alert is None:
            new.append(alarm)
        elif now - alert.told_at >= limits.remind and not alert.untold:
            again.append(alarm)
        else:
            kept.append(alarm)
    stand = {alarm.key for alarm in judged.standing}
    gone = [alert for alert in alerts if alert.kind in judged.gone and alert.key not in stand]
    over = [alert for alert in gone if alert.gone_since is not None and now - alert.gone_since >= limits.calm]
    leaving = [alert for alert in gone if alert.gone_since is None]
    return Transition(
        opened=tuple(new), reminded=tuple(again), kept=tuple(kept), closed=tuple(over), leaving=tuple(leaving)
    )
