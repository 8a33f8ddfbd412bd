"""Valuing the contracts of the shop that is entered: three statements, whatever their number.

Call them in one transaction, `move_on` first: its row is the lock that lets one of two count, and the guard that keeps
an older price from replacing a newer one. The second guard, in `value_all`, holds whoever calls it.
"""

from datetime import datetime
from decimal import Decimal

from django.db import connection

from zargar.gold_installments.models import Basis, Revaluation
from zargar.gold_installments.valuation import PriceList
from zargar.pricing.marks import Mark


def move_on(mark: Mark, *, now: datetime) -> bool:
    """Make this the newest price that the shop was valued at; False when it is already, or a newer one is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gold_installments_revaluation AS before
                   (id, basis, basis_id, toman_per_gram_750, priced_at, valued_at)
            VALUES (1, %s, %s, %s, %s, %s)
            ON CONFLICT (id) DO UPDATE
            SET basis = excluded.basis, basis_id = excluded.basis_id, toman_per_gram_750 = excluded.toman_per_gram_750,
                priced_at = excluded.priced_at, valued_at = excluded.valued_at
            WHERE before.priced_at < excluded.priced_at
            RETURNING id
            """,
            [*_named(mark), now],
        )
        return cursor.fetchone() is not None


def value_all(prices: PriceList, *, now: datetime) -> int:
    """Value every open contract, by the rule of `valuation`; return how many were. One statement.

    `div` cuts to a whole number: div(2n + d, 2d) is n / d rounded half up, without a rounding before it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gold_installments_valuation AS before
                   (contract_id, basis, basis_id, toman_per_gram_750, priced_at, valued_at, market_price, price, bound,
                    gold_value, outstanding, outstanding_grams, outstanding_value)
            SELECT contract.id, %s, %s, %s, %s, %s, market.price, bounded.price,
                   CASE WHEN bounded.price > market.price THEN 'floor'
                        WHEN bounded.price < market.price THEN 'ceiling' ELSE 'none' END,
                   round(contract.grams * bounded.price),
                   owed.toman,
                   div(2000 * contract.grams * owed.toman + contract.total, 2 * contract.total) / 1000,
                   div(2 * contract.grams * owed.toman * bounded.price + contract.total, 2 * contract.total)
            FROM gold_installments_contract AS contract
            JOIN unnest(%s::int[], %s::bigint[]) AS market (karat, price) ON market.karat = contract.karat
            CROSS JOIN LATERAL (
                -- least and greatest pass over what was not agreed (NULL)
                SELECT greatest(least(market.price, contract.ceiling_price), contract.floor_price) AS price
            ) AS bounded
            CROSS JOIN LATERAL (
                -- a look by the index for each contract; grouping first made a plan of n x n where statistics were old
                SELECT contract.total - contract.down_payment - coalesce(sum(payment.amount), 0) AS toman
                FROM gold_installments_payment AS payment
                WHERE payment.contract_id = contract.id AND payment.voided_at IS NULL
            ) AS owed
            WHERE contract.state = 'open'
            ORDER BY contract.id
            ON CONFLICT (contract_id) DO UPDATE
            SET basis = excluded.basis, basis_id = excluded.basis_id, toman_per_gram_750 = excluded.toman_per_gram_750,
                priced_at = excluded.priced_at, valued_at = excluded.valued_at, market_price = excluded.market_price,
                price = excluded.price, bound = excluded.bound, gold_value = excluded.gold_value,
                outstanding = excluded.outstanding, outstanding_grams = excluded.outstanding_grams,
                outstanding_value = excluded.outstanding_value
            WHERE before.priced_at < excluded.priced_at
            """,
            [*_named(prices.mark), now, list(prices.per_gram), list(prices.per_gram.values())],
        )
        return int(cursor.rowcount)


def forget_closed() -> int:
    """Remove the valuations of contracts that are no longer open: settled or cancelled, nothing is owed on them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM gold_installments_valuation AS valuation USING gold_installments_contract AS contract
            WHERE contract.id = valuation.contract_id AND contract.state <> 'open'
            """
        )
        return int(cursor.rowcount)


def newest() -> Revaluation | None:
    """Return at which price the shop was valued last; None if never."""
    return Revaluation.objects.first()


def _named(mark: Mark) -> tuple[str, int, Decimal, datetime]:
    return (Basis.OPERATOR if mark.by_operator else Basis.TICK).value, mark.id, mark.price, mark.at
