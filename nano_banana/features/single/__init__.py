"""Single commands, each written as a recipe of one stage."""
