"""The token: fetched once for all, renewed in time, and never asked for over and over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot import leases
from bot.channel import SendError, Temporary, Throttled, Uncertain
from bot.tencent import tokens
from bot.tencent.api import ApiError
from bot.tencent.tokens import AGAIN, EARLY, FORCED_APART, FRUITLESS, LEASE, Pass, Tokens
from handlers import leases as notes
from models.database import Database
from tests.bot.tencent.office import NOON, Clock

NAME = "token:wechat:wx1"


@dataclass(slots=True)
class Vendor:
    """Gives the same token until it ends or is taken away by force; counts how often it was asked."""

    clock: Clock
    lasts: float = 7200.0
    number: int = 1
    asked: list[bool] = field(default_factory=list)
    fails: Exception | None = None
    stubborn: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def fetch(self, force: bool) -> tuple[str, float]:
        self.asked.append(force)
        self.reached.set()
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        if force and not self.stubborn:
            self.number += 1
        return f"token-{self.number}", self.lasts


@pytest.fixture
def vendor(clock: Clock) -> Vendor:
    return Vendor(clock)


@pytest.fixture
def here(database: Database, vendor: Vendor, clock: Clock) -> Tokens:
    return Tokens(database, NAME, vendor.fetch, clock)


@pytest.fixture
async def there(database: Database, database_url: str, vendor: Vendor, clock: Clock) -> AsyncIterator[Tokens]:
    """Another process, as far as the database can tell."""
    another = Database(database_url)
    yield Tokens(another, NAME, vendor.fetch, clock)
    await another.close()


async def written(database: Database) -> Pass:
    async with database.reading() as session:
        return Pass.of(await notes.notebook(session, NAME))


def moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock(), UTC)


async def is_free(database: Database, clock: Clock) -> bool:
    free = await leases.hold(database, NAME, "-.0.-.test", 1, moment(clock))
    await leases.release(database, NAME, "-.0.-.test")
    return free


def _away(*_: Any, **__: Any) -> Any:
    raise OperationalError("SELECT 1", {}, Exception("away"))


async def test_it_is_fetched_once_and_then_known_by_heart(
    here: Tokens, vendor: Vendor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await here.get() == "token-1"
    monkeypatch.setattr(database, "reading", _away)
    monkeypatch.setattr(database, "transaction", _away)
    assert [await here.get() for _ in range(3)] == ["token-1"] * 3
    assert vendor.asked == [False]


async def test_all_who_ask_at_once_in_two_processes_get_what_one_has_fetched(
    here: Tokens, there: Tokens, vendor: Vendor, database: Database, clock: Clock
) -> None:
    vendor.gate.clear()
    asking = [asyncio.create_task(side.get()) for side in (here, there) for _ in range(10)]
    await vendor.reached.wait()
    vendor.gate.set()
    assert set(await asyncio.gather(*asking)) == {"token-1"}
    assert vendor.asked == [False]
    assert await is_free(database, clock)


async def test_another_process_reads_what_was_written_down(
    here: Tokens, there: Tokens, vendor: Vendor, database: Database
) -> None:
    assert (await here.get(), await there.get()) == ("token-1", "token-1")
    assert vendor.asked == [False]
    assert await written(database) == Pass("token-1", NOON + 7200)


async def test_it_is_renewed_before_it_ends(here: Tokens, vendor: Vendor, clock: Clock) -> None:
    assert await here.get() == "token-1"
    vendor.number = 2
    clock.on(7200 - EARLY - 1)
    assert await here.get() == "token-1"
    clock.on(1)
    assert await here.get() == "token-2"
    assert vendor.asked == [False, False]


async def test_one_that_ends_soon_is_asked_about_every_few_seconds_only(
    here: Tokens, vendor: Vendor, clock: Clock
) -> None:
    vendor.lasts = 120
    for _ in range(5):
        assert await here.get() == "token-1"
    assert vendor.asked == [False]
    clock.on(AGAIN)
    assert await here.get() == "token-1"
    assert vendor.asked == [False, False]


async def test_one_that_lasts_only_for_moments_is_not_used_afterwards(
    here: Tokens, vendor: Vendor, clock: Clock
) -> None:
    vendor.lasts = 2
    assert await here.get() == "token-1"
    vendor.number = 2
    clock.on(2)
    assert await here.get() == "token-2"


async def test_a_fetcher_who_died_blocks_the_others_no_longer_than_its_lease(
    here: Tokens, vendor: Vendor, database: Database, clock: Clock
) -> None:
    assert await leases.hold(database, NAME, "elsewhere.1.2.dead", LEASE, moment(clock))
    asking = asyncio.create_task(here.get())
    await asyncio.sleep(3 * tokens.LOOK)
    assert not asking.done()
    assert not vendor.asked
    clock.on(LEASE)
    assert await asking == "token-1"


async def test_who_waits_too_long_says_so(
    here: Tokens, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE", 0.1)
    assert await leases.hold(database, NAME, "elsewhere.1.2.busy", LEASE, moment(clock))
    with pytest.raises(Temporary, match="somebody else"):
        await here.get()


async def test_while_another_renews_early_the_old_one_does(
    here: Tokens, there: Tokens, vendor: Vendor, clock: Clock
) -> None:
    assert await there.get() == "token-1"
    clock.on(7200 - EARLY)
    vendor.gate.clear()
    vendor.reached.clear()
    renewing = asyncio.create_task(there.get())
    await vendor.reached.wait()
    assert await here.get() == "token-1"
    vendor.number = 2
    vendor.gate.set()
    assert await renewing == "token-2"
    clock.on(AGAIN)
    assert await here.get() == "token-2"


FAILURES = [Uncertain("?"), Temporary("!"), Throttled(5), ApiError(40164, "invalid ip"), TimeoutError()]


@pytest.mark.parametrize("fails", FAILURES, ids=lambda fails: type(fails).__name__)
async def test_what_goes_wrong_in_fetching_can_simply_be_tried_again(
    here: Tokens, vendor: Vendor, database: Database, clock: Clock, fails: Exception
) -> None:
    vendor.fails = fails
    with pytest.raises(Temporary, match=r"access token|!"):
        await here.get()
    assert await is_free(database, clock)
    vendor.fails = None
    assert await here.get() == "token-1"


@pytest.mark.parametrize("fails", FAILURES, ids=lambda fails: type(fails).__name__)
async def test_a_good_token_is_kept_while_no_new_one_can_be_had(
    here: Tokens, there: Tokens, vendor: Vendor, clock: Clock, fails: Exception
) -> None:
    assert await here.get() == "token-1"
    clock.on(7200 - EARLY)
    vendor.fails = fails
    assert (await here.get(), await there.get(), await here.get()) == ("token-1", "token-1", "token-1")
    assert len(vendor.asked) == 3
    clock.on(EARLY)
    with pytest.raises(Temporary):
        await here.get()


async def test_a_vendor_without_an_answer_is_given_up(
    here: Tokens, vendor: Vendor, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "FETCHING", 0.05)
    vendor.gate.clear()
    with pytest.raises(Temporary, match="no answer"):
        await here.get()
    assert await is_free(database, clock)


async def test_an_empty_token_is_none(database: Database) -> None:
    async def nothing(_force: bool) -> tuple[str, float]:
        return "", 7200.0

    with pytest.raises(Temporary, match="empty"):
        await Tokens(database, NAME, nothing).get()
    assert (await written(database)).token == ""


async def test_a_fetch_that_is_cancelled_hands_the_lease_over(
    here: Tokens, there: Tokens, vendor: Vendor
) -> None:
    vendor.gate.clear()
    asking = asyncio.create_task(here.get())
    await vendor.reached.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    vendor.gate.set()
    assert await there.get() == "token-1"


async def test_a_database_that_is_away_costs_nothing_while_the_token_is_good(
    here: Tokens, vendor: Vendor, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await here.get() == "token-1"
    monkeypatch.setattr(database, "reading", _away)
    clock.on(7200 - EARLY)
    assert await here.get() == "token-1"
    clock.on(EARLY)
    with pytest.raises(Temporary, match="OperationalError"):
        await here.get()
    with pytest.raises(Temporary, match="OperationalError"):
        await here.renewed("token-1")


async def test_a_token_that_cannot_be_written_down_is_used_all_the_same(
    here: Tokens, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "write_down", _away)
    assert await here.get() == "token-1"


async def test_other_errors_are_not_hidden(here: Tokens, vendor: Vendor) -> None:
    vendor.fails = KeyError("access_token")
    with pytest.raises(KeyError):
        await here.get()


async def test_a_refused_token_is_replaced_by_what_another_process_has_got(
    here: Tokens, there: Tokens, vendor: Vendor
) -> None:
    assert (await here.get(), await there.get()) == ("token-1", "token-1")
    vendor.number = 2
    assert await there.renewed("token-1") == "token-2"
    assert vendor.asked == [False, False]
    assert await here.get() == "token-1"
    assert await here.renewed("token-1") == "token-2"
    assert await here.get() == "token-2"
    assert vendor.asked == [False, False]


async def test_all_whose_token_is_refused_at_once_renew_it_once(
    here: Tokens, there: Tokens, vendor: Vendor
) -> None:
    assert (await here.get(), await there.get()) == ("token-1", "token-1")
    vendor.number = 2
    renewing = [side.renewed("token-1") for side in (here, there) for _ in range(10)]
    assert set(await asyncio.gather(*renewing)) == {"token-2"}
    assert vendor.asked == [False, False]


async def test_one_that_the_vendor_still_gives_out_is_renewed_by_force(
    here: Tokens, vendor: Vendor, database: Database
) -> None:
    assert await here.get() == "token-1"
    assert await here.renewed("token-1") == "token-2"
    assert vendor.asked == [False, False, True]
    assert await written(database) == Pass("token-2", NOON + 7200, forced=NOON)


async def test_force_is_used_rarely_and_nobody_asks_over_and_over(
    here: Tokens, there: Tokens, vendor: Vendor, clock: Clock
) -> None:
    assert await here.get() == "token-1"
    assert await here.renewed("token-1") == "token-2"
    vendor.asked.clear()
    for side in (here, there) * 10:
        with pytest.raises(Temporary, match="only the one it refuses"):
            await side.renewed("token-2")
    assert vendor.asked == [False]
    clock.on(FRUITLESS)
    with pytest.raises(Temporary):
        await there.renewed("token-2")
    assert vendor.asked == [False, False]
    clock.on(FORCED_APART)
    assert await there.renewed("token-2") == "token-3"
    assert vendor.asked == [False, False, False, True]


async def test_a_day_of_refusals_does_not_use_up_the_days_renewals(
    here: Tokens, vendor: Vendor, clock: Clock
) -> None:
    bad = await here.get()
    for _ in range(24 * 6):
        clock.on(600)
        try:
            bad = await here.renewed(bad)
        except SendError:
            continue
    assert 10 < vendor.asked.count(True) <= 20


async def test_where_force_changes_nothing_it_ends_there(here: Tokens, vendor: Vendor) -> None:
    """WeCom gives the same token out as long as it is good, and knows no force."""
    vendor.stubborn = True
    assert await here.get() == "token-1"
    for _ in range(3):
        with pytest.raises(Temporary, match="only the one it refuses"):
            await here.renewed("token-1")
    assert vendor.asked == [False, False, True]


async def test_a_refused_token_is_not_kept_when_no_other_can_be_had(
    here: Tokens, vendor: Vendor, clock: Clock
) -> None:
    assert await here.get() == "token-1"
    vendor.fails = Uncertain("?")
    with pytest.raises(Temporary):
        await here.renewed("token-1")


async def test_a_token_that_is_refused_though_it_was_never_ours(here: Tokens, vendor: Vendor) -> None:
    assert await here.renewed("token-0") == "token-1"
    assert vendor.asked == [False]
