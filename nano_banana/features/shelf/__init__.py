"""Adapters on the shelf: listed, imported and exported."""
