"""Messages to customers and operators: each arrives once, at a decent hour, in good Persian."""
