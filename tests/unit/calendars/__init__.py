"""When the market is awake."""
