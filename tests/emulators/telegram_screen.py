"""A chat as a phone shows it: what can be read there now, and waiting for what will come."""

from collections.abc import Callable

from tests.emulators.telegram_line import Line
from tests.emulators.telegram_markup import Rows
from tests.emulators.telegram_rooms import Message, Room

Wanted = str | Callable[[Message], object]
Target = Message | int | None


class Screen:
    """A chat as a phone shows it."""

    def __init__(self, line: Line, room: Room) -> None:
        self.line = line
        self.room = room

    @property
    def id(self) -> int:
        return self.room.id

    @property
    def messages(self) -> list[Message]:
        """What can be seen now, oldest first, edits applied."""
        return self.room.messages

    @property
    def history(self) -> list[Message]:
        """Deleted messages as well, marked as such."""
        return self.room.history

    @property
    def from_bot(self) -> list[Message]:
        return [message for message in self.room.messages if message.from_bot]

    @property
    def last(self) -> Message:
        """The last message of the bot."""
        return self.from_bot[-1]

    @property
    def keyboard(self) -> Rows:
        """The reply keyboard that is up, row by row."""
        return self.room.keyboard

    def find(self, wanted: Wanted, *, after: Target = None) -> Message | None:
        """The bot's latest message with these words (or that the function likes), younger than `after`."""
        since = number_of(after)
        for message in reversed(self.room.history):
            if message.id <= since:
                break
            if message.from_bot and not message.deleted and _matches(message, wanted):
                return message
        return None

    async def wait_for(self, wanted: Wanted, timeout: float = 5.0, *, after: Target = None) -> Message:
        """As `find`, but waits: at most `timeout` real seconds, then TimeoutError shows what was there."""
        return await self.room.changed.until(
            lambda: self.find(wanted, after=after),
            timeout,
            lambda: f"{wanted!r} never came; {self.transcript()}",
        )

    async def wait_for_gone(self, message: Message, timeout: float = 5.0) -> None:
        await self.room.changed.until(
            lambda: message.deleted, timeout, lambda: f"still there: {message.words!r}"
        )

    def transcript(self) -> str:
        """The chat as lines, for failed tests and for people."""
        return "\n".join(self._line(message) for message in self.messages) or "(empty chat)"

    def _line(self, message: Message) -> str:
        words = message.words or ", ".join(message.content) or "?"
        rows = " ".join("[" + " | ".join(button.text for button in row) + "]" for row in message.buttons)
        return f"{'<' if message.from_bot else '>'} {words} {rows}".rstrip()


def number_of(message: Target) -> int:
    if message is None:
        return 0
    return message if isinstance(message, int) else message.id


def _matches(message: Message, wanted: Wanted) -> bool:
    return wanted in message.words if isinstance(wanted, str) else bool(wanted(message))
