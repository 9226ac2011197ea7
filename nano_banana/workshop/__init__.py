"""Where plans are done: store, providers, engine and reports."""
