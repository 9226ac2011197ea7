"""Endpoints as data: what they take, make and cost."""
