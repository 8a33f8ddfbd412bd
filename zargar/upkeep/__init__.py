"""The house's own housekeeping: how long the rows of the engine and of prices stay, and who sweeps them out."""
