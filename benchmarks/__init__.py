"""The measured claims: a whole repair conversation, with peers beside, on one machine in one run."""
