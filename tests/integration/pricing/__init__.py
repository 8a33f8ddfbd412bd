"""Ticks, overrides and the cache on real servers."""
