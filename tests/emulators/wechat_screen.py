"""The chat with the account, as a phone shows it: what can be read there, and waiting for what will come."""

from collections.abc import Callable

from tests.emulators.wechat_bubbles import Bubble, Choice
from tests.emulators.wechat_menu import leaves
from tests.emulators.wechat_office import Office
from tests.emulators.wechat_world import Person

Wanted = str | Callable[[Bubble], object]
After = Bubble | None


class Screen:
    """A chat as a phone shows it; bubbles are numbered from 1, in the order they came."""

    def __init__(self, office: Office, person: Person) -> None:
        self.office = office
        self.me = person

    @property
    def openid(self) -> str:
        return self.me.openid

    @property
    def bubbles(self) -> list[Bubble]:
        """All that can be seen, oldest first: one's own messages too."""
        return self.me.bubbles

    @property
    def received(self) -> list[Bubble]:
        """What came from the account, and the notices of WeChat in its place."""
        return [bubble for bubble in self.me.bubbles if bubble.from_account]

    @property
    def last(self) -> Bubble:
        return self.received[-1]

    @property
    def notices(self) -> list[Bubble]:
        """How often the account was said to be unavailable."""
        return [bubble for bubble in self.me.bubbles if bubble.kind == "notice"]

    @property
    def typing(self) -> bool:
        """Whether the account seems to be writing."""
        return self.me.typing_until > self.office.world.clock.seconds()

    @property
    def menu(self) -> list[str]:
        """The names of the buttons that do something."""
        return [button["name"] for button in leaves(self.office.world.account.menu)]

    @property
    def allowance(self) -> int:
        """How many messages of its own the account may still send here."""
        return self.me.allowances.left

    def find(self, wanted: Wanted, *, after: After = None) -> Bubble | None:
        """The account's latest bubble with these words (or that the function likes), younger than `after`."""
        since = after.number if after else 0
        for bubble in reversed(self.received):
            if bubble.number <= since:
                break
            if _matches(bubble, wanted):
                return bubble
        return None

    async def wait_for(self, wanted: Wanted, timeout: float = 5.0, *, after: After = None) -> Bubble:
        """As `find`, but waits: at most `timeout` real seconds, then TimeoutError shows what was there."""
        return await self.me.changed.until(
            lambda: self.find(wanted, after=after),
            timeout,
            lambda: f"{wanted!r} never came; {self.transcript()}",
        )

    def choice(self, label: str) -> Choice:
        """The item or link with this label in the youngest bubble that has one; LookupError when none has."""
        for bubble in reversed(self.received):
            for choice in bubble.choices:
                if label in choice.label:
                    return choice
        raise LookupError(f"nothing to tap says {label!r}; {self.transcript()}")

    def transcript(self) -> str:
        """The chat as lines, for failed tests and for people."""
        return "\n".join(_line(bubble) for bubble in self.bubbles) or "(empty chat)"


def _line(bubble: Bubble) -> str:
    return f"{'<' if bubble.from_account else '>'} {bubble.text or f'[{bubble.kind}]'}"


def _matches(bubble: Bubble, wanted: Wanted) -> bool:
    return wanted in bubble.text if isinstance(wanted, str) else bool(wanted(bubble))
