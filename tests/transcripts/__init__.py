"""Stories told as conversations: what people write and tap, and everything the desk says back."""
