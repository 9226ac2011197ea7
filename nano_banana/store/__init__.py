"""What was made or paid for, in one folder: files and a database."""
