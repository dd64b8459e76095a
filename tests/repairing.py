"""A resident reports a repair on the phone, tap by tap."""

from __future__ import annotations

from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Message
from tests.emulators.telegram_screen import Wanted
from tests.premises import WAIT

STORY = "厨房水龙头一直滴水"
PHONE = "138 0013 8000"
SAFE = {"门窗门锁", "下水堵塞", "家电", "其他"}
"""The trades in which nobody is asked about danger."""


def gathered(message: Message) -> bool:
    """Photos have been taken in, and more may come."""
    return "完成" in message.labels


async def report(person: User, story: str = STORY, *, trade: str = "水管龙头", photos: int = 0) -> str:
    """Report a repair in one's own home, tap by tap; the number of the ticket."""
    await to_review(person, story, trade=trade, photos=photos)
    return await submit(person)


async def to_review(person: User, story: str = STORY, *, trade: str = "水管龙头", photos: int = 0) -> Message:
    """All answers of a repair; the message that asks to check them."""
    asked = await to_photos(person, story, trade=trade)
    if photos:
        await person.send_album(photos, caption="照片在这里")
        asked = await person.wait_for(gathered, WAIT, after=asked)
        await all_heard(person)
        asked = await answer(person, asked, "完成", "什么时候上门")
    else:
        asked = await answer(person, asked, "跳过", "什么时候上门")
    asked = await answer(person, asked, "尽快上门", "打哪个电话")
    await person.send(PHONE)
    return await person.wait_for("请核对一下", WAIT, after=asked)


async def to_photos(person: User, story: str = STORY, *, trade: str = "水管龙头") -> Message:
    """The first answers of a repair; the message that asks for photos."""
    since = person.messages[-1] if person.messages else None
    await person.send(f"报修：{story}")
    asked = await person.wait_for("哪里需要修", WAIT, after=since)
    asked = await answer(person, asked, "我家里", "哪方面的问题")
    if trade in SAFE:
        return await answer(person, asked, trade, "照片")
    asked = await answer(person, asked, trade, lambda message: "否" in message.labels)
    return await answer(person, asked, "否", "照片")


async def answer(person: User, asked: Message, label: str, then: Wanted) -> Message:
    """Tap an answer; the message with the next question."""
    await person.tap(label, asked)
    return await person.wait_for(then, WAIT, after=asked)


async def all_heard(person: User) -> None:
    """Until the bot has confirmed every update."""
    office = person.line.office
    await office.world.changed.until(lambda: office.mail.empty, WAIT, lambda: "not all is confirmed")


async def submit(person: User) -> str:
    """Send off what was checked; the number of the ticket."""
    review = person.find(lambda message: "提交" in message.labels)
    assert review is not None
    await person.tap("提交", review)
    promise = await person.wait_for("收到，谢谢您", WAIT, after=review)
    return promise.words.splitlines()[0]
