"""A bot that writes too often is told to wait, and a bot that does not listen waits longer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.emulators.conftest import Api
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_limits import Limits
from tests.emulators.telegram_phone import User


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def tg(hands: Hands) -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(clock=hands) as emulator:
        yield emulator


async def test_a_person_gets_one_message_a_second_after_a_short_burst(
    tg: TelegramEmulator, api: Api, alice: User, hands: Hands
) -> None:
    for _ in range(3):
        await api.say(alice, "burst")
    answer = await api.answer("sendMessage", chat_id=alice.id, text="one too many")
    assert (answer["error_code"], answer["parameters"]) == (429, {"retry_after": 1})
    assert answer["description"] == "Too Many Requests: retry after 1"
    hands.now += 1.01
    await api.say(alice, "in time")
    assert [violation.banned for violation in tg.violations] == [False]
    assert len(alice.from_bot) == 4


async def test_a_steady_second_is_never_too_fast(
    tg: TelegramEmulator, api: Api, alice: User, hands: Hands
) -> None:
    for _ in range(50):
        await api.say(alice, "tick")
        hands.now += 1.0
    assert not tg.violations


async def test_a_group_takes_twenty_posts_and_edits_a_minute(
    tg: TelegramEmulator, api: Api, repairs: Group, hands: Hands
) -> None:
    card = await api.say(repairs, "card")
    for number in range(19):
        edit = {"chat_id": repairs.id, "message_id": card["message_id"], "text": f"card {number}"}
        await api.call("editMessageText", **edit)
        hands.now += 1
    answer = await api.answer("sendMessage", chat_id=repairs.id, text="one too many")
    assert 40 <= answer["parameters"]["retry_after"] <= 41
    hands.now += answer["parameters"]["retry_after"]
    await api.say(repairs, "now")
    assert len(tg.violations) == 1


async def test_an_album_weighs_as_much_as_its_photos(api: Api, alice: User, repairs: Group) -> None:
    photo = (await alice.send_photo()).photos[0]
    album = {"chat_id": repairs.id, "media": [{"type": "photo", "media": photo}] * 10}
    await api.call("sendMediaGroup", **album)
    await api.call("sendMediaGroup", **album)
    assert (await api.refused("sendMediaGroup", **album)).startswith("429")


async def test_thirty_a_second_for_everybody_together(tg: TelegramEmulator, api: Api, hands: Hands) -> None:
    residents = [tg.user(2000 + number) for number in range(31)]
    for resident in residents:
        await resident.start()
    for resident in residents[:30]:
        await api.say(resident, "notice")
    assert (await api.refused("sendMessage", chat_id=residents[30].id, text="notice")).startswith("429")
    hands.now += 1.01
    await api.say(residents[30], "notice")


async def test_calling_during_a_ban_prolongs_it(
    tg: TelegramEmulator, api: Api, alice: User, hands: Hands
) -> None:
    tg.fail_next("sendMessage", chat=alice, error=429, retry_after=5)
    await api.refused("sendMessage", chat_id=alice.id, text="hi")
    hands.now += 2
    answer = await api.answer("sendMessage", chat_id=alice.id, text="impatient")
    assert answer["parameters"] == {"retry_after": 4}
    hands.now += 3.5
    assert (await api.refused("sendMessage", chat_id=alice.id, text="still")).startswith("429")
    hands.now += 2
    await api.say(alice, "patient at last")
    assert [violation.banned for violation in tg.violations] == [True, True]


async def test_a_ban_of_one_chat_leaves_the_others_alone(
    tg: TelegramEmulator, api: Api, alice: User, repairs: Group
) -> None:
    tg.fail_next(chat=repairs, error=429, retry_after=30)
    assert (await api.refused("sendMessage", chat_id=repairs.id, text="card")).startswith("429")
    await api.say(alice, "you still hear me")
    assert not tg.violations


async def test_taps_and_typing_cost_nothing(tg: TelegramEmulator, api: Api, alice: User) -> None:
    for _ in range(40):
        await api.call("sendChatAction", chat_id=alice.id, action="typing")
    assert not tg.violations


async def test_the_budgets_can_be_switched_off(tg: TelegramEmulator, api: Api, alice: User) -> None:
    tg.rate_limits = False
    for _ in range(60):
        await api.say(alice, "again")
    assert len(alice.from_bot) == 60
    assert not tg.violations


async def test_time_can_be_shrunk_and_retry_after_stays_true() -> None:
    async with TelegramEmulator(speed=100, limits=Limits(private_burst=1, slack=0)) as tg:
        alice = tg.user(1001)
        await alice.start()
        room = alice.room
        tg.office.spend(room, "sendMessage")
        await asyncio.sleep(0.02)
        tg.office.spend(room, "sendMessage")
        assert not tg.violations
        assert (tg.clock.as_retry_after(250.0), tg.clock.from_retry_after(3)) == (3, 300.0)
