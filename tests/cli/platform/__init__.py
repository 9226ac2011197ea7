"""Commands that ask fal's platform: prices, catalog, check --online."""
