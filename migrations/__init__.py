"""The tables' history: each step from an older release's tables to a newer one's, and back."""
