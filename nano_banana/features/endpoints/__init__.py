"""Endpoint prices and listings as fal tells them today."""
