"""The shops: one row here and one schema each. What may happen to a shop is decided by its state."""
