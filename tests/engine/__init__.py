"""Tests of the room `engine`, small and without a network."""
