"""Painted places: linear light, out of focus behind a person."""
