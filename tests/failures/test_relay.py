"""A resident and the assistant of the building talk through us, and nobody is told more than has happened."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from models import Inbox
from tests.emulators.telegram_faults import Fault
from tests.emulators.telegram_group import Group
from tests.emulators.telegram_phone import User
from tests.emulators.telegram_rooms import Message
from tests.estate import Estate
from tests.failures.conftest import Builder, mostly
from tests.premises import WAIT, eventually

QUESTION = "车位费多少钱一个月？"
STICKER = {"sticker": {"file_id": "s", "file_unique_id": "s", "width": 512, "height": 512, "type": "regular"}}


@dataclass
class Talk:
    """王芳 answers in the care group what 李雷 has asked."""

    estate: Estate
    care: Group
    fang: User
    li: User

    @property
    def card(self) -> Message:
        return next(one for one in self.care.from_bot if "留言" in one.words)

    async def says(self, text: str, to: Message | None = None) -> Message:
        """The assistant replies, to the card unless to something else, as slowly as people are."""
        await self.estate.calm()
        return await self.fang.send(text, chat=self.care, reply_to=to or self.card)

    async def marked(self, text: str, mark: str) -> None:
        """The card shows how far these words have come."""
        await eventually(lambda: self._marked(text, mark), what=f"{text!r} is not marked {mark!r}")

    async def _marked(self, text: str, mark: str) -> bool:
        return any(text in line and mark in line for line in self.card.words.splitlines())

    def never(self, text: str, mark: str) -> bool:
        """Whether no call has ever shown these words with this mark."""
        shown = [str(one.params.get("text", "")) for one in self.estate.tg.calls]
        return not any(text in line and mark in line for said in shown for line in said.splitlines())


async def talking(builder: Builder, kind: str) -> Talk:
    estate = await builder.open(kind)
    xu = await estate.colleague("许晨", "administrator", "manager")
    care = estate.tg.group(-2002, "客服群", owner=xu)
    await care.add_bot(by=xu)
    await care.wait_for("/bind", WAIT)
    await xu.send("/bind care", chat=care)
    await care.wait_for("✅ 这个群现在是", WAIT)
    (li,) = await estate.crowd(1, "李雷")
    talk = Talk(estate, care, await estate.colleague("王芳", "assistant"), li)
    await talk.li.send("找客户助理")
    await talk.li.wait_for("想和客户助理说什么", WAIT)
    await talk.li.send(QUESTION)
    await talk.li.wait_for("已转给您的客户助理", WAIT)
    await care.wait_for(QUESTION, WAIT)
    await estate.calm()
    return talk


@mostly("sqlite")
async def test_10_edits_reach_the_other_side(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    first = next(one for one in talk.li.messages if one.words == QUESTION)
    await talk.li.edit(first, "车位费多少钱一年？")
    await talk.care.wait_for("留言：车位费多少钱一年？", WAIT)

    said = await talk.says("每月三千元")
    copy = await talk.li.wait_for("王芳：每月三千元", WAIT)
    await talk.estate.calm()
    await talk.fang.edit(said, "每月三百元", chat=talk.care)
    await eventually(lambda: _reads(copy, "王芳：每月三百元"))
    await talk.marked("每月三百元", "✓")
    assert len([one for one in talk.li.from_bot if "王芳：" in one.words]) == 1

    more = await talk.li.send("那就办一个，停东区")
    posted = await talk.care.wait_for("李**：那就办一个，停东区", WAIT)
    await talk.estate.calm()
    await talk.li.edit(more, "那就办一个，停西区")
    await eventually(lambda: _reads(posted, "李**：那就办一个，停西区"))
    assert "停东区" not in talk.card.words

    await talk.estate.calm()
    lost = talk.estate.tg.fail_next(
        "editMessageText", chat=talk.li, error=400, description="Bad Request: message to edit not found"
    )
    await talk.fang.edit(said, "每月三百五", chat=talk.care)
    again = await talk.li.wait_for("王芳：每月三百五", WAIT, after=copy)
    assert again.id != copy.id
    assert lost.hits == 1
    await talk.marked("每月三百五", "✓")


@mostly("postgresql")
async def test_10_an_edit_of_what_was_never_ours_is_kept(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    early = next(one for one in talk.li.messages if one.words == "找客户助理")
    await talk.li.edit(early, "找一下客户助理")
    await eventually(lambda: _kept(talk, "找一下客户助理"))
    talk.estate.tg.fail_next("sendMessage", chat=talk.li, error=429, retry_after=3)
    said = await talk.says("每月三千元")
    await eventually(lambda: _put_off(talk))
    await talk.fang.edit(said, "每月三百元", chat=talk.care)
    await talk.li.wait_for("王芳：每月三百元", WAIT)
    await talk.estate.calm()
    shown = [one.words for one in talk.li.from_bot if "王芳：" in one.words]
    assert len(shown) == 1, "what had not left yet left with the new words"


async def _reads(message: Message, words: str) -> bool:
    return words in message.words


async def _put_off(talk: Talk) -> bool:
    waiting = [row for row in await talk.estate.outbox("pending") if row.chat == str(talk.li.id)]
    return any(row.attempts for row in waiting)


async def _kept(talk: Talk, words: str) -> bool:
    return words in await talk.estate.rows(select(Inbox.kept).where(Inbox.kept.is_not(None)))


@mostly("sqlite")
async def test_12_what_cannot_be_passed_on(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    voice = {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}}
    for unfit in (STICKER, voice):
        last = talk.care.messages[-1]
        await talk.fang.send_raw(unfit, chat=talk.care, reply_to=talk.card)
        await talk.care.wait_for("没有发给住户：只能转文字和照片", WAIT, after=last)
    await talk.says("每月三百元")
    answer = await talk.li.wait_for("王芳：每月三百元", WAIT)
    for send in (talk.li.send_sticker, talk.li.send_voice, talk.li.send_document, talk.li.send_video_note):
        last = talk.li.messages[-1]
        await send()
        await talk.li.wait_for("能转给客户助理的只有文字和照片", WAIT, after=last)
    last = talk.li.messages[-1]
    await talk.li.send_contact("+8613800138000", reply_to=answer)
    await talk.li.wait_for("能转给客户助理的只有文字和照片", WAIT, after=last)
    posted = [one for one in talk.care.from_bot if "李**：" in one.words and one.id != talk.card.id]
    assert not posted


@mostly("postgresql")
async def test_photos_go_both_ways(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    await talk.fang.send_photo(caption="价目表", chat=talk.care, reply_to=talk.card)
    shown = await talk.li.wait_for("王芳：价目表", WAIT)
    assert shown.photos
    await talk.estate.calm()
    await talk.li.send_photo(caption="停这里可以吗", reply_to=shown)
    posted = await talk.care.wait_for("李**：停这里可以吗", WAIT)
    assert posted.photos
    await talk.says("可以的", posted)
    await talk.li.wait_for("王芳：可以的", WAIT)
    await talk.marked("可以的", "✓")


@mostly("postgresql")
async def test_23_a_reply_that_fails_is_never_shown_as_sent(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    tg = talk.estate.tg
    tg.fail_next("sendMessage", chat=talk.li, error=400, description="Bad Request: NOT_TODAY")
    await talk.says("第一句")
    told = await talk.care.wait_for("没有送到：「第一句」", WAIT)
    assert "对方的聊天软件没有收下" in told.words
    await talk.marked("第一句", "✗")

    tg.lose_answer("sendMessage", chat=talk.li)
    await talk.says("第二句")
    await talk.care.wait_for("可能没送到", WAIT, after=told)
    await talk.marked("第二句", "❓")

    tg.fail_next("sendMessage", chat=talk.li, error=500)
    await talk.says("第三句")
    await talk.li.wait_for("王芳：第三句", WAIT)
    await talk.marked("第三句", "✓")
    assert talk.never("第一句", "✓")
    assert talk.never("第二句", "✓")


@mostly("sqlite")
async def test_23_a_reply_to_somebody_who_has_blocked_us(kind: str, builder: Builder) -> None:
    talk = await talking(builder, kind)
    with talk.estate.tg.held("my_chat_member"):
        await talk.li.block()
        await talk.fang.send("第一句", chat=talk.care, reply_to=talk.card)
        await talk.care.wait_for("没有送到：「第一句」。住户屏蔽了我们的消息", WAIT)
    await talk.marked("第一句", "✗")
    await talk.care.wait_for(lambda one: "等待回复" in one.words and "留言" in one.words, WAIT)
    await talk.li.unblock()
    await talk.estate.tg.idle()
    await talk.says("第二句")
    await talk.li.wait_for("王芳：第二句", WAIT)
    await talk.marked("第二句", "✓")
    assert talk.never("第一句", "✓")
    await talk.estate.calm()
    assert not [one for one in talk.li.from_bot if "第一句" in one.words]


@mostly("sqlite")
async def test_23_killed_while_a_reply_is_on_its_way(kind: str, builder: Builder) -> None:
    """Nobody knows whether it arrived, and nobody is told that it did."""
    talk = await talking(builder, kind)
    slow = talk.estate.tg.slow_next("sendMessage", seconds=30, chat=talk.li)
    await talk.says("第一句")
    await eventually(lambda: _struck(slow))
    await talk.marked("第一句", "…")
    await talk.estate.program.kill()
    await talk.estate.program.start()
    await talk.estate.listened_to()
    await talk.marked("第一句", "❓")
    assert talk.never("第一句", "✓")


async def _struck(fault: Fault) -> bool:
    return fault.hits > 0
