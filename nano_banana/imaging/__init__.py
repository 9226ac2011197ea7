"""Pictures as pixels, ignorant of recipes and providers."""
