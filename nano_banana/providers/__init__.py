"""Providers: fal, the offline local stand-in, and compute."""
