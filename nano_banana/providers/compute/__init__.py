"""This machine's own work on pictures, as calls."""
