"""Opens a recipe, forecasts and runs it, and records what came of it."""
