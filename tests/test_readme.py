"""The README is followed to the letter: its commands are typed, and what they print is what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from typer.main import get_command

import main
from bot.settings import Settings
from tests.emulators.telegram import TelegramEmulator
from tests.reading import ROOT, Block, Terminal, alike, blocks, codes, copy

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
BOTH = pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
TOKEN = "123456789:AAE-the-token-BotFather-gave-you"
FEW_TESTS = "tests/bot/test_budget.py"
"""`make test` is typed as it stands, but told by pytest's own variable to run one file: not this one."""
WAIT = 20.0


@pytest.fixture
async def tg() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
async def terminal(tmp_path: Path, tg: TelegramEmulator) -> AsyncIterator[Terminal]:
    """A shell in a fresh copy, on a machine whose Telegram is ours."""
    opened = Terminal(copy(tmp_path), WUBU_TELEGRAM_API=tg.url, PYTEST_ADDOPTS=FEW_TESTS)
    yield opened
    await opened.close()


async def test_every_command_works_as_the_readme_says(terminal: Terminal, tg: TelegramEmulator) -> None:
    typed = [block for block in blocks(ENGLISH) if block.language == "bash"]
    printed = [await _typed(terminal, block) for block in typed]
    for block, said in zip(typed, printed, strict=True):
        assert block.says is None or alike(said) == alike(block.says), block.text
    assert [block.text for block in typed].count("make run\n") == 1
    assert any(re.search(r"\d+ passed", said) for said in printed)
    technician, home = next(found for said in printed if (found := codes(said)))
    await _the_five_steps(tg, technician, home)


async def _typed(terminal: Terminal, block: Block) -> str:
    runs_on = block.text.rstrip().endswith("make run")
    return await (terminal.leave_running(block.text) if runs_on else terminal.type(block.text))


async def _the_five_steps(tg: TelegramEmulator, technician: str, home: str) -> None:
    """What the README asks to be done in Telegram, with the codes that its commands printed."""
    wang = tg.user(1001, "Wang", language_code="en")
    await wang.send(f"/staff {technician}")
    await wang.wait_for("your staff account is linked", WAIT)
    group = tg.group(-2001, "Repairs", owner=wang)
    await group.add_bot(by=wang)
    await group.wait_for("/bind", WAIT)
    await wang.send("/bind repair", chat=group)
    await group.wait_for("✅", WAIT)
    li = tg.user(1002, "Li", language_code="en")
    await li.send(home)
    await li.wait_for("2026-11", WAIT)
    await asyncio.sleep(1.1)  # nobody reads it faster, and Telegram wants a second between messages
    await li.tap("m.consent.yes")
    await li.wait_for("3-1201", WAIT)
    await li.send("the kitchen tap is leaking")
    await li.wait_for("Where is it?", WAIT)
    assert not tg.violations


def test_every_block_is_a_command_what_it_prints_or_a_drawing_of_the_house() -> None:
    strange = [block for block in blocks(ENGLISH) if block.language != "bash"]
    assert [block.text.split()[0] for block in strange] == ["main.py"]


def test_both_readmes_have_the_same_blocks_and_pictures() -> None:
    assert list(blocks(ENGLISH)) == list(blocks(CHINESE))
    assert _pictures(ENGLISH, "en") == _pictures(CHINESE, "zh_CN")
    assert len(_pictures(ENGLISH, "en")) >= 3


def _pictures(page: Path, locale: str) -> list[str]:
    """What is shown on the pictures; each README has them in its own language."""
    return re.findall(rf"!\[.+?\]\(docs/images/{locale}-(.+?)\)", page.read_text("utf-8"))


def test_both_readmes_have_the_same_chapters() -> None:
    depths = [re.findall(r"^#+(?= )", page.read_text("utf-8"), re.MULTILINE) for page in (ENGLISH, CHINESE)]
    assert depths[0] == depths[1]
    assert len(depths[0]) > 8


@BOTH
def test_the_settings_are_those_there_are(page: Path) -> None:
    told = dict(re.findall(r"^\| `WUBU_(\w+)` \|([^|]*)\|", page.read_text("utf-8"), re.MULTILINE))
    assert {name.lower() for name in told} == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        shown = re.findall(r"`([^`]+)`", told[name.upper()])
        assert _default(field) in (*shown[:1], ""), name


def _default(field: FieldInfo) -> str:
    value = "" if field.default is None else field.default
    return f"{value:g}" if isinstance(value, bool | int | float) else str(value)


@BOTH
def test_the_commands_are_those_there_are(page: Path) -> None:
    rows = re.findall(
        r"^\| `python main\.py ([a-z ]+?)(?: [A-Z-].*?)?` \|", page.read_text("utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted(_commands())


def _commands() -> Iterator[str]:
    return _below(get_command(main.app))


def _below(command: Any, *before: str) -> Iterator[str]:
    """What can be typed, however deep the groups of commands go."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(before)
        return
    for name, one in inner.items():
        yield from _below(one, *before, name)


@BOTH
def test_every_target_of_make_is_told(page: Path) -> None:
    told = {*re.findall(r"`make (\w+)`", page.read_text("utf-8"))}
    contributing = {*re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))}
    there = {*re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)}
    assert told <= there
    assert told | contributing == there
