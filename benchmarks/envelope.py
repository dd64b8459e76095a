"""Opening an envelope: how many a second one core opens, and how many answers it seals, peers beside."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from time import process_time
from typing import Any, TypeVar

from benchmarks.contenders import ROOT, on_core
from benchmarks.official import ORIGINAL, SEAL
from benchmarks.openers import PAYLOADS, WHO, Opener, Payload, openers
from benchmarks.seal import Letter

NAME = "envelope"
LETTERS = 64
OURS = "Wubu"
OPENING, SEALING = "opening", "sealing"

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Timing:
    """How often everything is measured, and for how many seconds of processor time each time."""

    rounds: int = 5
    seconds: float = 0.2


THOROUGH, QUICK = Timing(), Timing(rounds=3, seconds=0.03)


@dataclass(frozen=True, slots=True)
class Speed:
    """Operations a second of processor time, one figure a round."""

    deed: str
    payload: str
    library: str
    rates: Sequence[float]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


@dataclass(frozen=True, slots=True)
class Opened:
    """What came out, and which peers were not there."""

    speeds: Sequence[Speed]
    missing: Sequence[str]

    @property
    def libraries(self) -> list[str]:
        return list(dict.fromkeys(speed.library for speed in self.speeds))

    @property
    def milliseconds(self) -> float:
        """What it takes us to open a short text and to seal a short answer."""
        first = PAYLOADS[0].title
        return sum(1000 / self.rate(deed, first, OURS) for deed in (OPENING, SEALING))

    def rate(self, deed: str, payload: str, library: str) -> float:
        asked = (deed, payload, library)
        return next(one.rate for one in self.speeds if (one.deed, one.payload, one.library) == asked)

    def times(self, deed: str, payload: str, library: str) -> float:
        """How many times as quick as this library we are."""
        return self.rate(deed, payload, OURS) / self.rate(deed, payload, library)


class Wrong(AssertionError):
    """A library opened something else than was in the envelope, or sealed what does not open."""


def measured(timing: Timing, core: int | None) -> Opened:
    """Measure in a process of its own, on the core that the bots have otherwise."""
    with on_core(core):
        done = subprocess.run(
            [sys.executable, "-m", __name__, json.dumps(asdict(timing))],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"opening an envelope failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return Opened([Speed(**speed) for speed in found["speeds"]], found["missing"])


def measure(timing: Timing) -> Opened:
    """Round after round; within one, everybody does the same thing in turn."""
    found = list(openers())
    known = [one for one in found if isinstance(one, Opener)]
    for one in known:
        prove(one)
    deeds = [(deed, payload, one) for payload in PAYLOADS for deed in (OPENING, SEALING) for one in known]
    rates: list[list[float]] = [[] for _ in deeds]
    for turn in range(timing.rounds):
        for at in islice(cycle(range(len(deeds))), turn, turn + len(deeds)):
            rates[at].append(speed(*deeds[at], timing.seconds))
    speeds = [
        Speed(deed, payload.title, one.title, rate)
        for (deed, payload, one), rate in zip(deeds, rates, strict=True)
    ]
    return Opened(speeds, [one for one in found if isinstance(one, str)])


def prove(one: Opener) -> None:
    """What is quick and wrong is not measured. Raises Wrong."""
    for payload in PAYLOADS:
        opened = one.open(payload.letter())
        if opened != (WHO, payload.content):
            raise Wrong(f"{one.title} opened {opened}")
        reply = SEAL.reply(one.seal(payload, "nonce1").encode(), "nonce1")
        said = reply.get("Content") or reply.get("MediaId")
        if (reply["ToUserName"], reply["FromUserName"], said) != (WHO, ORIGINAL, payload.answered):
            raise Wrong(f"{one.title} sealed {reply}")


def speed(deed: str, payload: Payload, one: Opener, seconds: float) -> float:
    letters = [payload.letter() for _ in range(LETTERS)]
    if deed == OPENING:
        return rate(one.open, letters, seconds)
    return rate(lambda nonce: one.seal(payload, nonce), [nonce_of(letter) for letter in letters], seconds)


def nonce_of(letter: Letter) -> str:
    return letter.query["nonce"]


def rate(work: Callable[[Thing], object], things: Sequence[Thing], seconds: float) -> float:
    """Operations a second of processor time: what else the machine does hardly counts."""
    done, spent, began = 0, 0.0, process_time()
    while spent < seconds:
        for thing in things:
            work(thing)
        done += len(things)
        spent = process_time() - began
    return done / spent


def table(found: Opened) -> str:
    """A Markdown table; beside each peer's figure, how many times as quick we are."""
    lines = [f"| operations/s | {' | '.join(found.libraries)} |", "|---|" + "---:|" * len(found.libraries)]
    for deed in (OPENING, SEALING):
        for payload in PAYLOADS:
            cells = [cell(found, deed, payload.title, library) for library in found.libraries]
            lines.append(f"| {deed} {payload.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(found: Opened, deed: str, payload: str, library: str) -> str:
    told = f"{found.rate(deed, payload, library):,.0f}"
    return told if library == OURS else f"{told} ({found.times(deed, payload, library):.2f} ×)"


def verdicts(found: Opened) -> Iterator[str]:
    """For each peer, how we do beside it; and who could not be asked."""
    for library in found.libraries:
        if library != OURS:
            yield " ".join(beside(found, deed, library) for deed in (OPENING, SEALING))
    for library in found.missing:
        yield f"{library} is not installed: skipped."


def beside(found: Opened, deed: str, library: str) -> str:
    times = [found.times(deed, payload.title, library) for payload in PAYLOADS]
    return f"{deed.capitalize()}: {min(times):.2f}–{max(times):.2f} × {library}."


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Timing(**json.loads(sys.argv[1]))))))
