"""The real parts from the settings, built once, for tasks, commands and the console."""

from datetime import timedelta
from functools import cache

from django.conf import settings

from zargar import mail
from zargar.pricing import proxies
from zargar.pricing.boards import HttpBoards
from zargar.pricing.choice import Choice, choose
from zargar.pricing.karats import Fineness
from zargar.pricing.market import Market
from zargar.pricing.politeness import MannerRules
from zargar.pricing.reporting import Post
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE, WORLD


@cache
def choices() -> tuple[Choice, ...]:
    """Return every board with whether this deployment asks it, and why. Raises as `choose` does."""
    return choose(names=settings.PRICES_SOURCES, keys=_keys(), sandbox=settings.SANDBOX_URL is not None)


@cache
def market() -> Market:
    """Return the market of this deployment. Raises `ProxyError`.

    Beside a sandbox there is no pace to keep: it is ours and bans nobody. Whoever watches it there heals a board and
    wants to see it back, so that a board is left alone for seconds and not for hours.
    """
    pace = timedelta() if settings.SANDBOX_URL else min(source.board.at_most_every for source in CATALOGUE)
    return Market(
        boards=HttpBoards(sandbox=settings.SANDBOX_URL, keys=_keys(), proxies=_proxies()),
        sources=tuple(choice.source for choice in choices() if choice.asked),
        rules=rules(),
        deadline=settings.PRICES_DEADLINE,
        pace=pace,
        manners=_impatient() if settings.SANDBOX_URL else MannerRules(),
        world=WORLD if settings.PRICES_WORLD else (),
        fineness=fineness(),
    )


@cache
def rules() -> Rules:
    """Return the limits of this deployment; what it does not name is as in `Rules`."""
    return Rules(
        quorum=settings.PRICES_QUORUM,
        agreement=settings.PRICES_AGREEMENT,
        unit_alarm=settings.PRICES_UNIT_ALARM,
        source_age=settings.PRICES_SOURCE_AGE,
        quiet_source_age=settings.PRICES_QUIET_SOURCE_AGE,
        flat_for=settings.PRICES_FLAT_FOR,
        normal_jump=settings.PRICES_NORMAL_JUMP,
        wide_jump=settings.PRICES_WIDE_JUMP,
        wide_families=settings.PRICES_WIDE_FAMILIES,
    )


def _impatient() -> MannerRules:
    soon = timedelta(seconds=3 * settings.PRICES_EVERY_SECONDS if settings.PRICES_EVERY_SECONDS else 15)
    return MannerRules(open_for=soon, forbidden=(soon,), longest=soon)


def _proxies() -> dict[str, str]:
    boards = [source.board for source in (*CATALOGUE, *WORLD)]
    return proxies.read(settings.PRICES_PROXIES, names={name for one in boards for name in (one.name, one.family)})


@cache
def fineness() -> Fineness:
    """Return what this deployment means by 18 and by 24 karat."""
    return Fineness(of_18=settings.FINENESS_18K, of_24=settings.FINENESS_24K)


def post() -> Post | None:
    """Return where reports are mailed; None where no mail is configured, or nobody to write to."""
    return Post(mail.postbox(), mail.operators()) if mail.configured() else None


def _keys() -> dict[str, str]:
    """Return the boards' keys. The sandbox, whose journal notes what it is asked, is never told a real one."""
    if settings.SANDBOX_URL:
        return {source.board.name: "sandbox" for source in CATALOGUE if source.board.key}
    return {name: key for name, key in settings.PRICES_KEYS.items() if key}
