"""The words of every kind of problem, one module a room."""
