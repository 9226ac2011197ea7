"""Pictures on their own, away from the recipe that they are of."""
