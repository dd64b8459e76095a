"""A nursery for the program: a process that read code and texts once, and forks a fresh program on demand.

Reading takes seconds, forking takes milliseconds. What runs afterwards is `main.py` itself, in a
process of its own, with the environment, folder and arguments it was given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from tests.players import clockwork

ROOT = Path(__file__).parent.parent


class Child(Protocol):
    """A running program."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        ...


class Nursery:
    """The test's side: `fork` starts a program, whose output goes to two files."""

    def __enter__(self) -> Self:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mother.communicate(timeout=120)

    def fork(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], out: Path, err: Path
    ) -> Child:
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "out": str(out),
            "err": str(err),
        }
        return Forked(self, self.ask(order)["pid"])

    def ask(self, order: Mapping[str, object]) -> Any:
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(f"{json.dumps(order)}\n")
        self._mother.stdin.flush()
        return json.loads(self._mother.stdout.readline())


class Forked:
    """A program that the nursery forked; only the nursery can ask how it ended."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            self._status = self._nursery.ask({"ended": self.pid})["status"]
        return self._status


def executed(
    arguments: Sequence[str], *, environment: Mapping[str, str], out: Path, err: Path
) -> subprocess.Popen[bytes]:
    """The program as people start it, all its code read anew."""
    with out.open("ab") as stdout, err.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "main.py", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )


def serve() -> None:
    """Take orders, a line of JSON each, until there are no more; then end what is left."""
    import bot.app
    import bot.telegram.door
    import bot.wechat.door  # noqa: F401
    import main
    from handlers.texts import Texts

    Texts.load()
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            _answer({"status": _ended(order["ended"], children)})
            continue
        pid = os.fork()
        if pid == 0:
            _become(order)
            status = 70
            try:
                status = main.main()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        children.add(pid)
        _answer({"pid": pid})
    for pid in children:
        os.kill(pid, 9)


def _become(order: Mapping[str, Any]) -> None:
    for descriptor, path in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    if clock := os.environ.pop(clockwork.VARIABLE, ""):
        clockwork.set_by(clock)
    sys.argv = ["main.py", *order["arguments"]]


def _ended(pid: int, children: set[int]) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return None
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _answer(reply: Mapping[str, object]) -> None:
    os.write(1, f"{json.dumps(reply)}\n".encode())


if __name__ == "__main__":
    serve()
