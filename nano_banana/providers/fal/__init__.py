"""fal.ai, asked through its own client; nothing is sent twice."""
