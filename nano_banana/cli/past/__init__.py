"""What is told of past runs."""
