"""Backups that provably come back: packs of shops in sealed segments, in two vaults, restored and compared."""
