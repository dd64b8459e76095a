"""`python -m benchmarks`: every contender in turn, some rounds, and the page that says what came out."""

import argparse
import asyncio
import contextlib
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import envelope
from benchmarks.contenders import EVERYBODY, ROOT, Contender
from benchmarks.databases import cluster
from benchmarks.envelope import Opened, Timing
from benchmarks.measure import Figures, Load, keep_off_the_bots_core, measure
from benchmarks.report import DATABASES, Row, on_wechat, page, table, verdicts
from benchmarks.stock import Stock

PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: who on which database, how often, how hard; and for how long each envelope."""

    contenders: tuple[Contender, ...]
    envelopes: Timing | None
    databases: tuple[str, ...]
    rounds: int
    load: Load
    output: Path | None


def read(arguments: Sequence[str]) -> Plan:
    names = [*(contender.name for contender in EVERYBODY), envelope.NAME]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds per contender (3)")
    parser.add_argument("--residents", type=int, default=100, help="residents at once (100)")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds measured in each round (10)")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds before that (3)")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--database", action="append", choices=list(DATABASES), help="both, unless given")
    parser.add_argument("--quick", action="store_true", help="one short round, without the large database")
    parser.add_argument(
        "--output", type=Path, help="where the page goes (docs/benchmarks.md after a full run)"
    )
    given = parser.parse_args(arguments)
    load = Load(residents=given.residents, seconds=given.seconds, warm_up=given.warm_up)
    if given.quick:
        given.rounds, load = 1, dataclasses.replace(load, seconds=3.0, warm_up=1.0)
    chosen = tuple(
        contender
        for contender in EVERYBODY
        if (
            contender.name in given.only
            if given.only
            else not (given.quick and contender.name == "wubu-large")
        )
    )
    whole = not (given.only or given.database or given.quick)
    databases = tuple(given.database or DATABASES) if chosen else ()
    timing = envelope.QUICK if given.quick else envelope.THOROUGH
    envelopes = timing if envelope.NAME in (given.only or names) else None
    return Plan(chosen, envelopes, databases, given.rounds, load, given.output or (PAGE if whole else None))


class Score:
    """The figures so far, and who failed."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, str], list[Figures]] = {}
        self._counted: dict[tuple[str, str], Figures] = {}
        self.opened: Opened | None = None
        self.failed: list[str] = []

    def rows(self) -> list[Row]:
        known = {contender.name: contender for contender in EVERYBODY}
        return [
            Row(known[name], database, figures, self._counted.get((name, database)))
            for (name, database), figures in self._rounds.items()
        ]

    def note(self, contender: Contender, database: str, figures: Figures) -> None:
        self._rounds.setdefault((contender.name, database), []).append(figures)
        cores = " ".join(f"{share:.0f}%" for share in figures.busy)
        print(
            f"{contender.name:15} {database:11} {figures.rate:7,.0f}/s  p50 {figures.p50:6.1f} ms"
            f"  p99 {figures.p99:7.1f} ms  cpu {figures.cpu:.2f} ms  {figures.memory:4.0f} MB"
            f"  refused {figures.refused}  cores {cores}",
            flush=True,
        )

    def count(self, contender: Contender, database: str, figures: Figures) -> None:
        self._counted[contender.name, database] = figures

    def fail(self, contender: Contender, database: str, why: BaseException) -> None:
        self.failed.append(f"{contender.name} on {database}")
        print(f"{contender.name:15} {database:11} failed: {reason(why)}", flush=True)


def reason(why: BaseException) -> str:
    while isinstance(why, BaseExceptionGroup):
        why = why.exceptions[0]
    return f"{type(why).__name__}: {why}"


async def run(plan: Plan, stock: Stock) -> Score:
    """Round after round; who goes first changes from round to round."""
    score = Score()
    if plan.envelopes:
        score.opened = await asyncio.to_thread(envelope.measured, plan.envelopes, plan.load.bot_core)
    for turn in range(plan.rounds if plan.contenders else 0):
        at = turn % len(plan.contenders)
        for database in plan.databases:
            for contender in (*plan.contenders[at:], *plan.contenders[:at]):
                await one_round(plan.load, stock, contender, database, score)
    if "sqlite" in plan.databases:
        for row in score.rows():
            if row.database == "sqlite":
                await count_statements(plan.load, stock, row.contender, score)
    return score


async def one_round(load: Load, stock: Stock, contender: Contender, database: str, score: Score) -> None:
    try:
        async with stock.fresh(contender, database) as fresh:
            score.note(contender, database, await measure(contender, fresh, load))
    except Exception as why:
        score.fail(contender, database, why)


async def count_statements(load: Load, stock: Stock, contender: Contender, score: Score) -> None:
    """SQLite does not count; the bot's interpreter does, in a short run whose speed is not looked at."""
    short = dataclasses.replace(load, seconds=2.0, warm_up=1.0)
    try:
        async with stock.fresh(contender, "sqlite", counts=True) as fresh:
            score.count(contender, "sqlite", await measure(contender, fresh, short))
    except Exception as why:
        score.fail(contender, "sqlite", why)


def show(plan: Plan, score: Score) -> None:
    rows = score.rows()
    for database in plan.databases:
        if measured := [row for row in rows if row.database == database]:
            print(f"\n{DATABASES[database]}\n\n{table(measured)}")
    if opened := score.opened:
        print(f"\nOpening an envelope\n\n{envelope.table(opened)}\n\n" + "\n".join(envelope.verdicts(opened)))
    print("\n" + "\n".join((*verdicts(rows), *on_wechat(rows, opened))))
    if plan.output and rows and not score.failed:
        plan.output.parent.mkdir(parents=True, exist_ok=True)
        plan.output.write_text(page(rows, score.opened, plan.load, plan.rounds))
        print(f"\nwritten: {plan.output}")


def main() -> int:
    plan = read(sys.argv[1:])
    keep_off_the_bots_core(plan.load)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="wubu-bench-"))
        server = stack.enter_context(cluster()) if "postgresql" in plan.databases else None
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            score = runner.run(run(plan, Stock(Path(folder), server)))
    show(plan, score)
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
