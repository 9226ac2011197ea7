"""Tests of the room `project`, small and without a network."""
