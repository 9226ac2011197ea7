"""Readers of other programs' metadata, and of hostile ones."""
