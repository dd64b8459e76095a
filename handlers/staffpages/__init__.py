"""The pages on a colleague's phone: how they get in, what they see, what they do there."""
