"""Reproducible portrait sets from a recipe in git."""

__version__ = "0.1.0"
