"""Messaging on real servers."""
