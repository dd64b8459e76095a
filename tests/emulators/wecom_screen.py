"""A chat of WeCom as its members see it: what can be read there now, and waiting for what will come."""

from collections.abc import Callable

from tests.emulators.tencent_clock import Signal
from tests.emulators.wecom_shown import Card, Shown

Wanted = str | Callable[[Shown], object]


class Screen:
    """Messages, oldest first; updates and recalls are applied."""

    def __init__(self, title: str, changed: Signal) -> None:
        self.title = title
        self.changed = changed
        self.history: list[Shown] = []

    @property
    def messages(self) -> list[Shown]:
        """What can be seen now: not what was recalled."""
        return [message for message in self.history if not message.recalled]

    @property
    def from_bot(self) -> list[Shown]:
        """What the robot or the app has written."""
        return [message for message in self.messages if message.from_bot]

    @property
    def last(self) -> Shown:
        """The last message of the robot or the app."""
        return self.from_bot[-1]

    @property
    def cards(self) -> list[Card]:
        """The cards, as they look now."""
        return [message.card for message in self.messages if message.card]

    def show(self, message: Shown) -> Shown:
        self.history.append(message)
        self.changed.fire()
        return message

    def find(self, wanted: Wanted, *, after: Shown | None = None) -> Shown | None:
        """The latest message not of people with these words (or that the function likes), after another."""
        since = after.id if after else 0
        fitting = (one for one in reversed(self.from_bot) if one.id > since and _matches(one, wanted))
        return next(fitting, None)

    async def wait_for(self, wanted: Wanted, timeout: float = 5.0, *, after: Shown | None = None) -> Shown:
        """As `find`, but waits: at most `timeout` real seconds, then TimeoutError shows what was there."""
        return await self.changed.until(
            lambda: self.find(wanted, after=after),
            timeout,
            lambda: f"{wanted!r} never came; {self.transcript()}",
        )

    async def wait_for_card(self, words: str, timeout: float = 5.0, *, after: Shown | None = None) -> Card:
        """The card on which these words can be read."""
        found = await self.wait_for(
            lambda one: one.card is not None and words in one.words, timeout, after=after
        )
        assert found.card is not None
        return found.card

    async def wait_for_gone(self, message: Shown, timeout: float = 5.0) -> None:
        """Until the message is recalled."""
        await self.changed.until(lambda: message.recalled, timeout, lambda: f"still there: {message.words!r}")

    def transcript(self) -> str:
        """The chat as lines, for failed tests and for people."""
        return "\n".join(_line(message) for message in self.messages) or "(empty chat)"


def _matches(message: Shown, wanted: Wanted) -> bool:
    return wanted in message.words if isinstance(wanted, str) else bool(wanted(message))


def _line(message: Shown) -> str:
    words = message.words.replace("\n", " / ") or message.kind
    buttons = "".join(f" [{label}]" for label in message.buttons)
    return f"{'<' if message.from_bot else f'{message.sender} >'} {words}{buttons}"
