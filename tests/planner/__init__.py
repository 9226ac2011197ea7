"""Tests of the room `planner`, small and without a network."""
