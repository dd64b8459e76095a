"""Who is measured: how each bot process is started, what it is told, how its tickets are counted."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import IO

from benchmarks import official
from benchmarks.databases import Database, SQLiteFile
from benchmarks.peers.settings import SECRET, TOKEN
from benchmarks.seed import LARGE, SMALL, Rows, Size, wubu, wubu_on_wechat

ROOT = Path(__file__).resolve().parent.parent
START_PATIENCE = 60.0
READY = "ready"

Seed = Callable[[Size], Iterator[Rows]]


class Door(Enum):
    """Where the residents come in."""

    TELEGRAM = "Telegram"
    WECHAT = "WeChat"


@dataclass(frozen=True, slots=True)
class Contender:
    """One bot. Peers make their tables when they start and know nobody before; the others are migrated and
    filled first. `count` says how many tickets there are."""

    name: str
    title: str
    command: tuple[str, ...]
    extra: dict[str, str] = field(default_factory=dict)
    migrate: tuple[str, ...] = ()
    seed: Seed | None = None
    size: Size | None = None
    count: str = "SELECT count(*) FROM ticket"
    door: Door = Door.TELEGRAM

    def environment(self, database: Database, port: int, api: str) -> dict[str, str]:
        database_url = database.url
        return {
            **os.environ,
            **counting(database),
            "BENCH_DATABASE_URL": database_url,
            "BENCH_PORT": str(port),
            "BENCH_TELEGRAM_API": api,
            "WUBU_DATABASE_URL": database_url,
            "WUBU_PORT": str(port),
            "WUBU_PUBLIC_URL": "https://wubu.example",
            "WUBU_TELEGRAM_TOKEN": TOKEN,
            "WUBU_TELEGRAM_API": api,
            "WUBU_TELEGRAM_SECRET": SECRET,
            "WUBU_WECHAT_API": api,
            "WUBU_LOG_FORMAT": "json",
            "WUBU_SECRET_KEY": "known-to-all-and-used-for-nothing",
            **self.extra,
        }


def counting(database: Database) -> dict[str, str]:
    """Where the bot's interpreter finds this package and, if asked, the counter of SQLite's statements."""
    if isinstance(database, SQLiteFile) and database.counters.exists():
        path = os.pathsep.join((str(ROOT / "benchmarks" / "counting"), str(ROOT)))
        return {"PYTHONPATH": path, "BENCH_STATEMENTS": str(database.counters)}
    return {"PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Running:
    """A bot process that takes updates."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


class DidNotStart(RuntimeError):
    """The bot process ended or was not ready in time; the message holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started in here runs on this core only (Linux); what runs already stays where it is."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.asynccontextmanager
async def running(
    contender: Contender, database: Database, api: str, core: int | None
) -> AsyncIterator[Running]:
    """Start the bot on its own core, wait until it is ready, and end it kindly."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="wubu-bench-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = start(contender, contender.environment(database, port, api), core, output)
            bot = Running(process, port, log)
            try:
                await until_ready(bot)
                yield bot
            finally:
                await asyncio.to_thread(stop, process)


def start(
    contender: Contender, environment: dict[str, str], core: int | None, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    with on_core(core):
        return subprocess.Popen(
            [sys.executable, *contender.command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def until_ready(bot: Running) -> None:
    patience = time.monotonic() + START_PATIENCE
    while (answer := await asyncio.to_thread(readiness, bot.port)) != READY:
        if bot.process.poll() is not None or time.monotonic() > patience:
            raise DidNotStart(f"readyz: {answer}\n{bot.last_words()}")
        await asyncio.sleep(0.1)


def readiness(port: int) -> str:
    """READY, or what /readyz says instead."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return READY
    except urllib.error.HTTPError as refused:
        return refused.read().decode(errors="replace")
    except OSError as silent:
        return str(silent)


def peer(module: str) -> tuple[str, ...]:
    return ("-m", f"benchmarks.peers.{module}")


TUNED = {"BENCH_TUNED": "1"}
WUBU = Contender(
    "wubu",
    "**Wubu**",
    ("main.py", "run"),
    migrate=("main.py", "db", "upgrade"),
    seed=wubu,
    size=SMALL,
)
WUBU_LARGE = replace(WUBU, name="wubu-large", title="Wubu among 1,000,000 tickets", size=LARGE)
ON_WECHAT = {
    "WUBU_WECHAT_APPID": official.APPID,
    "WUBU_WECHAT_SECRET": official.SECRET,
    "WUBU_WECHAT_TOKEN": official.TOKEN,
    "WUBU_WECHAT_AES_KEY": official.AES_KEY,
}
WUBU_WECHAT = replace(
    WUBU,
    name="wubu-wechat",
    title="**Wubu**, its residents on WeChat, sealed",
    extra=ON_WECHAT,
    seed=wubu_on_wechat,
    door=Door.WECHAT,
)
PEERS = (
    Contender("aiogram", "aiogram", peer("aiogram_fsm")),
    Contender("aiogram-tuned", "aiogram, taps answered in the response", peer("aiogram_fsm"), extra=TUNED),
    Contender("ptb", "python-telegram-bot, one update at a time", peer("ptb_conversation")),
    Contender("ptb-tuned", "python-telegram-bot, three at once", peer("ptb_conversation"), extra=TUNED),
)
FLOORS = (
    Contender("floor", "floor: aiohttp and a bare driver", peer("floor")),
    Contender("floor-orm", "floor through the SQLAlchemy ORM", peer("floor_orm")),
)
EVERYBODY = (WUBU, WUBU_WECHAT, *PEERS, *FLOORS, WUBU_LARGE)
