"""Forgetting somebody: found, deleted, and nothing left."""
