"""What is done with the contracts of one shop: the one that the caller has entered by `tenancy.in_tenant`.

Each call is one transaction. What the figures do not allow is refused here in words, and by the database in any case.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from zargar.gold_installments import due_store, standing, store, terms
from zargar.gold_installments.models import Contract, ContractState, Payment
from zargar.refusals import InvalidError, NotFoundError, RefusedError


class NoSuchContractError(NotFoundError):
    """The shop has no such contract, or no such payment."""


class ContractStateError(RefusedError):
    """The contract is settled or cancelled, or the payment is void already."""


class OverpaidError(InvalidError):
    """A payment may not be more than what is still owed."""


def sign(contract: Contract) -> Contract:
    """Keep a new contract and its plan, one instalment each Jalali month from its first due day.

    Raises `TermsError` where the plan is impossible, and `django.db.IntegrityError` where the figures do not fit.
    """
    planned = terms.plan(owed=contract.owed, count=contract.instalment_count, first_due=contract.first_due_on)
    with transaction.atomic():
        store.add(contract, planned)
    return contract


def pay(payment: Payment) -> Payment:
    """Keep a new payment; the one that completes the sum settles the contract.

    Raises `NoSuchContractError`, `ContractStateError`, `OverpaidError`.
    """
    with transaction.atomic():
        contract = hold(payment.contract_id)
        if contract.state != ContractState.OPEN:
            message = f"contract {contract.number} is {contract.state}: it takes no payments"
            raise ContractStateError(message)
        left = contract.owed - contract.paid
        if payment.amount > left:
            message = f"contract {contract.number} owes {left} Toman, less than {payment.amount}"
            raise OverpaidError(message)
        store.keep_payment(payment)
        if payment.amount == left:
            store.move(contract, ContractState.SETTLED)
    return payment


def void(*, payment_id: int, reason: str, now: datetime) -> None:
    """Void a payment that was a mistake; a settled contract is open again.

    Raises `NoSuchContractError`, `ContractStateError` when it is void already or the contract is cancelled, and
    `InvalidError` for a blank reason.
    """
    if not reason.strip():
        message = "a payment is voided for a reason: say which"
        raise InvalidError(message)
    with transaction.atomic():
        found = store.payment(payment_id)
        if found is None:
            raise NoSuchContractError(NoSuchContractError.__doc__)
        contract = hold(found.contract_id)
        if contract.state == ContractState.CANCELLED or not store.void(payment_id, reason=reason, now=now):
            raise ContractStateError(ContractStateError.__doc__)
        if contract.state == ContractState.SETTLED:
            store.move(contract, ContractState.OPEN)


def cancel(*, contract_id: int) -> Contract:
    """Cancel an open contract; its rows stay. Raises `NoSuchContractError`, `ContractStateError`."""
    with transaction.atomic():
        contract = hold(contract_id)
        if contract.state != ContractState.OPEN:
            raise ContractStateError(ContractStateError.__doc__)
        store.move(contract, ContractState.CANCELLED)
    return contract


def hold(contract_id: int) -> Contract:
    """Return a contract that nobody else changes until the transaction ends. Raises `NoSuchContractError`."""
    contract = store.locked(contract_id)
    if contract is None:
        raise NoSuchContractError(NoSuchContractError.__doc__)
    return contract


def shares(contract: Contract) -> tuple[standing.Share, ...]:
    """Return each instalment of a contract with what is paid of it."""
    return tuple(standing.shares(store.plan_of(contract), paid=contract.paid))


def overdue(contract: Contract, *, today: date) -> int:
    """Return how much of a contract is overdue on `today` (Tehran), in Toman; nothing is unless it is open."""
    if contract.state != ContractState.OPEN:
        return 0
    return standing.overdue(store.plan_of(contract), paid=contract.paid, today=today)


def customers_due(*, until: date, after: int, at_most: int) -> Sequence[int]:
    """Return the next customers, by id, with an open contract and an instalment due up to `until`; 0 to begin."""
    return due_store.customers_due(until, after=after, at_most=at_most)


def unpaid(*, until: date, customers: Sequence[int]) -> Sequence[standing.Unpaid]:
    """Return the unpaid instalments of these customers that are due up to `until` (Tehran), by customer and day.

    Only open contracts have any. One statement.
    """
    return due_store.unpaid(until, customers=customers)


def with_contracts(*, customers: Sequence[int], settled: bool) -> frozenset[int]:
    """Return those of the customers who have an open contract or, with `settled`, only settled ones. One statement."""
    return due_store.with_contracts(customers, settled=settled)
