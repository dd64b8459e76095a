"""A transcript is played: people's lines are said to the desk, and what everybody sees is written below.

    # a remark; the first one tells the story
    % at 22:40                         the story begins at this hour of a Monday
    % numbers                          a channel without buttons: options are numbered
    % set tickets_a_day 2              the community has set this for itself
    % english 王师傅 Mr Wang            what a colleague is called in English
    % unasked 李雷                       nobody has asked this resident yet whether we may keep anything
    % assistant 王芳                     a colleague joins: the assistant of the building
    % blocked 李雷                       nothing reaches this phone, which the desk learns when it tries
    % on telegram 李雷的手机             somebody talks to the desk on this channel
    李雷> words                         somebody writes, in their own chat; ⏎ is a new line
    王师傅@repair> [接单]                somebody taps a button, here in the group
    王师傅 + 赵师傅@repair> [接单]        two people in the same instant
    李雷> [是] (old)                    a button that the phone showed once; (twice) taps it twice
    李雷> (photo) caption               (photo A) is one of album A; (sticker), (voice), (too_large), …
    李雷> (reply "words") more          an answer to the newest message that contains these words
    李雷> (edit "words") other words    an earlier message of theirs gets other words
    李雷> (again)                       the channel delivers their last message once more
    新邻居> {code 3-1202}               a one-time code for a home, {staff code technician} for staff
    租客> {code 3-1202 as tenant}        … for somebody who is not the owner
    新邻居> {shown code}                the one-time code that the desk showed last, never written out
    门卫> {shown pass}                  the newest code for the gate, {first pass} the first one
    新邻居> /start {scan 3-1202}        the home's QR code is scanned; {same scan} is that code again
    新邻居> {pin}                       the number that was told apart from it
    ~ 11 min                           time passes; also h, d, and `~ until 08:30`

What is seen: `李雷<` a message, `李雷~` a message that changed in place, `王师傅!` a remark on a tap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from flows.engine.form import Draft
from handlers import passes
from handlers.envelopes import Button, Inbound, Kind, Media
from handlers.people import binding
from handlers.people.scanning import Printed
from models import Code, Conversation, GatePass, Staff
from tests.world import Post, World

ZONE = ZoneInfo("Asia/Shanghai")
NAME = r"[^\s@<>~!+#%]+"
INPUT = re.compile(rf"({NAME}(?: \+ {NAME})*)(?:@(\w+))?> (.*)")
TIME = re.compile(r"~ (?:(\d+) (min|h|d)|until (\d\d:\d\d))")
TAP = re.compile(r"\[(.+?)\](?: \((old|twice)\))?")
MARK = re.compile(r'\((\w+)(?: ([^")]+))?(?: "([^"]*)")?\) ?(.*)', re.DOTALL)
CODE = re.compile(r"\{(staff )?code ([\w-]+)(?: as (\w+))?\}")
SCAN = re.compile(r"\{scan ([\w-]+)\}")
SHOWN = re.compile(rf"(?<!\w)[{binding.ALPHABET}]{{{binding.LENGTH}}}(?!\w)")
SPELT = re.compile(r"[：:] ?| · ")
PASS = re.compile(rf"(?<!\w)[{passes.ALPHABET}]{{{passes.LENGTH}}}(?!\w)")
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def lines_of(text: str) -> list[str]:
    """What a transcript's people do, without what the desk said."""
    return [line for line in text.splitlines() if _is_ours(line)]


def _is_ours(line: str) -> bool:
    return line.startswith(("#", "%")) or bool(INPUT.fullmatch(line) or TIME.fullmatch(line))


