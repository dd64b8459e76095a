"""Documents as a reader follows them: their code blocks, carried out in a copy of the project."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 180.0
"""Seconds that a command may take, however busy the machine is."""
LEFT_OUT = (".venv", "var", ".git", "__pycache__", ".*_cache", ".hypothesis", "node_modules")

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"\b[ABCDEFGHJKMNPQRSTUVWXYZ2-9]{10}\b")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `says` is the text block that stands right behind it, which is what it prints."""

    language: str
    text: str
    says: str | None = None


def blocks(page: Path) -> Iterator[Block]:
    """Every block of a page, in order; what a command prints goes with the command."""
    written = page.read_text(encoding="utf-8")
    found = list(_FENCE.finditer(written))
    heard: set[int] = set()
    for number, fence in enumerate(found):
        then = found[number + 1] if number + 1 < len(found) else None
        answered = then is not None and then[1] == "text" and not written[fence.end() : then.start()].strip()
        if fence[1] == "bash" and answered and then is not None:
            heard.add(number + 1)
            yield Block(fence[1], fence[2], then[2])
        elif number not in heard:
            yield Block(fence[1], fence[2])


def alike(said: str) -> str:
    """What differs every time (codes, ports) made the same."""
    return _ADDRESS.sub("http://127.0.0.1:8000", _CODE.sub("K7WQ2M9XTB", said)).strip()


def codes(said: str) -> list[str]:
    """The one-time codes in what a command printed."""
    return _CODE.findall(said)


def copy(folder: Path) -> Path:
    """The project as somebody has just fetched it, with the environment these tests run in."""
    place = Path(shutil.copytree(ROOT, folder / "wubu", ignore=shutil.ignore_patterns(*LEFT_OUT)))
    environment = place / ".venv"
    environment.mkdir()
    for part in Path(sys.prefix).iterdir():
        (environment / part.name).symlink_to(part)
    for mark in (".run", ".dev"):
        (environment / mark).unlink(missing_ok=True)
        (environment / mark).touch()
    return place


class Terminal:
    """A shell in a copy of the project; what runs on keeps running until the next such thing, or the end."""

    def __init__(self, place: Path, **environment: str) -> None:
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.place = place
        self._environment: Mapping[str, str] = {**plain, "LANG": "C.UTF-8", "WUBU_PORT": "0", **environment}
        self._running: asyncio.subprocess.Process | None = None

    async def type(self, script: str) -> str:
        """What a script prints. AssertionError when it fails."""
        process = await self._start(script)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        assert process.returncode == 0, f"{script}{out.decode()}{err.decode()}"
        return out.decode()

    async def leave_running(self, script: str) -> str:
        """The first line of something that does not end by itself."""
        await self.close()
        self._running = await self._start(script, quiet=True)
        assert self._running.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self._running.stdout.readline()).decode()

    async def close(self) -> None:
        """As Ctrl-C does: everything that was started here is asked to end, and waited for."""
        if self._running is not None:
            os.killpg(self._running.pid, signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                await self._running.communicate()
        self._running = None

    async def _start(self, script: str, *, quiet: bool = False) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            script,
            cwd=self.place,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL if quiet else pipe,
            start_new_session=True,
        )
