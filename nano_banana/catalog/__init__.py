"""Endpoints as data: their fields, limits, prices and roles."""
