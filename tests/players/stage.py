"""Where a story is played: what its people can do there, and what they see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from handlers.envelopes import Capabilities, Outgoing
from tests.players.rehearsal import CODE
from tests.transcripts.script import INPUT

COVERED = "✱✱✱"


@dataclass(frozen=True, slots=True)
class Sight:
    """A message as it can be read now, with the words on its buttons."""

    words: str
    labels: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The words without the codes in them."""
        return CODE.sub(COVERED, self.words)


def sight(message: Outgoing, *, contact: bool) -> Sight:
    """How a message is seen; `contact`: there is a button that shares one's own number."""
    words = "\n".join(filter(None, (message.title, message.text)))
    asked = [message.contact] if message.contact and contact else []
    return Sight(tidy(words), (*asked, *(button.label for row in message.buttons for button in row)))


def tidy(words: str) -> str:
    """Without what no eye sees at the ends of lines."""
    return "\n".join(line.rstrip() for line in words.replace("\ufe0f", "").strip().splitlines())


@dataclass(frozen=True, slots=True)
class Script:
    """What the people of a story do, line by line."""

    lines: Sequence[str]

    @property
    def spoken(self) -> list[re.Match[str]]:
        """The lines in which somebody does something."""
        return [found for line in self.lines if (found := INPUT.fullmatch(line))]

    @property
    def cast(self) -> list[str]:
        """Those who do something, in the order of their entrance."""
        return list(dict.fromkeys(found[1] for found in self.spoken))

    @property
    def groups(self) -> set[str]:
        return {found[2] for found in self.spoken if found[2]}


class Stage(Protocol):
    """A channel with its people; `cannot` says, pattern by pattern, why a line cannot be played here.

    A person or group is called what the story calls them; `chat` is "" for one's own chat with the desk.
    """

    can: Capabilities
    cannot: ClassVar[Mapping[str, str]]

    async def settle(self, script: Script) -> None:
        """Enter the accounts and groups that are not there yet."""

    async def arranged(self, who: str, chat: str, text: str) -> bool:
        """Whether what is said is seen to otherwise here, and not answered."""

    def plain(self, sight: Sight) -> str:
        """A message's words without what is another one each time, or counted by the channel itself."""

    async def keeps(self, who: str, chat: str, label: str) -> bool:
        """Whether a button of earlier can still be tapped here."""

    async def say(self, who: str, chat: str, text: str, answering: str) -> None:
        """Write; `answering` are words of the message that is answered, if one is."""

    async def photo(self, who: str, chat: str, caption: str, answering: str) -> None: ...

    async def edit(self, who: str, chat: str, was: str, text: str) -> None: ...

    async def contact(self, who: str, phone: str) -> None: ...

    async def tap(self, who: str, chat: str, label: str, *, old: bool) -> None: ...

    async def seen(self, chat: str) -> Sequence[Sight] | None:
        """What the desk has said there, oldest first, as it reads now; None where nobody looks."""

    async def remarked(self, who: str) -> str:
        """What was last remarked on a tap of theirs."""

    async def idle(self) -> None:
        """Whatever was done has arrived at the program."""
