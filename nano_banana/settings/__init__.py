"""Settings, the fal key, and which projects the user trusts."""
