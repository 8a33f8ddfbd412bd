"""What messages say: a small language that can only tell what it was given, the Persian defaults, and their checks."""
