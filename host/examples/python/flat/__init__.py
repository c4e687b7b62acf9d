"""Plays flat cases (tests/FLAT.md) on this host."""
