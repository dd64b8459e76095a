"""A story is played twice at once, in its own world and before the program, and looks the same all along."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import partial
from itertools import dropwhile, takewhile
from pathlib import Path

from sqlalchemy import func, select

from handlers.envelopes import Inbound, Kind
from models import Attachment, Due, Outbox, Ticket, TicketEvent
from tests.players.clockwork import Clockwork
from tests.players.rehearsal import CODE, Rehearsal
from tests.players.stage import Script, Sight, Stage, sight
from tests.premises import WAIT
from tests.transcripts.script import INPUT, MARK, TAP, Play, lines_of
from tests.world import World


@dataclass
class Performance:
    """One story before the program; `looked` counts the messages that were found as they should be."""

    script: Script
    stage: Stage
    ours: Rehearsal
    theirs: World
    clock: Clockwork
    looked: int = 0
    line: str = ""
    _known: int = 0
    _play: Play = field(init=False)
    _other: Play = field(init=False)

    def __post_init__(self) -> None:
        self._play, self._other = Play(self.ours), Play(self.theirs)
        self.ours.passed = self._pass

    @classmethod
    async def of(
        cls, story: Path, stage: Stage, ours: Rehearsal, theirs: World, clock: Clockwork
    ) -> Performance:
        """Everybody of a story takes their places; the program is to be opened then."""
        script = Script(lines_of(await asyncio.to_thread(story.read_text, encoding="utf-8")))
        made = cls(script, stage, ours, theirs, clock)
        for line in takewhile(_arranges, script.lines):
            await made._arrange(line)
        await stage.settle(script)
        clock.turn(ours.now)
        return made

    async def run(self) -> None:
        """Play it to its end. Raises AssertionError with what looks different, and after which line."""
        for line in dropwhile(_arranges, self.script.lines):
            self.line = line
            self._known, hints = len(self.ours.log), len(self.ours.hints)
            self.clock.turn(self.ours.now)
            if _arranges(self.line):
                await self._arrange(self.line)
                await self.stage.settle(self.script)
                continue
            if await self._is_gone():
                continue
            await self._play._line(self.line)
            if (found := INPUT.fullmatch(self.line)) is not None:
                await self._also(self.ours.sent[-1], found[1], found[2] or "", found[3])
            await self._look()
            await self._remark(self.ours.hints[hints:])
        await self._look(everywhere=True)
        await self._ends_alike()

    async def _is_gone(self) -> bool:
        """Whether somebody taps an old button that this channel shows no more."""
        found = INPUT.fullmatch(self.line)
        tap = TAP.fullmatch(found[3]) if found else None
        if found is None or tap is None or tap[2] != "old":
            return False
        return not await self.stage.keeps(found[1], found[2] or "", self.ours.there(tap[1]))

    async def _arrange(self, line: str) -> None:
        """What is so in the story is so before the program."""
        for play in (self._play, self._other):
            await play._line(line)

    async def _also(self, said: Inbound, who: str, chat: str, line: str) -> None:
        """Before the program, what was done in the story's own world just now."""
        if await self.stage.arranged(who, chat, said.text):
            for place, post in self.ours.log[self._known :]:
                self.ours.chats[place] = [one for one in self.ours.chats[place] if one.id != post.id]
            return
        await self._do(said, who, chat, line)

    async def _do(self, said: Inbound, who: str, chat: str, line: str) -> None:
        text, mark = self.ours.there(said.text), MARK.fullmatch(line)
        quoted = self.ours.there(mark[3] or "") if mark else ""
        match said.kind:
            case Kind.TAP:
                tap = TAP.fullmatch(line)
                assert tap is not None
                await self.stage.tap(who, chat, self.ours.there(tap[1]), old=tap[2] == "old")
            case Kind.PHOTO:
                await self.stage.photo(who, chat, text, quoted)
            case Kind.EDIT:
                await self.stage.edit(who, chat, quoted, text)
            case Kind.CONTACT:
                await self.stage.contact(who, said.phone)
            case _:
                await self.stage.say(who, chat, text, quoted)

    async def _pass(self) -> None:
        """A moment of the story has come: let the program do what is due then."""
        self.clock.turn(self.ours.now)
        await self._until(self._unsettled)

    async def _look(self, *, everywhere: bool = False) -> None:
        """Wait until people see what they see in the story: those in whose chats something was said."""
        self.clock.turn(self.ours.now)
        await self.stage.idle()
        await self._until(self._unsettled)
        chats = {chat for chat, _ in self.ours.log[self._known :]}
        for chat in self.ours.chats if everywhere else chats:
            await self._until(partial(self._different, chat))

    async def _until(self, wrong: Callable[[], Awaitable[str]]) -> None:
        ends = time.monotonic() + WAIT
        while why := await wrong():
            assert time.monotonic() < ends, f"after {self.line!r}\n{why}"
            await asyncio.sleep(0.02)

    async def _unsettled(self) -> str:
        """Whether something is due in the program, or waits to be sent."""
        now = self.ours.now
        async with self.theirs.database.reading() as session:
            due = select(func.count()).select_from(Due).where(Due.done_at.is_(None), Due.at <= now)
            held = (Outbox.state == "sending") | ((Outbox.state == "pending") & (Outbox.not_before <= now))
            waits = select(func.count()).select_from(Outbox).where(held)
            left = f"due: {await session.scalar(due)}, to be sent: {await session.scalar(waits)}"
            return "" if left == "due: 0, to be sent: 0" else left

    async def _different(self, chat: str) -> str:
        """How a chat differs from the story's; "" when they are alike, or nobody looks."""
        seen, posts = await self.stage.seen(chat), self.ours.chats[chat]
        if seen is None:
            return ""
        told = [sight(post.message, contact=self.stage.can.contact) for post in posts]
        if Counter(map(self.stage.plain, told)) != Counter(map(self.stage.plain, seen)):
            return _diff(chat, told, seen)
        self._learn(told, seen)
        new = {post.id for place, post in self.ours.log[self._known :] if place == chat}
        found = [one for post, one in zip(posts, told, strict=True) if post.id in new]
        for one in found:
            if not any(self._alike(one, other) for other in seen):
                return _diff(chat, [one], seen)
        self.looked += len(found)
        return ""

    def _alike(self, one: Sight, other: Sight) -> bool:
        return (self.stage.plain(one), one.labels) == (self.stage.plain(other), other.labels)

    def _learn(self, told: Sequence[Sight], seen: Sequence[Sight]) -> None:
        there = {other.plain: other.words for other in seen if CODE.search(other.words)}
        for one in told:
            if one.plain in there:
                self.ours.learn(one.words, there[one.plain])

    async def _remark(self, hints: Sequence[str]) -> None:
        if hints and self.ours.sent[-1].kind is Kind.TAP:
            who = self.ours.sent[-1].account
            assert await self.stage.remarked(who) == hints[-1], f"after {self.line!r}"

    async def _ends_alike(self) -> None:
        ours, theirs = [await _outcome(world) for world in (self.ours, self.theirs)]
        assert theirs == ours
        assert self.looked > 3


def _arranges(line: str) -> bool:
    """Whether a line says how things are, and nobody does anything."""
    return line.startswith(("#", "%"))


def _diff(chat: str, told: Sequence[Sight], seen: Sequence[Sight]) -> str:
    one, other = (
        [line for each in sights for line in (*each.plain.splitlines(), str(list(each.labels)))]
        for sights in (told, seen)
    )
    return "\n".join(unified_diff(one, other, f"{chat} in the story", f"{chat} as it is", lineterm=""))


async def _outcome(world: World) -> dict[str, list[tuple[object, ...]]]:
    """The tickets, what happened to them, and how many photos were kept."""
    async with world.database.reading() as session:
        tickets = await session.scalars(select(Ticket).order_by(Ticket.id))
        found: dict[str, list[tuple[object, ...]]] = {
            "tickets": [
                (one.number, one.kind, one.state, one.urgent, one.details, one.rating, one.outcome)
                for one in tickets
            ]
        }
        events = await session.scalars(select(TicketEvent).order_by(TicketEvent.id))
        found["events"] = [
            (one.ticket_id, one.action, one.from_state, one.to_state, one.note, one.at) for one in events
        ]
        found["photos"] = [(await session.scalar(select(func.count()).select_from(Attachment)),)]
        return found
