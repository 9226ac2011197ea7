"""Ways to finish a picture: on film, in oil, in ink."""
