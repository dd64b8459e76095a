"""The clock of a program that a story is played with: it stands still until the story lets time pass."""

from __future__ import annotations

import os
import struct
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

VARIABLE = "CLOCKWORK"
PACE = 10
"""How much quicker than ours time passes for what paces itself, such as the sender with its budgets."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACE = struct.Struct("<qq")


@dataclass(frozen=True, slots=True)
class Clockwork:
    """A file that says what time it is in the story, and when on our own clock the story began."""

    path: Path

    def turn(self, now: datetime) -> None:
        """It is `now` in the story."""
        began = self._face()[1] if self.path.exists() else time.monotonic_ns()
        told = (now - _EPOCH) // timedelta(microseconds=1)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(file, _FACE.pack(told, began), 0)
        os.close(file)

    def exact(self) -> datetime:
        """The time in the story."""
        return _EPOCH + timedelta(microseconds=self._face()[0])

    def running(self) -> datetime:
        """The same for what cannot live without the passing of time."""
        told, began = self._face()
        passed = (time.monotonic_ns() - began) // 1000 * PACE
        return _EPOCH + timedelta(microseconds=told + passed)

    def _face(self) -> tuple[int, int]:
        told, began = _FACE.unpack(self.path.read_bytes())
        return told, began


def set_by(path: str) -> None:
    """From now on this process tells the time by this clockwork: the desk exactly, its couriers running."""
    clock = Clockwork(Path(path))
    for name, module in list(sys.modules.items()):
        if vars(module).get("datetime") is datetime and name.startswith(("handlers.", "bot.")):
            ticks = clock.exact if name.startswith("handlers.") else clock.running
            vars(module)["datetime"] = _told_by(ticks)


class _Any(type):
    """Every datetime is one of those that are told by a clockwork."""

    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(datetime, instance)


def _told_by(ticks: object) -> type[datetime]:
    class Told(datetime, metaclass=_Any):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            assert callable(ticks)
            told: datetime = ticks()
            return told.astimezone(tz)

    return Told
