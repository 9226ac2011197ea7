"""Packs: versions, variables, and what comes in from strangers."""
