"""A shop's customers, what they agreed to be told and by which way, and their appointments (tenant schema)."""