@dataclass(slots=True)
class Play:
    """One transcript being played in a world."""

    world: World
    out: list[str] = field(default_factory=list)
    seen: int = 0
    drafts: int = 0
    shown_code: str = ""
    passes: list[str] = field(default_factory=list)
    printed: Printed = field(default_factory=lambda: Printed(""))

    async def run(self, text: str) -> str:
        """The transcript as it goes now."""
        for line in lines_of(text):
            if self.out and not (line.startswith(("#", "%")) and self.out[-1].startswith(("#", "%"))):
                self.out.append("")
            self.out.append(line)
            await self._line(line)
        return "\n".join(self.out) + "\n"

    async def _line(self, line: str) -> None:
        if line.startswith("#") or line == "% numbers":
            return
        if line.startswith("% at "):
            self.world.now = self._clock(line.removeprefix("% at "))
            return
        if line.startswith("% set "):
            name, value = line.removeprefix("% set ").split(" ", 1)
            await self.world.set(name, json.loads(value))
            return
        if line.startswith("% english "):
            name, english = line.removeprefix("% english ").split(" ", 1)
            async with self.world.database.transaction() as session:
                await session.execute(update(Staff).where(Staff.name == name).values(name_en=english))
            return
        if line.startswith("% unasked "):
            await self.world.unasked(line.removeprefix("% unasked "))
            return
        if line.startswith("% assistant "):
            await self.world.assistant(line.removeprefix("% assistant "))
            return
        if line.startswith("% blocked "):
            self.world.blocked.add(line.removeprefix("% blocked "))
            return
        if line.startswith("% on "):
            channel, who = line.removeprefix("% on ").split(" ", 1)
            await self.world.on(who, channel)
            return
        await self._reread()
        if (spoken := INPUT.fullmatch(line)) is not None:
            await self._spoken(spoken[1].split(" + "), spoken[2] or "", spoken[3])
            return
        passed = TIME.fullmatch(line)
        assert passed is not None, f"not a line of a transcript: {line}"
        span = UNITS[passed[2]] * int(passed[1]) if passed[1] else self._clock(passed[3]) - self.world.now
        await self.world.wait(span)
        await self._seen(quiet=True)

    def _clock(self, at: str) -> datetime:
        """The next instant at which the clock on the wall says so."""
        local = self.world.now.astimezone(ZONE)
        wanted = datetime.combine(local.date(), time.fromisoformat(at), ZONE)
        return (wanted if wanted > local else wanted + timedelta(days=1)).astimezone(self.world.now.tzinfo)

    async def _reread(self) -> None:
        """Every draft survives being written down as JSON text and read again."""
        async with self.world.database.reading() as session:
            for held in await session.scalars(select(Conversation)):
                if held.draft is not None:
                    draft = Draft.from_json(held.draft)
                    assert Draft.from_json(json.loads(json.dumps(draft.to_json()))) == draft
                    self.drafts += 1

    async def _spoken(self, people: list[str], chat: str, said: str) -> None:
        heard = [await self._inbound(who, chat, said) for who in people]
        if said.endswith("(twice)"):
            heard *= 2
            heard[1] = replace(heard[1], key=f"{heard[1].key}-twice")
        for inbound, receipt in zip(heard, await self.world.at_once(*heard), strict=True):
            if receipt.hint:
                self.out.append(f"{inbound.account}! {receipt.hint}")
        await self._seen()

    async def _inbound(self, who: str, chat: str, said: str) -> Inbound:
        if tap := TAP.fullmatch(said):
            words = "" if chat else self._in_words(who, tap[1])
            if words:
                return self.world.inbound(who, Kind.TEXT, chat, text=words)
            button, on = self._button(chat or who, tap[1], old=tap[2] == "old")
            return self.world.inbound(who, Kind.TAP, chat, tap=button.data, tapped=on.id)
        while code := CODE.search(said):
            made = await (self.world.staff_code(code[2]) if code[1] else self._home_code(code[2], code[3]))
            said = said.replace(code[0], made)
        while scan := SCAN.search(said):
            self.printed = await self.world.scan(scan[1])
            said = said.replace(scan[0], self.printed.scene)
        known = {
            "shown pass": self.passes[-1] if self.passes else "",
            "first pass": self.passes[0] if self.passes else "",
            "shown code": self.shown_code,
            "same scan": self.printed.scene,
            "pin": self.printed.pin,
        }
        for name, value in known.items():
            said = said.replace(f"{{{name}}}", value)
        return self._marked(who, chat, said.replace("⏎", "\n"))

    async def _home_code(self, home: str, role: str | None) -> str:
        return await self.world.code(home, role or "owner")

    def _in_words(self, chat: str, label: str) -> str:
        """What is written where no button is shown: its sign in the newest list, or its words."""
        if self.world.residents != "words":
            return ""
        posts = self.world.chats.get(chat, [])
        for post in reversed(posts):
            if any(button.label == label for row in post.message.buttons for button in row):
                return ""
            lines = post.message.text.splitlines()
            signs = [line.partition(". ")[0] for line in lines if line.endswith(f". {label}")]
            if signs and post is posts[-1]:
                return signs[-1]
            if signs or any(label in SPELT.split(line) for line in lines):
                return label
        return label if posts else ""

    def _button(self, chat: str, label: str, *, old: bool) -> tuple[Button, Post]:
        if not old:
            return self.world.button(chat, label)
        for place, post in reversed(self.world.log):
            for button in (button for row in post.message.buttons for button in row):
                if place == chat and button.label == label:
                    return button, post
        raise AssertionError(f"{chat} never showed [{label}]")

    def _marked(self, who: str, chat: str, said: str) -> Inbound:
        mark = MARK.fullmatch(said)
        if mark is None:
            return self.world.inbound(who, Kind.TEXT, chat, text=said)
        name, argument, quoted, rest = mark[1], mark[2] or "", mark[3] or "", mark[4]
        match name:
            case "photo":
                media = Media(f"photo-{next(self.world.ids)}", album=argument)
                return self.world.inbound(who, Kind.PHOTO, chat, text=rest, media=media)
            case "reply":
                return replace(self._marked(who, chat, rest), reply_to=self._answered(chat or who, quoted))
            case "edit":
                was = next(one for one in reversed(self.world.sent) if self._wrote(one, who, quoted))
                return replace(self.world.inbound(who, Kind.EDIT, chat, text=rest), ref=was.ref)
            case "again":
                return next(one for one in reversed(self.world.sent) if one.account == who)
            case "contact":
                return self.world.inbound(who, Kind.CONTACT, chat, phone=argument)
            case "location":
                return self.world.inbound(who, Kind.LOCATION, chat)
            case "blocks" | "unblocks":
                return self.world.inbound(who, Kind.BLOCKED if name == "blocks" else Kind.UNBLOCKED)
        return self.world.inbound(who, Kind.UNFIT, chat, text=rest, strange=name)

    @staticmethod
    def _wrote(inbound: Inbound, who: str, words: str) -> bool:
        return inbound.account == who and inbound.kind is not Kind.EDIT and words in inbound.text

    def _answered(self, chat: str, words: str) -> str:
        for post in reversed(self.world.chats[chat]):
            if words in f"{post.message.title}\n{post.message.text}":
                return post.id
        raise AssertionError(f"nobody said {words!r} in {chat}")

    async def _seen(self, *, quiet: bool = False) -> None:
        """Write down what the phones show since the last line."""
        new = self.world.log[self.seen :]
        self.seen = len(self.world.log)
        if not new and not quiet and "!" not in self.out[-1]:
            self.out.append("(nothing)")
        for chat, post in new:
            first, *more = [await self._covered(line) for line in shown(post)]
            self.out.append(f"{chat}{'~' if post.edited else '<'} {first}")
            self.out.extend(f"    {line}".rstrip() for line in more)

    async def _covered(self, line: str) -> str:
        """A line without the one-time code in it, which is another one each time."""
        for found in SHOWN.findall(line):
            async with self.world.database.reading() as session:
                if await session.scalar(select(Code.id).where(Code.digest == binding.digest(found))):
                    self.shown_code, line = found, line.replace(found, "{shown code}")
        for found in PASS.findall(line):
            async with self.world.database.reading() as session:
                if await session.scalar(select(GatePass.id).where(GatePass.code == found)):
                    self.passes += [] if found in self.passes else [found]
                    line = line.replace(found, "{shown pass}" if found == self.passes[-1] else "{first pass}")
        return line


def shown(post: Post) -> Iterator[str]:
    """A message as a phone shows it."""
    message = post.message
    if message.title:
        yield f"*{message.title}*"
    yield from message.text.splitlines()
    if message.pictures:
        yield f"({len(message.pictures)} × photo)"
    if message.mention:
        yield f"({', '.join(f'@{one}' for one in message.mention)})"
    if message.contact:
        yield f"[{message.contact}]"
    for row in message.buttons:
        yield " ".join(f"[{button.label}]" for button in row)
