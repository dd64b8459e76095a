"""The program before which a story is played, with a clock that is the story's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import delete, func, select

from models import Shift
from models.database import Database
from tests.browser.screen import words
from tests.estate import Estate
from tests.players.clockwork import VARIABLE, Clockwork
from tests.players.playing import Performance
from tests.players.rehearsal import furnished, rehearsal
from tests.players.telegram import TelegramStage
from tests.players.web import Opens, WebStage
from tests.premises import Premises
from tests.program import Program, surroundings


class _Timed(Premises):
    """`clock` is what the program tells the time by."""

    @property
    def clock(self) -> Clockwork:
        return Clockwork(self.folder / "clockwork")

    def timed(self, given: Mapping[str, str]) -> dict[str, str]:
        return {**given, VARIABLE: str(self.clock.path), "WUBU_TICK_SECONDS": "0.1"}

    def over(self, performance: Performance) -> None:
        """What was said is nobody's business in a log."""
        self.secrets |= {one.text for one in performance.ours.sent if len(one.text) > 8}


class OnTelegram(_Timed, Estate):
    """The program with people on Telegram."""

    @property
    def environment(self) -> dict[str, str]:
        return self.timed(super().environment)

    async def play(self, story: Path, own: Database) -> None:
        """A story to its end; `own` is a database for the story's own world."""
        theirs = await furnished(self.database, story.parent.name, TelegramStage.can)
        stage = TelegramStage(self.tg, theirs)
        ours = await rehearsal(own, story.parent.name, stage.can, theirs)
        performance = await Performance.of(story, stage, ours, theirs, self.clock)
        await self.open()
        await performance.run()
        self.over(performance)
        assert not self.tg.violations


class OnTheWeb(_Timed):
    """The program with its demo page, and nobody in it but the people of the story."""

    @property
    def environment(self) -> dict[str, str]:
        return self.timed(surroundings(self.folder, self.url, demo=1))

    async def play(self, story: Path, own: Database, opens: Opens, picture: Path) -> None:
        """A story to its end; `opens` opens a window with the page, `picture` is what people photograph."""
        theirs = await furnished(self.database, story.parent.name, WebStage.can)
        stage = WebStage(theirs, opens, picture)
        ours = await rehearsal(own, story.parent.name, stage.can, theirs)
        ours.strangers = words("web.guest.name", story.parent.name)
        performance = await Performance.of(story, stage, ours, theirs, self.clock)
        await self._open()
        await stage.sit()
        await performance.run()
        self.over(performance)

    async def _open(self) -> None:
        """The program starts; on duty are those of the story alone, not those that the demo adds."""
        (before,) = await self.rows(select(func.max(Shift.id)))
        self.programs.append(Program(self.nursery, self.environment, self.folder))
        await self.program.start()
        async with self.database.transaction() as session:
            await session.execute(delete(Shift).where(Shift.id > before))
