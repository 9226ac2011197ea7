"""Endpoint prices and listings as fal has them today."""
