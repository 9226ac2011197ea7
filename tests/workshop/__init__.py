"""Tests of the room `workshop`, small and without a network."""
