"""`zargar prices market`: the newest tick as a trader looks at it.

JSON: `at`, `state`, `price` (Toman per gram of 750, null unless the tick was accepted), `mesghal` (Toman), `emami`
(`price`, `families`, `apart`, or null), `between_venues_per_mille`, and `venues`: `source`, `family`, `bid`, `ask`
(Toman), `spread_per_mille` (null where both sides are one number), `off_per_mille` (from the price), `unit_suspected`,
`used`, `why` (why it was not, empty otherwise) and `source_time`. Amounts are strings, times ISO 8601 in UTC.
"""

from typing import TYPE_CHECKING

from zargar.cli import start
from zargar.cli.exits import Exit, fail
from zargar.cli.output import AsJson, emit, iso, table, tehran
from zargar.outcomes import JSON, Summary
from zargar.pricing.quotes import plain

if TYPE_CHECKING:
    from zargar.pricing.venues import Venue, View


def market(*, as_json: AsJson = False) -> None:
    """Show the mesghal, the Emami coin, each venue's two sides and spread, all of the newest tick.

    Exits with 1 when the boards were never asked.
    """
    start.django()
    from zargar.pricing import operations, wiring  # noqa: PLC0415 -- needs Django

    view = operations.market_view(rules=wiring.rules())
    if view is None:
        fail("no board was ever asked: `zargar prices update` does", Exit.REFUSED)
    emit(_as_json(view), as_json=as_json, human=_in_words(view))


def _as_json(view: "View") -> Summary:
    venues: list[JSON] = [_venue_as_json(venue) for venue in view.venues]
    return {
        "at": view.tick.at.isoformat(),
        "state": view.tick.state,
        "price": None if view.tick.price is None else plain(view.tick.price),
        "mesghal": None if view.mesghal is None else plain(view.mesghal),
        "emami": None
        if view.emami is None
        else {
            "price": plain(view.emami.price),
            "families": [*view.emami.families],
            "apart": [*view.emami.apart],
        },
        "between_venues_per_mille": None if view.between is None else str(view.between),
        "venues": venues,
    }


def _venue_as_json(venue: "Venue") -> Summary:
    shown = venue.shown
    return {
        "source": shown.source,
        "family": shown.family,
        "bid": plain(shown.bid),
        "ask": plain(shown.ask),
        "spread_per_mille": None if venue.spread is None else str(venue.spread),
        "off_per_mille": None if venue.off is None else str(venue.off),
        "unit_suspected": venue.unit_suspected,
        "used": shown.used,
        "why": shown.why,
        "source_time": iso(shown.source_time),
    }


def _in_words(view: "View") -> str:
    price = "no accepted price" if view.tick.price is None else f"{view.tick.price:,.0f} Toman per gram of 750"
    mesghal = "unknown without one" if view.mesghal is None else f"{view.mesghal:,.0f} Toman"
    emami = "no two families agree on it" if view.emami is None else f"{view.emami.price:,.0f} Toman"
    rows = [
        (
            venue.shown.source, f"{venue.shown.bid:,.0f}", f"{venue.shown.ask:,.0f}", venue.spread or "one price",
            "-" if venue.off is None else venue.off,
            "used" if venue.shown.used else "unit?" if venue.unit_suspected else venue.shown.why or "kept",
        )
        for venue in view.venues
    ]  # fmt: skip
    lines = [
        f"tick of {tehran(view.tick.at)} (Tehran), {view.tick.state}: {price}",
        f"mesghal: {mesghal}",
        f"Emami coin: {emami}",
        f"between venues: {'unknown' if view.between is None else f'{view.between} per mille'}",
        "",
        table(("venue", "bid", "ask", "spread per mille", "off per mille", "verdict"), rows),
    ]
    return "\n".join(lines)
