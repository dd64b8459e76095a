"""The command line, each command as a process of its own: what it prints, and how it fails."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import select

import main
from handlers import demo
from handlers.people import binding
from models import Code, Community, Group, Home, Staff, StaffRole, schema
from models.database import Database
from tests.postgres import wait_for

ROOT = Path(__file__).parent.parent
CODE = re.compile(rf"[{binding.ALPHABET}]{{{binding.LENGTH}}}\n")
Answer = subprocess.CompletedProcess[str]
Here: TypeAlias = Callable[..., Answer]


class Program:
    """`python main.py` in a folder of its own."""

    def __init__(self, folder: Path, url: str = "", **settings: str) -> None:
        self.url = url or f"sqlite+aiosqlite:///{folder}/var/wubu.db"
        plain = {name: value for name, value in os.environ.items() if not name.startswith("WUBU_")}
        given = {"WUBU_DATABASE_URL": self.url, "WUBU_VAR": str(folder / "var"), "PYTHONWARNINGS": "error"}
        self.folder = folder
        self.environment = plain | given | {f"WUBU_{name}": value for name, value in settings.items()}

    def __call__(self, *words: str, said: str = "", **settings: str) -> Answer:
        return subprocess.run(
            self.words(words),
            cwd=self.folder,
            env=self.environment | {f"WUBU_{name}": value for name, value in settings.items()},
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def words(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, str(ROOT / "main.py"), *words]


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program over the demo community."""
    folder = tmp_path_factory.mktemp("settled")
    program = Program(folder)
    wait_for(_settle(program.url))
    return program


async def _settle(url: str) -> None:
    database = Database(url)
    await schema.upgrade(database)
    async with database.transaction() as session:
        await demo.seed(session, datetime.now(UTC))
    await database.close()


@pytest.fixture
async def database(settled: Program) -> AsyncIterator[Database]:
    """A second way to look at what the program has written."""
    opened = Database(settled.url)
    yield opened
    await opened.close()


def fails_in_one_line(answer: Answer, *wanted: str) -> None:
    assert answer.returncode != 0
    assert answer.stdout == ""
    assert answer.stderr.startswith("wubu: ")
    assert answer.stderr.count("\n") == 1, answer.stderr
    for words in wanted:
        assert words in answer.stderr


COMMANDS = (
    (),
    ("run",),
    ("talk",),
    ("home", "code"),
    ("resident", "merge"),
    ("resident", "undo"),
    ("staff", "add"),
    ("group", "bind"),
    ("db", "upgrade"),
    ("import",),
    ("export",),
    ("erase",),
    ("wechat", "menu", "push"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], tmp_path: Path) -> None:
    program = Program(tmp_path)
    answer = program(*command, "--help")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("Usage: ")
    assert answer.stderr == ""
    assert not list(tmp_path.iterdir()), "asking for help leaves nothing behind"


async def test_a_home_gets_a_code_alone_on_one_line(settled: Program, database: Database) -> None:
    answer = settled("home", "code", "HPY", "3-1201", "--role", "tenant")
    assert answer.returncode == 0, answer.stderr
    assert CODE.fullmatch(answer.stdout)
    async with database.reading() as session:
        code = (await session.scalars(select(Code).filter_by(digest=binding.digest(answer.stdout)))).one()
        home = await session.get_one(Home, code.home_id)
    assert (code.role, home.name, code.used_at) == ("tenant", "3-1201", None)


async def test_staff_are_taken_on_with_several_roles(settled: Program, database: Database) -> None:
    words = ("staff", "add", "老王", "--community", "HPY", "--phone", "139 0000 0000")
    answer = settled(*words, "--role", "technician", "--role", "duty_lead")
    assert answer.returncode == 0, answer.stderr
    assert CODE.fullmatch(answer.stdout)
    again = settled(*words, "--role", "manager")
    assert CODE.fullmatch(again.stdout)
    assert again.stdout != answer.stdout
    async with database.reading() as session:
        person = (await session.scalars(select(Staff).filter_by(name="老王"))).one()
        roles = (await session.scalars(select(StaffRole.role).filter_by(staff_id=person.id))).all()
        codes = (await session.scalars(select(Code.digest).filter_by(staff_id=person.id))).all()
    assert person.phone == "+8613900000000"
    assert sorted(roles) == ["duty_lead", "manager", "technician"]
    assert set(codes) == {binding.digest(answer.stdout), binding.digest(again.stdout)}


async def test_namesakes_are_two_people(settled: Program, database: Database) -> None:
    for phone in (("--phone", "+86 139 0000 0001"), ("--phone", "+86 139 0000 0002"), ()):
        answer = settled("staff", "add", "王伟", "--community", "hpy", "--role", "guard", *phone)
        assert answer.returncode == 0, answer.stderr
    async with database.reading() as session:
        assert len((await session.scalars(select(Staff.id).filter_by(name="王伟"))).all()) == 3


