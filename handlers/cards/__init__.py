"""A ticket as people see it: its card among colleagues, its story, and what its resident is shown."""
