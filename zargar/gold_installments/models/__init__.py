"""The tables of contracts and of what they are worth (tenant schema), a file for each concern."""

from zargar.gold_installments.models.contracts import Contract, ContractState, Instalment, Method, Payment
from zargar.gold_installments.models.valuations import Basis, Bound, Revaluation, Valuation

__all__ = ["Basis", "Bound", "Contract", "ContractState", "Instalment", "Method", "Payment", "Revaluation", "Valuation"]
