"""Calendars of the trade: when the Tehran gold market is awake. Pure: the moment asked about is an argument."""
