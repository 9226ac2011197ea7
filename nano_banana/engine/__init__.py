"""Runs any plan; knows no recipe, stage or YAML."""
