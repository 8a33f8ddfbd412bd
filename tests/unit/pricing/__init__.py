"""Prices without a database: reading, judging, deriving."""
