"""Invisible marks: written as their references do, read again, and not found where there are none."""
