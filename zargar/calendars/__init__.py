"""Calendars of the trade: Jalali dates, when Tehran's gold market is awake and the world's is open, and closed days.

`jalali`, `days`, `sessions`, `world`, `closures` and `proposals` are pure: the moment asked about is an argument. The
table of closed days (shared schema) is in `models`; `operations` is the way in.
"""
