"""The same repair conversation, as a competent user of other libraries would write it."""
