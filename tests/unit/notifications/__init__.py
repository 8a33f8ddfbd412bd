"""Messaging without a database: words, manners, channels."""
