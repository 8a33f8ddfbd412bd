"""Measurements. Each bench prints JSON lines, and states the machine and the versions it ran on."""
