"""What every channel can be asked to do, and the ways in which it can fail."""

from __future__ import annotations

from typing import Protocol

from handlers.envelopes import Capabilities, Outgoing


class SendError(Exception):
    """A message did not go out. The class says what to do about it."""


class Temporary(SendError):
    """Not taken this time (connection refused, 5xx before acceptance): back off and try again."""


class Throttled(SendError):
    """Not before `after` seconds have passed, for this chat (or for the whole bot when `everywhere`)."""

    def __init__(self, after: float, *, everywhere: bool = False) -> None:
        super().__init__(f"not before {after} s")
        self.after, self.everywhere = after, everywhere


class Unreachable(SendError):
    """The person blocked us, or we were removed from the group; `why` is a key of `unreachable.*`."""

    def __init__(self, what: str = "", *, why: str = "blocked") -> None:
        super().__init__(what or why)
        self.why = why


class Shut(SendError):
    """The person is there, but may not be written to until they write: `why` is a key of `unreachable.*`.

    `window`: too long since they wrote; `quota`: they have been written to too often since; `muted`: they do
    not want this kind of message.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Uncertain(SendError):
    """The request left, the answer never came: it may or may not have been taken."""


class Moved(SendError):
    """The chat has a new address."""

    def __init__(self, chat: str) -> None:
        super().__init__(f"moved to {chat}")
        self.chat = chat


class Gone(SendError):
    """The message to be edited is no longer there."""


class Unacceptable(SendError):
    """The channel will never take this message; trying again is no use."""


class PartlySent(SendError):
    """Some parts of a message went out, then `why` happened; `rest` is what is still to be sent."""

    def __init__(self, why: SendError, rest: tuple[Outgoing, ...]) -> None:
        super().__init__(f"{len(rest)} parts left: {why}")
        self.why, self.rest = why, rest


def whole(message: Outgoing) -> tuple[Outgoing, ...]:
    """The parts of a message on a channel that takes any message in one piece."""
    return (message,)


class Channel(Protocol):
    """A door to one bot of one vendor."""

    name: str
    bot: str
    capabilities: Capabilities

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message in the parts this channel needs, each of which `send` posts at once: a row a part.

        Buttons, and the id by which the message is edited, are those of the last part. See `whole`.
        """
        ...

    async def send(self, chat: str, message: Outgoing) -> str:
        """Post a message; returns the id under which it can be edited and replied to. Raises SendError.

        A message of several parts is posted part by part; when a later one fails, it raises PartlySent.
        """
        ...

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        """Change a posted message; already looking so is success. Raises SendError, Gone among them."""
        ...

    async def fetch(self, source: str) -> bytes:
        """A file that a person sent. Raises SendError."""
        ...
