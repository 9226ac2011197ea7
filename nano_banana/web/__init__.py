"""Contact sheets as pages, pictures and prints: what people look at."""
