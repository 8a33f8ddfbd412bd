"""The row of what a shop has decided about its messages."""

from zargar.calendars.anniversaries import Missing
from zargar.notifications.decency import Window
from zargar.notifications.kinds import Tone
from zargar.notifications.manners import Ambiguous, Policy, hours
from zargar.notifications.shop.models import ShopPolicy
from zargar.notifications.values import Channel


def current() -> Policy:
    """Return what the shop that is entered has decided; the defaults where it has not. One statement."""
    row = ShopPolicy.objects.filter(id=1).first()
    if row is None:
        return Policy()
    return Policy(
        tone=Tone(row.tone),
        ambiguous=Ambiguous(row.ambiguous),
        leap_birthdays=Missing(row.leap_birthdays),
        promotion_hours=Window(row.promotion_opens, row.promotion_closes),
        quiet=hours(row.quiet_since, row.quiet_until),
        promotion_cap=row.promotion_cap,
        promotion_cap_days=row.promotion_cap_days,
        digest=row.digest,
        first_days_of_muharram=row.first_days_of_muharram,
        remind_days_before=row.remind_days_before,
        overdue_stages=tuple(sorted(set(row.overdue_stages))),
        channels=tuple(dict.fromkeys(Channel(one) for one in row.channels)),
    )


def keep(policy: Policy) -> None:
    """Keep what the shop that is entered has decided."""
    quiet = policy.quiet
    ShopPolicy.objects.update_or_create(
        id=1,
        defaults={
            "tone": policy.tone,
            "ambiguous": policy.ambiguous,
            "leap_birthdays": policy.leap_birthdays,
            "promotion_opens": policy.promotion_hours.opens,
            "promotion_closes": policy.promotion_hours.closes,
            "quiet_since": quiet.opens if quiet else None,
            "quiet_until": quiet.closes if quiet else None,
            "promotion_cap": policy.promotion_cap,
            "promotion_cap_days": policy.promotion_cap_days,
            "digest": policy.digest,
            "first_days_of_muharram": policy.first_days_of_muharram,
            "remind_days_before": policy.remind_days_before,
            "overdue_stages": list(policy.overdue_stages),
            "channels": [channel.value for channel in policy.channels],
        },
    )
