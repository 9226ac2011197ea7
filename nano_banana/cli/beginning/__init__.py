"""Beginning a project: questions, answers, and the recipe they come to."""
