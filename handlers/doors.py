"""What people call the place they write from: WeChat, Telegram, the web page."""

from __future__ import annotations

from flows.engine.messages import Phrase
from handlers.texts import REFERENCE, Texts


def called(channel: str, texts: Texts) -> Phrase | str:
    """A channel by the name that readers of each language know."""
    key = f"chats.channel.{channel}"
    return Phrase(key) if texts.has(key, REFERENCE) else channel.capitalize()
