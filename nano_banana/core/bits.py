"""Fingerprints of pictures, compared bit by bit."""

from __future__ import annotations


def distance(one: str, other: str) -> int:
    """In how many bits two fingerprints of the same length, in hex, differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
