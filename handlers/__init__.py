"""The imperative shell, the same for every channel: one module per thing that can happen."""
