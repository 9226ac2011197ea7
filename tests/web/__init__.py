"""Contact sheets: in a real browser, on paper, from the command line."""
