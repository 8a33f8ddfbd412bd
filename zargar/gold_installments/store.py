"""The rows of contracts. A contract is locked before its sums are judged, so that two payments see each other."""

from collections.abc import Sequence
from datetime import datetime

from zargar.gold_installments.models import Contract, ContractState, Instalment, Payment
from zargar.gold_installments.terms import Planned


def locked(contract: int) -> Contract | None:
    """Return the contract, held until the transaction ends."""
    return Contract.objects.select_for_update(no_key=True).filter(id=contract).first()


def add(contract: Contract, plan: Sequence[Planned]) -> None:
    """Keep a new contract with its plan. The database compares their sums as the transaction ends."""
    contract.save(force_insert=True)
    Instalment.objects.bulk_create(
        Instalment(contract=contract, sequence=line.sequence, due_on=line.due_on, amount=line.amount) for line in plan
    )


def plan_of(contract: Contract) -> tuple[Planned, ...]:
    """Return the plan of a contract, in order."""
    rows = contract.instalments.order_by("sequence").values_list("sequence", "due_on", "amount")
    return tuple(Planned(*row) for row in rows)


def keep_payment(payment: Payment) -> None:
    """Keep a new payment."""
    payment.save(force_insert=True)


def payment(payment_id: int) -> Payment | None:
    """Return a payment."""
    return Payment.objects.filter(id=payment_id).first()


def void(payment_id: int, *, reason: str, now: datetime) -> bool:
    """Void a payment; False when it was void already."""
    rows = Payment.objects.filter(id=payment_id, voided_at=None)
    return bool(rows.update(voided_at=now, void_reason=reason))


def move(contract: Contract, state: ContractState) -> None:
    """Change the state of a contract."""
    Contract.objects.filter(id=contract.pk).update(state=state)
    contract.state = state
