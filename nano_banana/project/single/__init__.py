"""Recipes of one stage, as the single commands write them."""
