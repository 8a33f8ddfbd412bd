"""The ledger: one row for every piece of work, and the only judge of who may do it and when it is tried again."""
