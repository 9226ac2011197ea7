"""Packs as a person handles them: listed, tried, begun and taken in."""
