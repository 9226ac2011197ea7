"""Marks on pictures: written, read back, and broken on purpose."""
