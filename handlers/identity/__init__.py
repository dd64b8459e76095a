"""Two records may be one person: staff look at both, make them one, and part them again as they were."""
