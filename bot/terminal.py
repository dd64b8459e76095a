"""A terminal as a channel: words only, so everything to choose from is numbered, and a number is a tap."""

from __future__ import annotations

import asyncio
import codecs
import os
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from string import ascii_lowercase
from typing import TextIO

from bot.channel import Gone, whole
from handlers.envelopes import Button, Capabilities, Inbound, Kind, Outgoing

DIM, PLAIN, WIPE = "\x1b[2m", "\x1b[0m", "\r\x1b[K"


class TerminalChannel:
    """One person at one terminal. What the desk says has a `<`, what the person says a `>`.

    The buttons of an answer are numbered, and those of a notice that comes by itself have letters, so that
    a number that was meant for the question above it stays that.
    """

    name = "terminal"
    bot = "terminal"
    capabilities = Capabilities("terminal", buttons=False, cards=False, edits=False, groups=False)

    def __init__(self, chat: str, out: TextIO) -> None:
        self.chat, self.answering = chat, False
        self._out, self._tty = out, out.isatty()
        self._numbered: dict[str, Button] = {}
        self._lettered: dict[str, Button] = {}

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        return whole(message)

    async def send(self, chat: str, message: Outgoing) -> str:
        """Print a message. Raises Gone when it is for somebody at another terminal."""
        if chat != self.chat:
            raise Gone(chat)
        buttons = [button for row in message.buttons for button in row]
        marks = map(str, range(1, 100)) if self.answering else iter(ascii_lowercase)
        choices = dict(zip(marks, buttons, strict=False))
        if self.answering:
            self._numbered = choices
        else:
            self._lettered = choices
        said = [f"【{message.title}】"] if message.title else []
        offered = [f"  {mark}. {button.label}" for mark, button in choices.items()]
        self._print([f"< {line}" for line in (*said, *message.text.splitlines(), *offered)])
        return secrets.token_hex(8)

    async def edit(self, chat: str, message_id: str, message: Outgoing) -> None:
        raise Gone(message_id)

    async def fetch(self, source: str) -> bytes:
        raise Gone(source)

    def overhear(self, lines: Iterable[str]) -> None:
        """Print what others see, dimmed."""
        dim, plain = (DIM, PLAIN) if self._tty else ("", "")
        self._print([f"{dim}  ┆ {line}{plain}" for line in lines])

    def prompt(self) -> None:
        """Invite to write."""
        if self._tty:
            self._out.write("> ")
            self._out.flush()

    def said(self, text: str) -> None:
        """Print what the person wrote, where it was not typed here."""
        if not self._tty:
            self._print([f"> {text}"])

    def heard(self, text: str, language: str = "") -> Inbound:
        """What a line means: the button with that number or letter, else the words themselves."""
        button = self._numbered.get(text) or self._lettered.get(text.lower())
        if button is None:
            return self._inbound(Kind.TEXT, text=text, language=language)
        return self._inbound(Kind.TAP, tap=button.data, language=language)

    def left(self) -> Inbound:
        """Nobody sits here any more: what is to be told goes to the person's other accounts."""
        return self._inbound(Kind.BLOCKED)

    def _inbound(self, kind: Kind, *, text: str = "", tap: str = "", language: str = "") -> Inbound:
        return Inbound(
            channel=self.name,
            bot=self.bot,
            chat=self.chat,
            account=self.chat,
            key=secrets.token_hex(16),
            kind=kind,
            text=text,
            tap=tap,
            language=language,
        )

    def _print(self, lines: Iterable[str]) -> None:
        if self._tty:
            self._out.write(WIPE)
        self._out.writelines(f"{line}\n" for line in lines)
        self._out.flush()


async def typed(source: int) -> AsyncIterator[str]:
    """The lines of an open file as they come: of a keyboard, a pipe or a file alike."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def tell(line: str | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(waiting.put_nowait, line)

    threading.Thread(target=_read, args=(source, tell), daemon=True).start()
    while (line := await waiting.get()) is not None:
        yield line


def _read(source: int, tell: Callable[[str | None], None]) -> None:
    """Not through sys.stdin: its lock would hold up the end of the program."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while chunk := os.read(source, 4096):
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            tell(line)
    if rest:
        tell(rest)
    tell(None)
