"""The messages of every kind of problem, by topic."""
