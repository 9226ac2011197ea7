"""Marks in the pixels themselves: written, and found again."""
