"""`zargar prices`: what gold costs and why, set a price, and read a board's saved answer without a database.

`prices parse SOURCE FILE` prints what a source file makes of an answer, as JSON unless `--human` asks for a table:
`source`, `quotes` (`instrument`, `bid`, `ask`, `toman_per_gram_18k`, `source_time`) and `rejected` (`field`,
`reason`). Amounts are strings in Toman (the ounce in US dollars), unrounded; times are ISO 8601 in UTC, or null. An
unreadable file or unknown source exits with 2.

`prices replay FILE.jsonl` judges recorded ticks by the rules of the engine, starting from nothing.
"""

import json
import re
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zargar import clock
from zargar.cli import price_alerts, price_history, price_market, start
from zargar.cli.boards import asked_in_words, health_in_words, known_of_boards, standings
from zargar.cli.exits import Exit, fail
from zargar.cli.output import AsJson, Reason, actor, emit, table, tehran
from zargar.clock import TEHRAN
from zargar.outcomes import JSON, Summary
from zargar.pricing import sources as catalogue
from zargar.pricing.answers import Answer
from zargar.pricing.quotes import Quote, plain
from zargar.pricing.rules import Rules
from zargar.refusals import InvalidError

if TYPE_CHECKING:
    from zargar.pricing.current import Answered

app = typer.Typer(name="prices", help="Gold prices.", no_args_is_help=True)
app.command()(price_history.history)
app.command()(price_history.backfill)
app.command()(price_history.report)
app.command()(price_alerts.alerts)
app.command()(price_market.market)

_SPANS: Final = {"m": "minutes", "h": "hours", "d": "days"}


class BadMomentError(InvalidError):
    """An end is a duration (90m, 2h, 1d) or ISO 8601; without a zone it is Tehran time."""


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show what shops are answered now: the price, its age, the five karats, and why. Exits with 1 without a price."""
    start.django()
    from zargar.pricing import operations, wiring  # noqa: PLC0415 -- needs Django

    answered = operations.current_price(now=clock.now(), fineness=wiring.fineness())
    emit(operations.answered_as_json(answered), as_json=as_json, human=_in_words(answered))
    _exit_without_price(answered)


@app.command()
def update(*, as_json: AsJson = False) -> None:
    """Ask the boards now, judge, store and publish. Exits with 1 when that leaves shops without a price."""
    start.django()
    from zargar.pricing import operations, wiring  # noqa: PLC0415 -- needs Django

    ticked = operations.force_refresh(market=wiring.market(), reason=operations.ForceReason.OPERATOR, now=clock.now())
    refused = table(
        ("source", "field", "why", "detail"),
        [
            (one.source, one.field or "-", one.why, one.detail or "-")
            for one in (ticked.decision.rejected if ticked.decision else ())
        ],
    )
    emit(ticked.summary(), as_json=as_json, human=f"{_in_words(ticked.answered)}\n\n{refused}")
    _exit_without_price(ticked.answered)


@app.command()
def override(
    value: Annotated[str, typer.Argument(help="Toman for one gram of 750, as 18600000 or 18,600,000.")],
    reason: Reason,
    until: Annotated[str, typer.Option(help="A duration (90m, 2h, 1d) or ISO 8601; without a zone, Tehran time.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Set the price that is answered while the boards do not agree, and the level their next one is compared with."""
    start.django()
    from zargar.gold_installments import revaluation  # noqa: PLC0415 -- needs Django
    from zargar.pricing import operations  # noqa: PLC0415 -- as above

    now = clock.now()
    end = moment(until, now=now)
    published = operations.set_override(value=value, until=end, reason=reason, actor=actor(), now=now)
    revaluation.ring(now=now)
    emit(
        {"value": value, "until": end.isoformat(), "cache": published},
        as_json=as_json,
        human=f"{value} Toman per gram of 750 until {tehran(end)} (Tehran)",
    )


@app.command()
def sources(*, as_json: AsJson = False) -> None:
    """List the boards: whether they are asked and why, unit, the owner's terms, and how they did in the last 24 hours.

    `asked` and `because` follow from ZARGAR_PRICES_SOURCES, or where that is not set from the terms. `health` is
    counted from the stored ticks, `check` is of the newest hourly check, `standing` says how it stands: `failures` in
    a row, `last_asked`, and `left_alone` with `cause`, `until` and `because`, or null. Null where nothing is known.
    The feeds of the world's ounce stand below the boards: no price, a band around it.
    """
    start.django()
    from zargar.pricing import wiring  # noqa: PLC0415 -- needs Django
    from zargar.pricing.choice import of_world  # noqa: PLC0415 -- only this command needs it

    world = wiring.market().world
    choices = [(choice.source.board, choice) for choice in (*wiring.choices(), *of_world(world))]
    health, checked = known_of_boards()
    standing = standings()
    listed: list[JSON] = [
        {
            "source": board.name,
            "family": board.family,
            "url": board.url,
            "unit": board.unit,
            "terms": board.terms,
            "asked": choice.asked,
            "because": choice.because,
            "at_most_every_seconds": int(board.at_most_every.total_seconds()),
            "health": health.get(board.name),
            "check": checked.get(board.name),
            "standing": standing.get(board.name),
        }
        for board, choice in choices
    ]
    rows = [
        (
            board.name,
            board.unit,
            board.terms,
            *health_in_words(health.get(board.name), checked.get(board.name)),
            asked_in_words(choice, standing.get(board.name)),
        )
        for board, choice in choices
    ]
    head = (
        "source",
        "unit",
        "terms",
        "health",
        "prices/asked",
        "used",
        "ms",
        "per mille off",
        "newest refusal",
        "asked",
    )
    emit(listed, as_json=as_json, human=table(head, rows))


