"""What is still to be paid on the open contracts of the shop that is entered, as messages ask for it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.db import connection

from zargar.gold_installments.models import Contract, ContractState
from zargar.gold_installments.standing import Unpaid


def customers_due(until: date, *, after: int, at_most: int) -> Sequence[int]:
    """Return the next customers with an open contract of which an instalment is due up to `until`, paid or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT contract.customer_id FROM gold_installments_contract AS contract
            WHERE contract.state = 'open' AND contract.customer_id > %s AND EXISTS (
                SELECT FROM gold_installments_instalment AS instalment
                WHERE instalment.contract_id = contract.id AND instalment.due_on <= %s
            )
            ORDER BY contract.customer_id LIMIT %s
            """,
            [after, until, at_most],
        )
        return [customer for (customer,) in cursor.fetchall()]


def unpaid(until: date, *, customers: Sequence[int]) -> Sequence[Unpaid]:
    """Return the unpaid instalments of these customers that are due up to `until`, by customer and day.

    The rule is that of `standing.shares`: payments fill a contract's instalments in their order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH line AS (
                SELECT contract.customer_id, contract.id AS contract_id, contract.number, contract.instalment_count,
                       instalment.id, instalment.sequence, instalment.due_on, instalment.amount,
                       sum(instalment.amount) OVER (PARTITION BY contract.id ORDER BY instalment.sequence) AS filled,
                       paid.toman AS paid
                FROM gold_installments_contract AS contract
                JOIN gold_installments_instalment AS instalment ON instalment.contract_id = contract.id
                CROSS JOIN LATERAL (
                    SELECT coalesce(sum(payment.amount), 0) AS toman FROM gold_installments_payment AS payment
                    WHERE payment.contract_id = contract.id AND payment.voided_at IS NULL
                ) AS paid
                WHERE contract.state = 'open' AND contract.customer_id = ANY(%s)
            )
            SELECT customer_id, contract_id, number, id, sequence, instalment_count, due_on,
                   least(amount, filled - paid)
            FROM line WHERE due_on <= %s AND filled > paid
            ORDER BY customer_id, due_on, contract_id, sequence
            """,
            [list(customers), until],
        )
        return [
            Unpaid(
                customer_id=customer, contract_id=contract, contract_number=number, instalment_id=instalment,
                sequence=sequence, count=count, due_on=due_on, left=int(left),
            )
            for customer, contract, number, instalment, sequence, count, due_on, left in cursor.fetchall()
        ]  # fmt: skip


def with_contracts(customers: Sequence[int], *, settled: bool) -> frozenset[int]:
    """Return those of the customers who have an open contract or, with `settled`, a settled one and no open one."""
    states: dict[int, set[str]] = defaultdict(set)
    rows = Contract.objects.filter(customer_id__in=customers).order_by().values_list("customer_id", "state")
    for customer, state in rows.distinct():
        states[customer].add(state)
    if settled:
        return frozenset(
            customer
            for customer, had in states.items()
            if ContractState.SETTLED in had and ContractState.OPEN not in had
        )
    return frozenset(customer for customer, had in states.items() if ContractState.OPEN in had)
