"""The figures that the judgement uses, each with where it comes from. All ratios are plain (0.01 is one per cent)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True)
class Rules:
    """Limits of the consensus.

    Attributes:
        quorum: how many independent families must agree (a deployment's choice; two is the least that can disagree).
        agreement: how far a family may be from the median of the others. Fifteen venues read at one moment lay within
            0.60 % (MAD 0.13 %): more than 1 % is a bug, more than 3 % a unit error.
        unit_alarm: from what distance on a board's unit or weight is suspected rather than its figure; the same
            measurement. It names the suspicion and decides nothing, since `agreement` is the tighter limit.
        future_skew: how far ahead a board's clock may run; what is later is no observation.
        source_age: how old a board's stamp may be, in session time; completed runs without a change last up to 84
            minutes on 99 of 100 weekdays.
        quiet_source_age: the same on Fridays and holidays; on Fridays completed runs last up to 205 minutes on 99 of
            100, and the longest lasted 284.
        flat_for: from when on a value that does not change is looked at, in session time; the same measurement.
        peer_move: how far the other families must have moved meanwhile for it to count as frozen: three times the
            90th percentile of what venues differ by in ten minutes.
        lead: how far a family must have moved since the price that it carried, and the others not, to be ahead of them.
            The price moves by more than 0.67 % in one of ten spans of 27 minutes, so that waiting costs few ticks,
            and together with what venues differ by (0.1 to 0.2 %) an accepted price stays within 1 % of the market.
        leaders: how many families must be ahead together: one is a fault, two independent ones are news.
        slip_factor: a move by this factor or more, or to its inverse, is a slip of a unit and no news: the smallest
            known (a mesghal for a gram) is 4.3, the widest true move seen in a year 1.3.
        normal_jump: how far the price may move in one tick with the quorum alone: p99 of the moves over 12 minutes in
            session is 0.9 %, over 27 minutes 2.0 %.
        wide_jump: up to where `wide_families` families may carry it at once: the p99 of overnight gaps is 7.7 %, the
            largest that was no outage 10.3 %.
        wide_families: how many families must agree on a move between `normal_jump` and `wide_jump`.
        relevel_ticks: how many ticks in a row, this one included, must hold the same level before it is believed.
        relevel_span: and how long they must span. A real re-level of -23.9 % followed an outage in 2026-03; a breaker
            without this way out would have stopped shops for good.
        absence: how old the last price must be for gold to have doubled meanwhile: it tripled in the seven months from
            2025-08 to 2026-02.
        absent_factor: what is a slip of a unit after such an absence; still less than a mesghal for a gram.
        pause: from what age on the last price is last night's, or from before an outage.
        premium: how far Tehran's price may be from the world's (`band`): extremes of -4.4 and +5.1 % in 1,268 hours.
        ounce_age: how old a stamp of the ounce may be while its market is open.
        ounce_agreement: how far two feeds of the ounce may be apart: of five at one moment three lay within 0.1 %, two
            were 5 % off.
        dollar_age: how old a stamp of the free dollar may be: it moves on one Friday in nine.
        dollar_agreement: how far two boards may be apart on the dollar.
    """

    quorum: int = 2
    agreement: Decimal = Decimal("0.01")
    unit_alarm: Decimal = Decimal("0.03")
    future_skew: timedelta = timedelta(seconds=30)
    source_age: timedelta = timedelta(minutes=90)
    quiet_source_age: timedelta = timedelta(hours=5)
    flat_for: timedelta = timedelta(minutes=90)
    peer_move: Decimal = Decimal("0.003")
    lead: Decimal = Decimal("0.0075")
    leaders: int = 2
    slip_factor: Decimal = Decimal(2)
    normal_jump: Decimal = Decimal("0.02")
    wide_jump: Decimal = Decimal("0.10")
    wide_families: int = 3
    relevel_ticks: int = 3
    relevel_span: timedelta = timedelta(minutes=15)
    absence: timedelta = timedelta(days=30)
    absent_factor: Decimal = Decimal(4)
    pause: timedelta = timedelta(hours=2)
    premium: Decimal = Decimal("0.06")
    ounce_age: timedelta = timedelta(minutes=15)
    ounce_agreement: Decimal = Decimal("0.01")
    dollar_age: timedelta = timedelta(hours=36)
    dollar_agreement: Decimal = Decimal("0.02")
