"""The provider without a network: portraits composed from the subject's own photos."""
