"""Packs of templates: listed, tested and installed."""
