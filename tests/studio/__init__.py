"""The studio: its server and its pages."""
