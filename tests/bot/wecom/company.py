"""What the tests say through WeCom: a ticket's card, and what is in its place around it."""

from __future__ import annotations

from bot.channel import Unacceptable
from handlers.envelopes import Button, Outgoing
from tests.emulators.telegram_files import sample_photo

NO_SUCH_PHOTO = 404
PAGE = Button("打开工单", "", url="https://wubu.example/staff/t/42?k=abc")
ACCEPT = Button("接单", "t.42.accept", "primary")
CANCEL = Button("取消", "t.42.cancel", "danger")
TITLE = "🔧 报修 HPY-2611-00042 · 待接单"
TEXT = "房屋：3-****\n住户：李**\n工种：水管"
WORDS = "厨房水管漏水，已经关了总阀，地上都是水，麻烦师傅尽快过来看一下，家里有老人"


def ticket(text: str = TEXT, title: str = TITLE, *rows: tuple[Button, ...]) -> Outgoing:
    """A card as the house pushes it: what can be done, and the page last."""
    return Outgoing(text, title, rows or ((ACCEPT, CANCEL), (PAGE,)), ticket=42)


async def stored(attachment: int) -> bytes:
    """The media store: it has every photo but one."""
    if attachment == NO_SUCH_PHOTO:
        raise Unacceptable("there is no such photo")
    return sample_photo(attachment)
