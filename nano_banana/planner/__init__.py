"""Recipe to plan, and the forecast of a plan."""
