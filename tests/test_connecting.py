"""The pages about WeChat and WeCom are followed to the letter: typed, saved in a console, used by people."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.wechat.webhook import PATH as WECHAT
from bot.wecom.door import PATH as WECOM
from tests.emulators.wechat import Kind, WechatServer
from tests.emulators.wecom import WecomServer
from tests.reading import ROOT, Block, Terminal, blocks, codes, copy

HOW_TO = ROOT / "docs/how-to"
WAIT = 20.0
SEEDED = "WUBU_PUBLIC_URL= WUBU_DEMO=1 .venv/bin/python main.py db upgrade"
"""The community that the pages speak of; a real one is there already."""


def typed(page: str, language: str = "bash") -> list[Block]:
    return [block for block in blocks(HOW_TO / page) if block.language == language]


def exports(script: str) -> dict[str, str]:
    """What a script puts into the environment, by name."""
    return dict(re.findall(r"^export (\w+)=(\S+)$", script, re.MULTILINE))


def path_of(page: str) -> str:
    """Where the page has the platform deliver."""
    found: set[str] = set(
        re.findall(r"`https://desk\.example\.org(/\S+)`", (HOW_TO / page).read_text("utf-8"))
    )
    (path,) = found
    return path


def free_ports(number: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def asked(place: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(place / "var/wubu.db")) as database:
        return database.execute(query).fetchall()


@asynccontextmanager
async def running(terminal: Terminal, script: str) -> AsyncIterator[str]:
    """The address of the program that a script starts, while it runs."""
    try:
        said = await terminal.leave_running(script)
        assert "http://" in said, said
        yield said.split()[-1]
    finally:
        await terminal.close()


async def test_an_official_account_is_connected_as_the_page_says(tmp_path: Path) -> None:
    page = "connect-wechat.md"
    start, menu, qr = typed(page)
    given = exports(start.text)
    account = _account(given)
    async with WechatServer(**account) as wechat:
        terminal = Terminal(copy(tmp_path), **given, WUBU_WECHAT_API=wechat.url)
        await terminal.type(SEEDED)
        async with running(terminal, start.text) as address:
            assert path_of(page) == WECHAT
            await wechat.push_to(address + WECHAT)
            assert await terminal.type(menu.text) == menu.says
            assert await terminal.type(qr.text) == ""
            assert (terminal.place / "home.png").exists()
            await _scanned_and_bound(wechat, terminal.place)


def _account(given: Mapping[str, str]) -> dict[str, Any]:
    """The settings of an account, as the emulator is told them."""
    names = {name.removeprefix("WUBU_WECHAT_").lower(): value for name, value in given.items()}
    return {name: names[name] for name in ("appid", "secret", "token", "aes_key") if name in names}


async def _scanned_and_bound(wechat: WechatServer, place: Path) -> None:
    """Somebody follows by the code, and proves that the home is theirs."""
    ((number,),) = asked(
        place,
        "SELECT number FROM phone JOIN membership USING (resident_id) JOIN home ON home.id = home_id"
        " WHERE home.name = '3-1201' AND phone.rank = 0 LIMIT 1",
    )
    li = wechat.person("李")
    (scene,) = wechat.world.scenes.made
    await (await li.scan(scene.value)).settled()
    await li.wait_for("后四位", WAIT)
    await (await li.say(number[-4:])).settled()
    await (await li.say("同意")).settled()
    await li.wait_for("3-1201", WAIT)
    assert "我的工单" in str(li.menu)


def test_keys_are_changed_as_the_page_says() -> None:
    (block,) = typed("connect-wechat.md", "ini")
    name, _, keys = block.text.strip().partition("=")
    account = {"wechat_appid": "wx1", "wechat_secret": "s", "wechat_token": "t"}
    assert Settings(**account, **{name.removeprefix("WUBU_").lower(): keys}).wechat_aes_key == keys  # type: ignore[arg-type]
    assert keys.partition(",")[2] == exports(typed("connect-wechat.md")[0].text)[name]


async def test_a_test_account_is_connected_as_the_page_says(tmp_path: Path) -> None:
    (start,) = typed("connect-a-wechat-test-account.md")
    given = exports(start.text)
    account = _account(given)
    async with WechatServer(**account, kind=Kind.TEST) as wechat:
        terminal = Terminal(copy(tmp_path), **given, WUBU_WECHAT_API=wechat.url)
        async with running(terminal, start.text) as address:
            await wechat.push_to(address + WECHAT)
            li = wechat.person("李")
            await (await li.follow()).settled()
            await li.wait_for("物业服务中心", WAIT)
            (code,) = codes(await terminal.type(".venv/bin/python main.py home code HPY 3-1201"))
            await (await li.say(code)).settled()
            await (await li.say("同意")).settled()
            await li.wait_for("3-1201", WAIT)


async def test_wecom_is_connected_as_the_page_says(tmp_path: Path) -> None:
    page = "connect-wecom.md"
    robot, start, staff, team = typed(page)
    given = exports(start.text)
    corpid, agentid = given["WUBU_WECOM_CORPID"], int(given["WUBU_WECOM_AGENTID"])
    async with WecomServer(corpid=corpid, agentid=agentid) as wecom:
        script = _with_what_the_console_shows(start.text, given, wecom)
        terminal = Terminal(copy(tmp_path), **exports(script), WUBU_WECOM_API=wecom.url)
        await terminal.type(SEEDED)
        async with running(terminal, script) as address:
            assert path_of(page) == WECOM
            await wecom.push_to(address + WECOM)
            (code,) = codes(await terminal.type(staff.text))
            wang = wecom.member("wang")
            await wang.say(f"/staff {code}").settled()
            await wang.wait_for("Wang Jianguo", WAIT)
            await terminal.type(robot.text + team.text)
        bound = asked(terminal.place, "SELECT channel, bot, chat FROM staff_group WHERE channel <> 'web'")
        (key,) = re.findall(r"--chat (\S+)", robot.text)
        app = ("wecom", f"{corpid}.{agentid}", "team.HPY.repair")
        assert sorted(bound) == [("robot", "wecom", key), app]


def _with_what_the_console_shows(script: str, given: Mapping[str, str], wecom: WecomServer) -> str:
    """The script with the secrets that the app really has."""
    for name in ("secret", "token", "aes_key"):
        script = script.replace(given[f"WUBU_WECOM_{name.upper()}"], str(getattr(wecom, name)))
    return script


# --- without an account


async def test_the_emulator_of_wechat_is_used_as_the_page_says(tmp_path: Path) -> None:
    emulator, program, people, _ = typed("use-the-emulators.md")
    there, here = free_ports(2)
    place = copy(tmp_path)
    wechat, wubu = Terminal(place), Terminal(place, WUBU_PORT=str(here))

    def moved(block: Block) -> str:
        return block.text.replace("8082", str(there)).replace("8000", str(here))

    try:
        settings = json.loads(await wechat.leave_running(moved(emulator)))
        given = {name.removeprefix("WUBU_").lower(): value for name, value in exports(moved(program)).items()}
        assert given == settings
        async with running(wubu, moved(program)):
            said = list(_documents(await wubu.type(moved(people))))
    finally:
        await wechat.close()
    assert [one.get("outcome") for one in said] == [None, "answered", "answered", None]
    shown = [bubble["text"] for bubble in said[-1]["bubbles"]]
    assert "厨房水龙头漏水" in shown
    assert any("绑定" in text or "房" in text for text in shown)
    assert said[-1]["allowance"] > 0


def _documents(said: str) -> Iterator[Any]:
    """JSON after JSON, as several answers print it."""
    rest = said.strip()
    while rest:
        found, end = json.JSONDecoder().raw_decode(rest)
        yield found
        rest = rest[end:].lstrip()


async def test_the_emulator_of_wecom_is_used_as_the_page_says(tmp_path: Path) -> None:
    (play,) = typed("use-the-emulators.md", "python")
    there, here = free_ports(2)
    place = copy(tmp_path)
    script = play.text.replace("8083", str(there)).replace("8000", str(here))
    (place / "play.py").write_text(script, encoding="utf-8")
    wubu = Terminal(place, WUBU_PORT=str(here), WUBU_DEMO="1")
    pipe = asyncio.subprocess.PIPE
    played = await asyncio.create_subprocess_exec(
        sys.executable, "play.py", cwd=place, stdin=pipe, stdout=pipe
    )
    try:
        told = await _until(played, "press Enter")
        program = "\n".join((told.rpartition("\n")[0], ".venv/bin/python main.py run"))
        async with running(wubu, program):
            (code,) = codes(
                await wubu.type(".venv/bin/python main.py staff add Wang --community HPY --role technician")
            )
            assert played.stdin is not None
            played.stdin.write(f"\n/staff {code}\n".encode())
            assert "Wang" in await _until(played, "✅")
            played.stdin.write(b"\n")
            assert await asyncio.wait_for(played.wait(), WAIT) == 0
    finally:
        if played.returncode is None:
            played.kill()
            await played.wait()


async def _until(process: asyncio.subprocess.Process, wanted: str) -> str:
    """What a program prints, up to the line with these words."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(WAIT):
        while wanted not in said:
            line = (await process.stdout.readline()).decode()
            assert line, f"it ended: {said}"
            said += line
    return said.rstrip("\n")
