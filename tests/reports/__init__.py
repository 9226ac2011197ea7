"""Tests of the room `reports`, small and without a network."""
