"""Tests of the room `core`, small and without a network."""
