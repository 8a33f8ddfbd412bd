"""The tables of prices (shared schema), a file for each concern."""

from zargar.pricing.models.ticks import DECIMALS, Override, QuoteRecord, Tick, Verdict

__all__ = ["DECIMALS", "Override", "QuoteRecord", "Tick", "Verdict"]
