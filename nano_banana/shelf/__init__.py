"""Adapters that were trained or brought in, by name and version."""
