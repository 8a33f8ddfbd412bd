"""`zargar prices history|backfill|report`: what gold has cost, where nothing is known, and the reports of it.

`history --json` prints `period`, `from`, `to`, `bars` (`start`, `open`, `high`, `low`, `close` in Toman per gram of 750
as strings, `ticks`, `provenance`, and `shown`: the ids of the ticks behind the four prices) and `gaps` (`start`, `end`,
`open_seconds`). Days are given in the Jalali calendar (1405/09/01) or as 2026-11-22, and are Tehran's.
"""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zargar import clock
from zargar.calendars.days import read_day
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.clock import TEHRAN
from zargar.outcomes import Summary
from zargar.pricing.bars import Period
from zargar.pricing.periods import Kind

if TYPE_CHECKING:
    from zargar.pricing.history import History
    from zargar.pricing.report_store import Kept

DAYS: Final = {Period.HOUR: 2, Period.DAY: 30, Period.WEEK: 180}
"""How far back is shown unless it is said."""


def history(
    *,
    period: Annotated[Period, typer.Option(help="How long a bar is.")] = Period.DAY,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day; today unless it is said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show bars of an hour, a day or a week, where they come from, and the gaps between them."""
    start.django()
    from zargar.pricing import history as operations  # noqa: PLC0415 -- needs Django

    now = clock.now()
    last = read_day(until) if until else now.astimezone(TEHRAN).date()
    first = read_day(since) if since else last - timedelta(days=DAYS[period])
    opens, closes = operations.range_of(since=first, until=last)
    operations.roll_up(now=now)
    found = operations.show(period=period, since=opens, until=closes, now=now)
    emit(operations.as_json(found), as_json=as_json, human=_in_words(found))


def backfill(
    *,
    days: Annotated[int, typer.Option(help="How many days back from yesterday.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take days before our own ticks from TGJU's daily history, marked as such. One request; it is audited."""
    start.django()
    from zargar.pricing import history as operations  # noqa: PLC0415 -- needs Django
    from zargar.pricing import wiring  # noqa: PLC0415 -- as above

    market = wiring.market()
    done = operations.backfill(
        boards=market.boards,
        allowed=any(source.board.name == "tgju" for source in market.sources),
        days=days,
        reason=reason,
        actor=actor(),
        deadline=operations.BACKFILL_DEADLINE,
        now=clock.now(),
    )
    refused = done["refused"]
    lines = [f"  {one}" for one in refused] if isinstance(refused, list) else []
    head = f"{done['written']} days written, {done['unchanged_or_our_own']} left as they are, {len(lines)} refused"
    emit(done, as_json=as_json, human="\n".join([head, *lines]))


def report(
    kind: Annotated[Kind, typer.Argument(help="Which period.")],
    *,
    show: Annotated[int | None, typer.Option(help="Show the report of this number, and make none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the report that is owed, mail it if mail is configured, and print it in Persian; or print an earlier one."""
    start.django()
    from zargar.admin_panel.words import word  # noqa: PLC0415 -- needs Django
    from zargar.pricing import report_words, reporting, wiring  # noqa: PLC0415 -- as above

    words = partial(word, table="reason")
    if show is None:
        done = reporting.generate_report(
            kind=kind, now=clock.now(), post=wiring.post(), words=words, fineness=wiring.fineness()
        )
        made = done["reports"]
        newest = made[-1] if isinstance(made, list) else None
        show = int(str(newest["id"])) if isinstance(newest, dict) else 0
    kept = reporting.report(show)
    human = f"{_head(kept)}\n\n{report_words.plain_text(reporting.told(kept, words=words))}"
    told: Summary = {"id": kept.id, "made_at": iso(kept.made_at), "mailed_at": iso(kept.mailed_at), "report": kept.body}
    emit(told, as_json=as_json, human=human)


def _in_words(found: "History") -> str:
    bars = table(
        (f"{found.period} (Tehran)", "open", "high", "low", "close", "ticks", "from"),
        [
            (tehran(bar.start)[:16], *(f"{price:,.0f}" for price in (bar.open, bar.high, bar.low, bar.close)),
             bar.ticks, bar.provenance)
            for bar in found.bars
        ],
    )  # fmt: skip
    gaps = table(
        ("gap from (Tehran)", "to", "market hours"),
        [
            (tehran(gap.start)[:16], tehran(gap.end)[:16], f"{gap.open_for / timedelta(hours=1):.1f}")
            for gap in found.gaps
        ],
    )
    return f"{bars}\n\n{gaps}"


def _head(kept: "Kept") -> str:
    sent = f"mailed {tehran(kept.mailed_at)}" if kept.mailed_at else "not mailed"
    return f"report {kept.id}, {kept.kind}, made {tehran(kept.made_at)} (Tehran), {sent}"
