"""Those who answer calls: fal, local and compute."""
