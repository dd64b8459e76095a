"""Misfortune on order: what a test wants to go wrong with the bot's next calls to Tencent."""

from dataclasses import dataclass, field
from enum import StrEnum, auto
from fnmatch import fnmatch

from tests.emulators.tencent_errors import Refused


class Mishap(StrEnum):
    REFUSE = auto()
    """An errcode; nothing is done."""
    DROP = auto()
    """The connection closes before anything is done."""
    LOSE = auto()
    """The call is carried out, then the connection closes without an answer."""
    HANG = auto()
    """The call is carried out, and the answer stays away so many seconds before the connection closes."""
    SLOW = auto()
    """The call is carried out after a while."""
    GARBLE = auto()
    """A 502 with a page of HTML; nothing is done."""


@dataclass(slots=True)
class Fault:
    """One misfortune: the calls it meets, how many it lets by first and how many it hits (None: all)."""

    mishap: Mishap
    path: str | None = None
    person: str | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 0.0
    error: Refused | None = None
    hits: int = 0

    def meets(self, path: str, person: str | None) -> bool:
        if self.path and not fnmatch(path, self.path):
            return False
        return self.person is None or self.person == person


@dataclass(slots=True)
class Faults:
    """The misfortunes still to come, in the order they were asked for."""

    planned: list[Fault] = field(default_factory=list)

    def strike(self, path: str, person: str | None) -> Fault | None:
        for fault in self.planned:
            if not fault.meets(path, person):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self._use_up(fault)
            return fault
        return None

    def _use_up(self, fault: Fault) -> None:
        fault.hits += 1
        if fault.times is not None and fault.hits >= fault.times:
            self.planned.remove(fault)


class Misfortunes:
    """What a test can order. `path` is as `message/custom/send`, or `message/*`, or None for all; `person` an
    openid or userid; `times` None lasts until `heal()`; seconds are real ones."""

    sentences: dict[int, str]
    """The words that go with an errcode."""

    def __init__(self) -> None:
        self.faults = Faults()

    def fail_next(
        self,
        path: str | None = None,
        *,
        errcode: int = -1,
        errmsg: str = "",
        person: str | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        error = Refused(errcode, errmsg or self.sentences.get(errcode, "system error"))
        return self._plan(Fault(Mishap.REFUSE, path, person, times, skip, error=error))

    def drop_next(
        self, path: str | None = None, *, person: str | None = None, times: int | None = 1, skip: int = 0
    ) -> Fault:
        """The connection closes before the call is carried out."""
        return self._plan(Fault(Mishap.DROP, path, person, times, skip))

    def lose_answer(
        self,
        path: str | None = None,
        *,
        person: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        hang: float = 0.0,
    ) -> Fault:
        """The call is carried out, and the connection closes unanswered: at once, or after `hang` seconds."""
        mishap = Mishap.HANG if hang else Mishap.LOSE
        return self._plan(Fault(mishap, path, person, times, skip, hang))

    def slow_next(
        self, path: str | None = None, *, seconds: float, person: str | None = None, times: int | None = 1
    ) -> Fault:
        return self._plan(Fault(Mishap.SLOW, path, person, times, seconds=seconds))

    def garble_next(
        self, path: str | None = None, *, person: str | None = None, times: int | None = 1
    ) -> Fault:
        """A 502 whose body is a page of HTML, as a proxy would send it."""
        return self._plan(Fault(Mishap.GARBLE, path, person, times))

    def heal(self) -> None:
        """Forget all faults still to come."""
        self.faults.planned.clear()

    def _plan(self, fault: Fault) -> Fault:
        self.faults.planned.append(fault)
        return fault
