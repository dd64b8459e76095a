"""How often somebody may be written to is worked out from what they did and what they got."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from models.database import Database
from models.quota import MENU, OTHER, PASSIVE, TAPPED, TEMPLATE, TOLD, Allowance
from tests.bot.wechat.chats import NOW, Chat, ago
from tests.emulators.tencent_clock import Clock
from tests.emulators.wechat_allowances import Act, Allowances

SHUT = Allowance(0, open=False)


async def test_a_stranger_may_not_be_written_to(database: Database) -> None:
    assert await Chat(database).left() == SHUT


@pytest.mark.parametrize(
    ("begins", "most", "lasts"),
    [(TOLD, 5, timedelta(hours=48)), (MENU, 3, timedelta(minutes=1)), (TAPPED, 3, timedelta(minutes=1))],
)
async def test_what_a_person_does_allows_so_much_for_so_long(
    database: Database, begins: str, most: int, lasts: timedelta
) -> None:
    li = Chat(database)
    await li.did(begins, NOW - lasts + timedelta(seconds=1))
    assert await li.left() == Allowance(most, open=True)
    assert await li.left(NOW + timedelta(seconds=1)) == SHUT


async def test_other_events_allow_nothing(database: Database) -> None:
    li = Chat(database)
    await li.did(OTHER, ago(seconds=5))
    assert await li.left() == SHUT


async def test_every_part_that_went_is_taken_off(database: Database) -> None:
    li = Chat(database)
    await li.did(TOLD, ago(hours=2))
    await li.got(ago(hours=3))
    assert await li.left() == Allowance(5, open=True)
    await li.got(ago(minutes=50))
    await li.got(ago(minutes=40), done=1)
    assert await li.left() == Allowance(2, open=True)
    await li.got(ago(minutes=30), state="unknown", message=None)
    await li.got(ago(minutes=20), state="pending", message="custom:9", done=1)
    assert await li.left() == Allowance(0, open=True)
    await li.got(ago(minutes=10))
    assert await li.left() == Allowance(0, open=True)


async def test_what_is_free_or_has_not_gone_is_not_taken_off(database: Database) -> None:
    li = Chat(database)
    await li.did(TOLD, ago(hours=1))
    await li.got(ago(minutes=9), message=f"{TEMPLATE}200163836")
    await li.got(ago(minutes=8), message=PASSIVE)
    await li.got(None, state="sending", message=None)
    await li.got(None, state="pending", message=None)
    await li.got(None, state="failed", message=None)
    assert await li.left() == Allowance(5, open=True)


async def test_the_next_word_begins_anew(database: Database) -> None:
    li = Chat(database)
    await li.did(TOLD, ago(hours=5))
    for minutes in range(5):
        await li.got(ago(minutes=200 + minutes))
    assert await li.left() == Allowance(0, open=True)
    await li.did(TOLD, ago(minutes=1))
    assert await li.left() == Allowance(5, open=True)


async def test_a_tap_on_the_menu_adds_to_what_is_used_up(database: Database) -> None:
    li = Chat(database)
    await li.did(TOLD, ago(hours=5))
    for minutes in range(5):
        await li.got(ago(minutes=200 + minutes))
    await li.did(MENU, ago(seconds=30))
    assert await li.left() == Allowance(3, open=True)
    await li.got(ago(seconds=20))
    assert await li.left() == Allowance(2, open=True)
    assert await li.left(NOW + timedelta(minutes=1)) == Allowance(0, open=True)


async def test_a_message_sent_counts_against_everything_that_was_open(database: Database) -> None:
    li = Chat(database)
    await li.did(TOLD, ago(seconds=50))
    await li.did(MENU, ago(seconds=40))
    await li.got(ago(seconds=30))
    await li.got(ago(seconds=20))
    assert await li.left() == Allowance(3, open=True)


async def test_everybody_has_their_own(database: Database) -> None:
    li, wang = Chat(database), Chat(database, "oWang")
    await li.did(TOLD, ago(hours=1))
    await wang.did(TOLD, ago(hours=1))
    await wang.got(ago(minutes=1))
    assert (await li.left(), await wang.left()) == (Allowance(5, open=True), Allowance(4, open=True))


ACTS = {TOLD: Act.MESSAGE, MENU: Act.MENU, TAPPED: Act.CHOICE}
SPANS = (5, 25, 55, 70, 3600, 24 * 3600, 47 * 3600)


@pytest.mark.parametrize("seed", range(6))
async def test_wechat_never_refuses_what_is_worked_out_to_be_allowed(here: Database, seed: int) -> None:
    """The account book of the emulated WeChat beside ours, whatever is done in whatever order."""
    chance, clock, li = random.Random(seed), Clock(), Chat(here)
    theirs, began = Allowances(clock), clock.seconds()
    sent = refused = 0
    for _ in range(80):
        now = NOW + timedelta(seconds=clock.seconds() - began)
        match chance.choice(("act", "wait", "send", "send", "send")):
            case "act":
                begins = chance.choice(list(ACTS))
                theirs.renew(ACTS[begins])
                await li.did(begins, now)
            case "wait":
                clock.advance(chance.choice(SPANS))
            case "send" if (await li.left(now)).left:
                theirs.check().left -= 1
                await li.got(now)
                sent += 1
            case "send":
                refused += 1
        clock.advance(1)
    assert sent > 10
    assert refused > 5
