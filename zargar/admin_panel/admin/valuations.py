"""What an open contract is worth, as its page in a shop's admin tells it: the figures, at which price, and when."""

from typing import Final

from django.utils.html import format_html

from zargar.admin_panel.templatetags.zargar_persian import fa, jdate, toman
from zargar.gold_installments.models import Bound, Contract, ContractState, Valuation

NOT_YET: Final = "هنوز ارزش‌گذاری نشده؛ با قیمت پذیرفته‌شده بعدی محاسبه می‌شود."
CLOSED: Final = "قرارداد باز نیست."
_HELD: Final = {Bound.NONE: "", Bound.FLOOR: " (کف قرارداد)", Bound.CEILING: " (سقف قرارداد)"}


def told(contract: Contract) -> str:
    """Tell the valuation of a contract in Persian; of one that is closed or was never valued, that it has none."""
    if contract.state != ContractState.OPEN:
        return CLOSED
    valuation: Valuation | None = getattr(contract, "valuation", None)  # the relation's error is an AttributeError
    if valuation is None:
        return NOT_YET
    return format_html(
        "ارزش طلا: {} تومان، هر گرم {} تومان{}<br>"
        "پرداخت‌نشده: {} گرم به ارزش {} تومان (بدهی آن هنگام {} تومان)<br>{}، {}",
        toman(valuation.gold_value),
        toman(valuation.price),
        _HELD[Bound(valuation.bound)],
        fa(valuation.outstanding_grams),
        toman(valuation.outstanding_value),
        toman(valuation.outstanding),
        f"{valuation.get_basis_display()}: هر گرم ۷۵۰ {toman(valuation.toman_per_gram_750)} تومان",
        jdate(valuation.priced_at),
    )