async def test_a_group_is_bound_to_its_purpose(settled: Program, database: Database) -> None:
    words = ("--community", "HPY", "--channel", "telegram", "--bot", "42", "--chat", "-1001234567890")
    for _ in range(2):
        answer = settled("group", "bind", "repair", *words)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    async with database.reading() as session:
        bound = (await session.scalars(select(Group).filter_by(channel="telegram"))).one()
        community = await session.get_one(Community, bound.community_id)
    assert (bound.bot, bound.chat, bound.purpose, bound.present) == ("42", "-1001234567890", "repair", True)
    assert community.code == "HPY"


WECOM = {"WECOM_CORPID": "ww1", "WECOM_SECRET": "s", "WECOM_AGENTID": "1000002"}
ROBOT = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"


async def test_a_team_on_wecom_is_known_by_its_purpose(here: Here, database: Database) -> None:
    for _ in range(2):
        words = ("group", "bind", "care", "--community", "hpy", "--channel", "wecom")
        answer = await asyncio.to_thread(here, *words, **WECOM)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    async with database.reading() as session:
        bound = (await session.scalars(select(Group).filter_by(channel="wecom"))).one()
    assert (bound.bot, bound.chat, bound.purpose) == ("ww1.1000002", "team.HPY.care", "care")


@pytest.mark.parametrize(
    "chat", [ROBOT, f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={ROBOT}"], ids=["key", "address"]
)
async def test_a_robots_key_is_enough(here: Here, database: Database, chat: str) -> None:
    words = ("group", "bind", "gate", "--community", "HPY", "--channel", "robot", "--chat", chat)
    answer = await asyncio.to_thread(here, *words)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    async with database.reading() as session:
        bound = (await session.scalars(select(Group).filter_by(channel="robot"))).one()
    assert (bound.bot, bound.chat) == ("wecom", ROBOT)


def test_a_robots_key_is_told_to_nobody(here: Here) -> None:
    answer = here("group", "bind", "gate", "--community", "HPY", "--channel", "robot", "--chat", f"{ROBOT}&x")
    fails_in_one_line(answer, "--chat is the key")
    assert ROBOT not in answer.stderr


def test_a_team_on_wecom_has_no_chat(here: Here) -> None:
    words = ("group", "bind", "care", "--community", "HPY", "--channel", "wecom")
    for more in (("--bot", "ww1.1000002"), ("--chat", "care")):
        fails_in_one_line(here(*words, *more, **WECOM), "without --bot and --chat")


def test_the_database_is_made_and_then_left_alone(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for _ in range(2):
        answer = program("db", "upgrade")
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    fails_in_one_line(program("home", "code", "HPY", "3-1201"), "no community 'HPY'", "WUBU_DEMO=1")
    answer = program("home", "code", "HPY", "3-1201", DEMO="1")
    assert CODE.fullmatch(answer.stdout), answer.stderr


async def test_the_commands_work_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    program = Program(tmp_path, postgres_url, DEMO="1")
    at_once = [asyncio.to_thread(program, "home", "code", "HPY", "1-301") for _ in range(2)]
    for answer in await asyncio.gather(*at_once):
        assert CODE.fullmatch(answer.stdout), answer.stderr


BAD = {
    "unknown community": (("home", "code", "XYZ", "3-1201"), ("'XYZ'", "HPY")),
    "unknown home": (("home", "code", "HPY", "9-9999"), ("'9-9999'", "HPY")),
    "unknown home role": (("home", "code", "HPY", "3-1201", "--role", "king"), ("'king'", "owner")),
    "unknown resident": (("resident", "merge", "99999", "1"), ("'99999'", "phone")),
    "one resident twice": (("resident", "merge", "1", "1"), ("same resident",)),
    "nobody to export": (("export", "99999"), ("'99999'", "phone")),
    "photos without a file": (("export", "1", "--photos"), ("--out", "ZIP")),
    "nobody to erase": (("erase", "99999", "--yes"), ("'99999'", "phone")),
    "erasing needs a yes": (("erase", "1"), ("--yes", "backup")),
    "unknown merge": (("resident", "undo", "99"), ("no such merge",)),
    "a code to be scanned without WeChat": (
        ("home", "code", "HPY", "3-1201", "--qr"),
        ("WUBU_WECHAT_APPID",),
    ),
    "unknown staff role": (
        ("staff", "add", "A", "--community", "HPY", "--role", "plumber"),
        ("'plumber'", "technician"),
    ),
    "no staff in the clock's role": (
        ("staff", "add", "A", "--community", "HPY", "--role", "clock"),
        ("'clock'",),
    ),
    "no name": (("staff", "add", " ", "--community", "HPY", "--role", "guard"), ("name",)),
    "no role": (("staff", "add", "A", "--community", "HPY"), ("--role", "--help")),
    "wrong phone": (
        ("staff", "add", "A", "--community", "HPY", "--role", "guard", "--phone", "call me"),
        ("'call me'",),
    ),
    "unknown purpose": (
        ("group", "bind", "party", "--community", "HPY", "--channel", "web", "--bot", "1", "--chat", "1"),
        ("'party'", "repair"),
    ),
    "unknown channel": (
        ("group", "bind", "care", "--community", "HPY", "--channel", "fax", "--bot", "1", "--chat", "1"),
        ("'fax'", "telegram"),
    ),
    "no app": (("group", "bind", "care", "--community", "HPY", "--channel", "wecom"), ("WUBU_WECOM_CORPID",)),
    "no chat": (
        ("group", "bind", "care", "--community", "HPY", "--channel", "telegram", "--bot", "1"),
        ("--chat", "telegram"),
    ),
    "no bot": (
        ("group", "bind", "care", "--community", "HPY", "--channel", "web", "--chat", "1"),
        ("--bot", "web"),
    ),
    "no key": (("group", "bind", "care", "--community", "HPY", "--channel", "robot"), ("--chat", "key")),
    "no command": ((), ("Missing command", "--help")),
    "unknown command": (("dance",), ("'dance'",)),
    "unknown option": (("run", "--fast"), ("--fast",)),
}


def test_bad_input_is_one_line_and_a_status(settled: Program) -> None:
    fails_in_one_line(settled("home", "code", "XYZ", "3-1201"), "'XYZ'")


@pytest.fixture
def here(settled: Program, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """The same without a process of its own, which takes a moment instead of seconds."""

    def call(*words: str, **settings: str) -> Answer:
        for name, value in {"DATABASE_URL": settled.url, **settings}.items():
            monkeypatch.setenv(f"WUBU_{name}", value)
        monkeypatch.setattr(sys, "argv", ["main.py", *words])
        status = main.main()
        return Answer(words, status, *capfd.readouterr())

    return call


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_answered_in_one_line(case: str, here: Here) -> None:
    words, wanted = BAD[case]
    fails_in_one_line(here(*words), *wanted)


WRONG = {
    "PORT": "eighty",
    "DATABASE_URL": "mysql://localhost/wubu",
    "TIMEZONE": "Mars/Olympus",
    "TELEGRAM_TOKEN": "no-token",
    "PUBLIC_URL": "ftp://example.org",
    "LOG_FORMAT": "verse",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_stops_the_start_and_is_named(name: str, here: Here) -> None:
    for command in ("run", "talk"):
        fails_in_one_line(here(command, **{name: WRONG[name]}), f"WUBU_{name}")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql+asyncpg://wubu:secret@127.0.0.1:1/wubu", "127.0.0.1:1"),
        ("sqlite+aiosqlite:////proc/nowhere/wubu.db", "/proc/nowhere"),
        (f"sqlite+aiosqlite:///{ROOT / 'pyproject.toml'}", "not a database"),
    ],
    ids=["postgresql", "folder", "file"],
)
def test_a_database_that_is_not_there_is_one_line(url: str, wanted: str, here: Here) -> None:
    answer = here("db", "upgrade", DATABASE_URL=url)
    fails_in_one_line(answer, wanted)
    assert "secret" not in answer.stderr


def test_a_database_of_another_name_is_one_line(postgres_url: str, here: Here) -> None:
    nobody = postgres_url.rpartition("/")[0] + "/nothing_there?" + postgres_url.partition("?")[2]
    fails_in_one_line(here("db", "upgrade", DATABASE_URL=nobody), "nothing_there")


def test_a_newer_database_is_one_line(tmp_path: Path, here: Here) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/wubu.db"
    wait_for(_from_the_future(url))
    fails_in_one_line(here("db", "upgrade", DATABASE_URL=url), "9999", "newer release")


async def _from_the_future(url: str) -> None:
    database = Database(url)
    await schema.upgrade(database)
    async with database.transaction() as session:
        await (await session.connection()).exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await database.close()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def test_a_port_in_use_is_one_line(taken: int, here: Here) -> None:
    fails_in_one_line(here("run", PORT=str(taken)), "WUBU_PORT", str(taken), "in use")


async def test_everything_runs_until_it_is_told_to_stop(settled: Program) -> None:
    running = await asyncio.create_subprocess_exec(
        *settled.words(("run",)),
        cwd=settled.folder,
        env=settled.environment | {"WUBU_PORT": "0", "WUBU_DEMO": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = (await running.stdout.readline()).decode()
        address = line.split()[-1]
        assert address.startswith("http://127.0.0.1:")
        for path in ("/healthz", "/readyz", "/"):
            assert await asyncio.to_thread(_status, address + path) == 200
    finally:
        running.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        rest, _ = await running.communicate()
    assert rest == b""
    assert running.returncode in (0, -signal.SIGTERM)


def _status(address: str) -> int:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return int(answer.status)
