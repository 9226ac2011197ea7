"""Stories told on the command line: run, change something, run again."""
