"""One run: a bot process, a fresh database, a hundred residents for some seconds, and what it cost."""

import asyncio
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from benchmarks.contenders import Contender, Door, Running, running
from benchmarks.conversation import REPAIR
from benchmarks.databases import Database, SQLiteFile, Work
from benchmarks.driver import Town
from benchmarks.seed import FIRST_ACCOUNT
from benchmarks.telegram import Telegram
from benchmarks.vendor import Vendor
from benchmarks.wechat import Wechat

MEGABYTE = 1024 * 1024
MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the bot is pressed: residents at once, seconds to warm up, seconds measured, cores."""

    residents: int = 100
    warm_up: float = 3.0
    seconds: float = 10.0
    bot_core: int | None = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed: messages a second; latencies in ms; peak memory in MB; per message the bot's CPU
    in ms, statements, transactions, the database's own time in ms, API calls; how busy each core was."""

    rate: float
    p50: float
    p99: float
    cpu: float
    memory: float
    statements: float | None
    transactions: float | None
    database: float | None
    calls: float
    busy: tuple[float, ...]
    refused: int


class Lost(AssertionError):
    """The bot said thank you for a ticket that the database does not hold, or holds one too many."""


@dataclass(slots=True)
class Meter:
    """CPU seconds of the bot so far, and its peak memory."""

    process: psutil.Process

    def cpu(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def peak_memory(self) -> float:
        """The highest resident set the kernel has seen (Linux), else the present one."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / MEGABYTE
        return float(self.process.memory_info().rss) / MEGABYTE


async def measure(contender: Contender, database: Database, load: Load) -> Figures:
    """Run the contender once on a prepared database."""
    vendor = Vendor()
    server = await vendor.listen()
    api = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with running(contender, database, api, load.bot_core) as bot:
            before = await count(contender, database)
            town = settled(contender.door, vendor, bot.port)
            try:
                figures = await press(bot, town, vendor, database, load)
            except BaseException:
                print(bot.last_words())
                raise
            held = await count(contender, database) - before
            if held != town.tally.finished:
                raise Lost(f"{contender.name}: {town.tally.finished} conversations, {held} tickets")
            return figures
    finally:
        server.close()


def settled(door: Door, vendor: Vendor, port: int) -> Town:
    """The residents of a run, with the phones that this door needs."""
    match door:
        case Door.TELEGRAM:
            return Town(port, FIRST_ACCOUNT, REPAIR, Telegram(vendor, port).move_in)
        case Door.WECHAT:
            return Town(port, FIRST_ACCOUNT, REPAIR, Wechat(vendor.official, port).move_in)


async def press(bot: Running, town: Town, vendor: Vendor, database: Database, load: Load) -> Figures:
    meter = Meter(psutil.Process(bot.process.pid))
    start = time.perf_counter() + load.warm_up
    end = start + load.seconds
    talking = asyncio.create_task(town.talk(load.residents, until=end))
    await asyncio.wait([talking], timeout=load.warm_up)
    psutil.cpu_percent(percpu=True)
    cpu, calls = meter.cpu(), vendor.calls.total()
    work = await database.work()
    start, answers = time.perf_counter(), len(town.tally.answers)
    await asyncio.wait([talking], timeout=end - start)
    end, answers = time.perf_counter(), len(town.tally.answers) - answers
    cpu, calls = meter.cpu() - cpu, vendor.calls.total() - calls
    done = since(work, await database.work())
    busy = tuple(psutil.cpu_percent(percpu=True))
    await talking
    latencies = sorted(town.tally.between(start, end))
    if not latencies:
        raise Lost("not one answer in the measured time")
    return Figures(
        rate=len(latencies) / (end - start),
        p50=percentile(latencies, 0.50) * MILLISECONDS,
        p99=percentile(latencies, 0.99) * MILLISECONDS,
        cpu=cpu / answers * MILLISECONDS,
        memory=meter.peak_memory(),
        statements=done.statements / answers if done else None,
        transactions=done.transactions / answers if done else None,
        database=done.seconds / answers * MILLISECONDS if done and done.seconds is not None else None,
        calls=calls / answers,
        busy=busy,
        refused=town.tally.refused,
    )


def since(before: Work | None, after: Work | None) -> Work | None:
    if before is None or after is None:
        return None
    seconds = None if before.seconds is None or after.seconds is None else after.seconds - before.seconds
    return Work(after.statements - before.statements, after.transactions - before.transactions, seconds)


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def count(contender: Contender, database: Database) -> int:
    """Tickets in the database, seen through a connection of our own."""
    if isinstance(database, SQLiteFile):
        with sqlite3.connect(database.path) as file:
            found: int = file.execute(contender.count).fetchone()[0]
        return found
    connection = await asyncpg.connect(database.plain_url)
    try:
        held: int = await connection.fetchval(contender.count)
        return held
    finally:
        await connection.close()


def keep_off_the_bots_core(load: Load) -> None:
    """The driver, the vendors' stand-in and PostgreSQL share the other cores; PostgreSQL inherits this."""
    if load.bot_core is not None and hasattr(os, "sched_setaffinity"):
        others = os.sched_getaffinity(0) - {load.bot_core}
        if others:
            os.sched_setaffinity(0, others)
