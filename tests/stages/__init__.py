"""Flows, asked and answered by hand."""
