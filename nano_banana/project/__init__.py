"""The one door: a recipe opened, planned, run and explained."""
