"""Counts what a bot asks of SQLite: loaded by its interpreter at start when BENCH_STATEMENTS names a file."""

import mmap
import os
import sqlite3
import struct
import threading
from collections.abc import Callable
from typing import Any

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE", "--")
COUNTERS = struct.Struct("=QQ")


class Tally:
    """Statements and commits so far, in a file that another process can read at any time."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), COUNTERS.size)
        self._lock = threading.Lock()
        self._statements = self._commits = 0

    def trace(self, statement: str) -> None:
        word = statement.lstrip()[:10].upper()
        with self._lock:
            self._statements += not word.startswith(CONTROL)
            self._commits += word.startswith("COMMIT")
            COUNTERS.pack_into(self._shared, 0, self._statements, self._commits)


def watch(path: str) -> None:
    """Every connection opened from now on is counted."""
    tally = Tally(path)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def counted(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(tally.trace)
        return connection

    vars(sqlite3)["connect"] = counted


if "BENCH_STATEMENTS" in os.environ:
    watch(os.environ["BENCH_STATEMENTS"])
