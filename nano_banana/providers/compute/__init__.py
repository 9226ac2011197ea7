"""This machine's own work on pictures and faces, as calls."""