@app.command()
def retry(
    source: Annotated[str, typer.Argument(help="The source's name, as `zargar prices sources` shows it.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Have the next tick ask a board that is left alone for its failures, or for what it answered."""
    start.django()
    from zargar.pricing import operations, wiring  # noqa: PLC0415 -- needs Django

    before = operations.retry_board(
        name=source, reason=reason, actor=actor(), rules=wiring.market().manners, now=clock.now()
    )
    emit(
        {"source": source, "failures": before.failures, "why": before.why},
        as_json=as_json,
        human=f"{source} is asked again by the next tick; it had {before.failures} failures in a row ({before.why})",
    )


@app.command()
def parse(
    source: Annotated[str, typer.Argument(help="The source's name, as `zargar prices sources` shows it.")],
    file: Annotated[Path, typer.Argument(help="A file that holds the body of the board's answer.")],
    *,
    as_json: Annotated[bool, typer.Option("--json/--human", help="JSON with stable names, or a table.")] = True,
) -> None:
    """Print what a source makes of a saved answer. Needs no database and asks nobody."""
    chosen = catalogue.known(source)
    try:
        body = file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}", Exit.BAD_INPUT)
    said = chosen.read(Answer(200, "application/json", body, received_at=clock.now()))
    quotes: list[JSON] = [_quote_as_json(quote) for quote in said.quotes]
    rejected: list[JSON] = [{"field": one.field, "reason": one.why} for one in said.rejections]
    data: Summary = {"source": chosen.board.name, "quotes": quotes, "rejected": rejected}
    emit(data, as_json=as_json, human=_parsed_in_words(said.quotes, [(one.field, one.why) for one in said.rejections]))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Ticks, one JSON object a line; - reads standard input.")],
) -> None:
    """Judge recorded ticks from nothing, and print one decision a line. Needs no database and asks nobody.

    The shapes of both lines, and what is carried from one tick to the next, are described in `zargar.pricing.replay`.
    A line that is none ends it: exit 2, its number and field on standard error, nothing printed after it.
    """
    from zargar.pricing.replay import Replay, as_line, read_tick  # noqa: PLC0415 -- only this command needs it

    judge = Replay(Rules())
    try:
        recording = nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}", Exit.BAD_INPUT)
    try:
        with recording as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    told = read_tick(line, number=number, after=judge.now)
                    typer.echo(json.dumps(as_line(told.now, judge.judge(told)), ensure_ascii=False))
    except UnicodeDecodeError as error:
        fail(f"{file}: not UTF-8 ({error.reason})", Exit.BAD_INPUT)


def moment(text: str, *, now: datetime) -> datetime:
    """Read the end of an override into aware UTC. Raises `BadMomentError`."""
    span = re.fullmatch(r"([0-9]{1,4})([mhd])", text)
    if span:
        return now + timedelta(**{_SPANS[span[2]]: int(span[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        message = f"{text!r}: {BadMomentError.__doc__}"
        raise BadMomentError(message) from bad
    return (found if found.tzinfo else found.replace(tzinfo=TEHRAN)).astimezone(UTC)


def _exit_without_price(answered: "Answered") -> None:
    if answered.price is None:
        sys.exit(Exit.REFUSED)


def _quote_as_json(quote: Quote) -> Summary:
    per_gram = quote.toman_per_gram_18k
    return {
        "instrument": quote.instrument,
        "bid": plain(quote.bid),
        "ask": plain(quote.ask),
        "toman_per_gram_18k": None if per_gram is None else plain(per_gram),
        "source_time": quote.source_time.isoformat() if quote.source_time else None,
    }


def _in_words(answered: "Answered") -> str:
    if answered.price is None or answered.age is None:
        return answered.reason
    age = int(answered.age.total_seconds())
    head = f"{answered.standing}: {answered.price:,.0f} Toman per gram of 750, {age} s old ({answered.reason})"
    return "\n".join([head, *(f"  {karat} karat  {price:>14,}" for karat, price in answered.karats.items())])


def _parsed_in_words(quotes: tuple[Quote, ...], rejected: list[tuple[str, str]]) -> str:
    priced = table(
        ("instrument", "bid", "ask", "source's clock (Tehran)"),
        [(quote.instrument, f"{quote.bid:,}", f"{quote.ask:,}", tehran(quote.source_time)) for quote in quotes],
    )
    return f"{priced}\n\n{table(('rejected field', 'why'), [(field or 'all of it', why) for field, why in rejected])}"
