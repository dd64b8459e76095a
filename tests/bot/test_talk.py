"""A resident talks in a terminal: what is piped in is answered by the real desk, and the group looks on."""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.office import Impossible, home_code
from bot.settings import Settings
from bot.talk import converse
from bot.terminal import TerminalChannel, typed
from handlers.envelopes import Button, Kind, Outgoing
from models import Account, Conversation, Outbox, Resident, Ticket
from models.database import Database

ROOT = Path(__file__).parent.parent.parent
REPAIR = ["水龙头一直在滴水", "家里", "水管龙头", "否", "跳过", "1", "1", "提交"]


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody who types, and what they read."""

    settings: Settings

    async def __call__(self, *lines: str, home: str = "", language: str = "") -> str:
        """Type lines, then close; returns the whole screen."""
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as keyboard:
            keyboard.write("".join(f"{line}\n" for line in lines).encode())
        screen = io.StringIO()
        try:
            await converse(self.settings, home=home, language=language, source=reader, out=screen)
        finally:
            os.close(reader)
        return screen.getvalue()


@pytest.fixture
def terminal(sqlite_url: str, tmp_path: Path) -> Terminal:
    return Terminal(Settings(database_url=sqlite_url, demo=True, var=tmp_path / "var"))


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


async def test_a_repair_is_reported_in_the_terminal(terminal: Terminal, database: Database) -> None:
    screen = await terminal(*REPAIR, home="3-1201")
    assert "\n> 水龙头一直在滴水\n" in screen
    number = re.search(r"HPY-\d{4}-00001", screen)
    assert number, screen
    group = [line for line in screen.splitlines() if line.startswith("  ┆ ")]
    assert any(number[0] in line for line in group), screen
    assert any("水龙头一直在滴水" in line for line in group)
    assert not any("3-1201" in line or "13900001" in line for line in group), "the group sees no door number"
    async with database.reading() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        resident = await session.get_one(Resident, ticket.resident_id)
    assert (ticket.number, ticket.state, ticket.details["text"]) == (number[0], "new", "水龙头一直在滴水")
    assert resident.name == "陈明"


async def test_a_number_presses_the_button_it_stands_for(terminal: Terminal) -> None:
    screen = await terminal("1", "1")
    menu, service, answered = (part.splitlines() for part in screen.split("\n> 1\n"))
    assert [line for line in menu if line.startswith("< 1. ")] == ["< 1. 报修"]
    assert service[0].startswith("< 【报修 1/")
    assert answered[0].startswith("< 【报修 2/")


async def test_the_conversation_goes_on_where_it_was_left(terminal: Terminal) -> None:
    await terminal("水龙头一直在滴水", "家里")
    screen = await terminal("水管龙头")
    assert "【报修 3/" in screen


async def test_a_transcript_can_be_piped_in(terminal: Terminal) -> None:
    assert "\n> 报修\n< 【报修" in await terminal("> 报修")


async def test_english_is_spoken_on_request(terminal: Terminal) -> None:
    assert "Repair" in await terminal("repair", language="en")
    assert "Repair" in await terminal("repair"), "it stays so"


async def test_the_end_of_the_input_ends_it(terminal: Terminal, database: Database) -> None:
    screen = await terminal()
    assert screen.startswith("< ")
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Conversation)) == 1
        waiting = select(Outbox.id).where(Outbox.channel == TerminalChannel.name, Outbox.state != "sent")
        assert (await session.scalars(waiting)).all() == []


async def test_who_has_left_the_terminal_is_told_on_the_page(terminal: Terminal, database: Database) -> None:
    async def accounts() -> dict[str, bool]:
        async with database.reading() as session:
            sitting = select(Account.external_id).where(Account.channel == "terminal")
            found = await session.scalars(select(Account).where(Account.external_id.in_(sitting)))
            return {account.channel: account.reachable for account in found}

    await terminal()
    assert await accounts() == {"terminal": False, "web": True}
    reader, writer = os.pipe()
    screen = io.StringIO()
    talking = asyncio.create_task(
        converse(terminal.settings, home="", language="", source=reader, out=screen)
    )
    for _ in range(200):
        await asyncio.sleep(0.05)
        if "1. 报修" in screen.getvalue():
            break
    assert await accounts() == {"terminal": True, "web": True}
    os.close(writer)
    await talking
    os.close(reader)
    assert await accounts() == {"terminal": False, "web": True}


async def test_nobody_lives_there(terminal: Terminal) -> None:
    with pytest.raises(Impossible, match="9-9999"):
        await terminal(home="9-9999")
    with pytest.raises(Impossible, match="Klingon"):
        await terminal(language="Klingon")


async def test_without_the_demo_one_is_a_newcomer_with_a_code(sqlite_url: str, tmp_path: Path) -> None:
    demo = Settings(database_url=sqlite_url, demo=True, var=tmp_path)
    code = await home_code(demo, community="HPY", home="2-501", role="owner")
    terminal = Terminal(demo.model_copy(update={"demo": False}))
    with pytest.raises(Impossible, match="WUBU_DEMO"):
        await terminal(home="3-1201")
    screen = await terminal(code, "同意", "报修")
    database = Database(sqlite_url)
    async with database.reading() as session:
        account = (await session.scalars(select(Account).filter_by(channel="terminal"))).one()
    await database.close()
    assert account.external_id.startswith("guest:")
    assert account.resident_id is not None
    assert "2-501" in screen
    assert "【报修 1/" in screen


async def test_a_notice_does_not_take_the_numbers_of_the_question_above() -> None:
    channel = TerminalChannel("resident:1", io.StringIO())
    channel.answering = True
    await channel.send("resident:1", Outgoing("?", buttons=((Button("Repair", "m.repair"),),)))
    channel.answering = False
    await channel.send("resident:1", Outgoing("!", buttons=((Button("Show", "t.1.show"),),)))
    assert channel.heard("1").tap == "m.repair"
    assert channel.heard("a").tap == "t.1.show"
    said = channel.heard("2")
    assert (said.kind, said.text, said.tap) == (Kind.TEXT, "2", "")


async def test_lines_come_whole_however_the_bytes_arrive() -> None:
    reader, writer = os.pipe()
    heard: list[str] = []

    async def listen() -> None:
        heard.extend([line async for line in typed(reader)])

    listening = asyncio.create_task(listen())
    for byte in "水龙头\n坏了".encode():
        os.write(writer, bytes([byte]))
        await asyncio.sleep(0)
    os.close(writer)
    await listening
    os.close(reader)
    assert heard == ["水龙头", "坏了"]


def test_it_is_a_program_that_reads_a_pipe(tmp_path: Path) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WUBU_")}
    talked = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "talk", "--as", "3-1201"],
        input="水龙头漏水\n",
        env=plain
        | {
            "WUBU_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/wubu.db",
            "WUBU_VAR": str(tmp_path),
            "WUBU_DEMO": "1",
            "PYTHONIOENCODING": "utf-8",
        },
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (talked.returncode, talked.stderr) == (0, "")
    assert "> 水龙头漏水\n< 【报修 1/" in talked.stdout
