"""The studio: one project in the browser."""
