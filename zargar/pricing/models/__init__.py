"""The tables of prices (shared schema), a file for each concern."""

from zargar.pricing.models.alerts import Alert, AlertNotice
from zargar.pricing.models.boards import BoardStanding, SlowQuote
from zargar.pricing.models.history import BarRecord, ReportRecord
from zargar.pricing.models.ticks import DECIMALS, Override, QuoteRecord, Tick, Verdict

__all__ = [
    "DECIMALS",
    "Alert",
    "AlertNotice",
    "BarRecord",
    "BoardStanding",
    "Override",
    "QuoteRecord",
    "ReportRecord",
    "SlowQuote",
    "Tick",
    "Verdict",
]
