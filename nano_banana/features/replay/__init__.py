"""Recreates a picture from its embedded metadata."""
