"""The real program as a process: started, asked how it is, stopped, killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.nursery import Child, Nursery, executed

READY_WITHIN = 120.0
_ADDRESS = re.compile(r"Wubu is at (http://\S+)")


class Died(AssertionError):
    """The program ended when it should be running; the message is what it said last."""


def surroundings(folder: Path, database_url: str, **settings: object) -> dict[str, str]:
    """The environment of a program: nothing of ours but the path, and the settings it was given."""
    given = {
        "DATABASE_URL": database_url,
        "VAR": folder / "var",
        "MEDIA_URL": f"file://{folder / 'media'}",
        "SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json",
        "TICK_SECONDS": 0.2,
        "MESSAGES_A_MINUTE": 0,
        "PORT": 0,
        "DEMO_LIFE": 0,
    } | {name.upper(): value for name, value in settings.items()}
    ours = {f"WUBU_{name}": str(value) for name, value in given.items()}
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"} | ours


@dataclass
class Program:
    """`main.py run` with an environment; the same folder and, once it had one, the same port each time.

    `fresh` starts it as people do; otherwise it is forked by the nursery, which is quicker.
    """

    nursery: Nursery
    environment: Mapping[str, str]
    folder: Path
    fresh: bool = False
    name: str = "program"
    url: str = ""
    child: Child | None = None
    starts: int = 0
    _out: Path = field(init=False)
    _err: Path = field(init=False)
    _read: int = 0

    def __post_init__(self) -> None:
        self._out, self._err = self.folder / f"{self.name}.out", self.folder / f"{self.name}.err"

    @property
    def log(self) -> str:
        """All it ever wrote to standard error."""
        return self._err.read_text(encoding="utf-8") if self._err.exists() else ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log, line by line; a line that is no JSON is an event called 'unstructured'."""
        return [_event(line) for line in self.log.splitlines() if line]

    def said(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] == event]

    async def start(self, *, ready: bool = True) -> None:
        """Until it says where it is and, if `ready`, until it says it is ready."""
        self.launch()
        await until(self._announced, READY_WITHIN, lambda: f"no address from {self.name}: {self._last()}")
        if ready:
            await self.ready()

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        assert self.child is None, "it is running"
        port = self.url.rpartition(":")[2] if self.url else "0"
        self._read = self._out.stat().st_size if self._out.exists() else 0
        environment = {**self.environment, "WUBU_PORT": port}
        launch = executed if self.fresh else self.nursery.fork
        self.child = launch(["run"], environment=environment, out=self._out, err=self._err)
        self.starts += 1

    def _announced(self) -> bool:
        if not self.alive:
            raise Died(self._last())
        if not self._out.exists():
            return False
        with self._out.open(encoding="utf-8") as out:
            out.seek(self._read)
            found = _ADDRESS.search(out.read())
        self.url = found[1] if found else self.url
        return found is not None

    async def ready(self, timeout: float = 60.0) -> dict[str, Any]:
        """The figures of /readyz, once it answers 200."""
        ends = time.monotonic() + timeout
        while True:
            status, body = await self.readyz()
            if status == 200:
                return body
            if time.monotonic() > ends:
                raise AssertionError(f"not ready: {status} {body}")
            await asyncio.sleep(0.05)

    async def readyz(self) -> tuple[int, dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/readyz") as response:
            return response.status, await response.json()

    async def alive_within(self, seconds: float) -> bool:
        """Whether /healthz answers in time."""
        timeout = aiohttp.ClientTimeout(seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{self.url}/healthz") as response,
        ):
            return response.status == 200

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self) -> int:
        assert self.child is not None, "it is not running"
        return self.child.pid

    async def kill(self) -> None:
        """kill -9: nothing is finished."""
        await self._end(signal.SIGKILL)

    async def stop(self, timeout: float = 60.0) -> int:
        """SIGTERM: what is in hand is finished; the exit status."""
        return await self._end(signal.SIGTERM, timeout)

    async def _end(self, number: signal.Signals, timeout: float = 60.0) -> int:
        child = self.child
        assert child is not None, "it is not running"
        if child.poll() is None:
            os.kill(child.pid, number)
        await until(lambda: child.poll() is not None, timeout, lambda: f"still runs: {self._last()}")
        self.child = None
        status = child.poll()
        assert status is not None
        return status

    def _last(self) -> str:
        return self.log[-3000:]


async def command(nursery: Nursery, environment: Mapping[str, str], folder: Path, *arguments: str) -> str:
    """What a command of the program prints; AssertionError with its complaint when it fails."""
    place = folder / f"command-{time.monotonic_ns()}"
    out, err = place.with_suffix(".out"), place.with_suffix(".err")
    child = nursery.fork(arguments, environment=environment, out=out, err=err)
    await until(lambda: child.poll() is not None, 120.0, lambda: f"{arguments} does not end")
    assert child.poll() == 0, err.read_text(encoding="utf-8")
    return out.read_text(encoding="utf-8").strip()


async def until(check: Callable[[], object], timeout: float, what: Callable[[], str]) -> None:
    """Look every few milliseconds; AssertionError with `what()` when the time is over."""
    ends = time.monotonic() + timeout
    while not check():
        if time.monotonic() > ends:
            raise AssertionError(what())
        await asyncio.sleep(0.01)


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"event": "unstructured", "line": line}
    return event if isinstance(event, dict) else {"event": "unstructured", "line": line}
