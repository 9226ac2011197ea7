"""fal.ai, through its own client; no request is sent twice."""
