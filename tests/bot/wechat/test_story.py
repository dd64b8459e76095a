"""The whole way: a resident on an emulated phone, our door, the real desk, and the outbox back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from starlette.routing import Route

from bot.media import MediaStore, fetch_wanted
from bot.reception import Reception
from bot.sender import Sender
from bot.wechat import menu
from bot.wechat.channel import utcnow
from bot.wechat.door import WechatDoor
from bot.wechat.webhook import PATH
from handlers import demo, office
from handlers.desk import Desk
from handlers.envelopes import Outgoing
from handlers.outbox import delivery
from handlers.reporting import Reports
from models import Account, Attachment, Outbox
from models.database import Database
from tests.bot.telegram.server import serving
from tests.bot.wechat.conftest import TEXTS
from tests.emulators.wechat import Outcome, Phone, WechatServer
from tests.emulators.wechat_bubbles import Via


@dataclass(frozen=True, slots=True)
class House:
    """One process, put together by hand so that the test says when the outbox is emptied."""

    database: Database
    door: WechatDoor
    sender: Sender

    async def tell(self, phone: Phone, *texts: str) -> None:
        """Post and send one after the other, so that they are not joined."""
        for text in texts:
            async with self.database.transaction() as session:
                await delivery.post(
                    session,
                    channel="wechat",
                    bot=self.door.channel.bot,
                    chat=phone.openid,
                    message=Outgoing(text),
                    now=utcnow(),
                )
            await self.sender.drain()

    async def code(self) -> str:
        async with self.database.transaction() as session:
            return await office.home_code(session, utcnow(), community="HPY", home="3-1201", role="owner")


@pytest.fixture
async def house(wechat: WechatServer, door: WechatDoor, here: Database) -> AsyncIterator[House]:
    desk = Desk(here, TEXTS, {"wechat": door.channel.capabilities}, key="k")
    async with here.transaction() as session:
        await demo.seed(session, utcnow())
    sender = Sender(here, door.channel, Reports(desk).callbacks())
    app = door.webhooks(Reception(desk))[PATH]
    async with serving(Route(PATH, app, methods=["GET", "POST"])) as address:
        await wechat.push_to(f"{address}{PATH}")
        yield House(here, door, sender)


@pytest.fixture
async def li(wechat: WechatServer, house: House) -> Phone:
    """Somebody who has just bound a home."""
    phone = wechat.person("李")
    await (await phone.follow()).settled()
    await (await phone.say(await house.code())).settled()
    await (await phone.say("同意")).settled()
    return phone


async def test_a_stranger_binds_a_home_and_asks_for_a_repair(
    wechat: WechatServer, house: House, li: Phone
) -> None:
    await menu.push(house.door.api, TEXTS)
    begun = await (await li.press("m.repair")).settled()
    assert begun.outcome is Outcome.ANSWERED
    assert "绑定码" in li.received[0].text
    assert "您同意吗" in li.received[1].text
    assert "已绑定" in li.received[2].text
    assert "1. " in li.last.text
    assert {bubble.via for bubble in li.received} == {Via.PASSIVE}
    assert wechat.calls_of("message/custom/send") == []


async def test_five_messages_go_the_others_wait_and_come_with_the_next_answer(
    wechat: WechatServer, house: House, li: Phone
) -> None:
    before = len(li.received)
    await house.tell(li, *(f"第 {number} 条" for number in range(1, 8)))
    assert [bubble.text for bubble in li.received[before:]] == [f"第 {number} 条" for number in range(1, 6)]
    assert [call.errcode for call in wechat.calls_of("message/custom/send")] == [0] * 5
    async with house.database.reading() as session:
        kept = (await session.execute(select(Outbox.state, Outbox.error).order_by(Outbox.id))).all()
    assert kept[5:] == [("held", "quota")] * 2
    await (await li.say("菜单")).settled()
    assert ("第 6 条" in li.last.text, "第 7 条" in li.last.text) == (True, True)
    await house.tell(li, "再来一条")
    assert li.last.text == "再来一条"


async def test_a_photo_is_kept_before_wechat_forgets_it(
    wechat: WechatServer, house: House, li: Phone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await (await li.photo()).settled()
    store = MediaStore(f"file://{tmp_path_factory.mktemp('media')}")
    channel = house.door.channel
    assert await fetch_wanted(house.database, {("wechat", channel.bot): channel}, store, utcnow()) == 1
    async with house.database.reading() as session:
        (photo,) = (await session.scalars(select(Attachment))).all()
    assert (photo.state, photo.mime) == ("stored", "image/jpeg")


async def test_who_unfollows_is_forgotten_and_who_comes_back_is_a_stranger(house: House, li: Phone) -> None:
    await (await li.unfollow()).settled()
    async with house.database.reading() as session:
        known = await session.scalar(select(Account.id).where(Account.external_id == li.openid))
    assert known is None
    await (await li.follow()).settled()
    assert "绑定码" in li.last.text


async def test_what_cannot_be_shown_is_answered_politely(house: House, li: Phone) -> None:
    for act in (li.sticker(), li.voice(None), li.video(), li.location()):
        assert (await (await act).settled()).outcome is Outcome.ANSWERED
        assert "unfit." not in li.last.text
