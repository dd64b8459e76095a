"""The Telegram door: updates come in as `Inbound`, messages go out as calls of the Bot API."""
