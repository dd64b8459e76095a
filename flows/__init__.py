"""The functional core: what each service asks, and how its tickets move. Standard library only, no I/O."""
