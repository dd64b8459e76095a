"""What leaves: in order, no faster than allowed, and what became of it."""
