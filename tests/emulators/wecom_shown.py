"""What people see in their chats: messages, and cards with rows, links and buttons."""

from dataclasses import dataclass, field, replace
from itertools import count


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card: 房号 3-1-501, which may lead to a page or name a colleague."""

    name: str
    value: str
    url: str = ""
    userid: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Button:
    """`key` comes back when it is tapped; `url` opens a page instead; `menu` hides behind the three dots."""

    text: str
    key: str = ""
    url: str = ""
    style: int = 1
    menu: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A list to choose from: ids with their texts, and the ids chosen so far."""

    key: str
    title: str
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A template card as the client draws it: what is too long is cut, and `cut` names where.

    `replaced` is the grey text that stands where buttons were.
    """

    kind: str
    title: str = ""
    desc: str = ""
    source: str = ""
    emphasis: str = ""
    quote: str = ""
    subtitle: str = ""
    picture: str = ""
    rows: tuple[Row, ...] = ()
    links: tuple[Link, ...] = ()
    buttons: tuple[Button, ...] = ()
    questions: tuple[Question, ...] = ()
    url: str = ""
    task_id: str = ""
    replaced: str = ""
    cut: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """What the buttons say."""
        return [button.text for button in self.buttons]

    def row(self, name: str) -> str | None:
        """What stands beside this name."""
        return next((row.value for row in self.rows if row.name == name), None)

    def link(self, text: str) -> str | None:
        """Where a tap on this text leads: a link, a row or a button that opens a page."""
        leading = [(link.text, link.url) for link in self.links]
        leading += [(row.value, row.url) for row in self.rows if row.url]
        leading += [(button.text, button.url) for button in self.buttons if button.url]
        return next((url for said, url in leading if said == text), None)

    def button(self, label: str) -> Button | None:
        """The button that calls back, by its text or its key."""
        return next((one for one in self.buttons if one.key and label in (one.text, one.key)), None)

    def without_buttons(self, replaced: str) -> "Card":
        """As it looks after the app has replaced the buttons with a word."""
        return replace(self, buttons=tuple(one for one in self.buttons if one.menu), replaced=replaced)

    @property
    def words(self) -> str:
        """Everything that can be read on it, line by line."""
        rows = [f"{row.name}：{row.value}" for row in self.rows]
        lines = [self.source, self.title, self.desc, self.emphasis, self.quote, self.subtitle, *rows]
        return "\n".join(line for line in [*lines, *(link.text for link in self.links)] if line)


_numbers = count(1)


@dataclass(slots=True)
class Shown:
    """One message in one chat. `sender` is a userid, or nothing: the app or the robot.

    An update changes `card` in place: `before` holds what it was, oldest first.
    """

    kind: str
    text: str = ""
    sender: str = ""
    card: Card | None = None
    links: tuple[Link, ...] = ()
    content: bytes | None = None
    mentions: tuple[str, ...] = ()
    msgid: str = ""
    recalled: bool = False
    before: list[Card] = field(default_factory=list)
    id: int = field(default_factory=lambda: next(_numbers))

    @property
    def from_bot(self) -> bool:
        return not self.sender

    @property
    def words(self) -> str:
        """All that can be read: the text, or what stands on the card with the word that replaced buttons."""
        if self.card is None:
            return self.text
        return "\n".join(part for part in (self.card.words, self.card.replaced) if part)

    @property
    def buttons(self) -> list[str]:
        return self.card.labels if self.card else []

    def show(self, card: Card) -> None:
        if self.card:
            self.before.append(self.card)
        self.card = card

    def to_another(self) -> "Shown":
        """The same message in somebody else's chat."""
        return replace(self, before=[], id=next(_numbers))
