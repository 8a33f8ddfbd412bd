"""At which price and in which parts messages are counted beforehand, where several lines may carry them."""

from types import MappingProxyType

import pytest

from zargar.notifications.accounts import Account, BadAccountError, read
from zargar.notifications.rates import Rate, dearest


def line(**options: str) -> Account:
    return Account(name="one", adapter="ippanel", options=MappingProxyType(options))


@pytest.mark.parametrize(
    ("lines", "rate"),
    [
        ([], Rate(price=None, part=67)),
        ([line(price="1200")], Rate(price=1200, part=67)),
        ([line(price="1200", part="66"), line(price="1500")], Rate(price=1500, part=66)),
        ([line(price="1200", part="67"), line()], Rate(price=None, part=67)),
    ],
    ids=["none", "one", "two", "one without a price"],
)
def test_by_several_lines_the_dearest_price_and_the_shortest_part_count(lines: list[Account], rate: Rate) -> None:
    assert dearest(lines) == rate


@pytest.mark.parametrize("part", ["65", "0", "-66", "066", "66.0", "many", "۶۶"])
def test_a_part_that_no_line_has_is_refused_when_the_setting_is_read(part: str) -> None:
    with pytest.raises(BadAccountError, match=r"the account one: part is .*, 66 or 67"):
        read({"one": f"ippanel?sender=3000505&part={part}"}, keys={"one": "k"})
