"""One resident, several chats; and codes that are scanned, which ask for something more before they bind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.desk import Scene, Work
from handlers.envelopes import Inbound, Kind, Outgoing
from handlers.inbound import receive
from handlers.outbox import delivery
from handlers.people import binding, linking, scanning
from models import Account, ChangeLog, Claim, Code, Membership, Outbox, Phone, Resident
from models.database import Database
from models.hearing import Standing
from tests.world import World, world

PHONE = "0002"
"""How the phone of 韩梅 in 3-1202 ends."""


async def code_for_another_chat(w: World, who: str) -> str:
    """A code as the resident's chat shows it."""
    await w.hear(w.inbound(who, Kind.TAP, tap="m.chats.link"))
    found = re.search(rf"^[{binding.ALPHABET}]{{10}}$", w.last(who).message.text, re.MULTILINE)
    assert found
    return found[0]


async def linked(w: World, who: str, new: str) -> None:
    await w.say(new, await code_for_another_chat(w, who))
    assert "连好了" in w.words(new)


async def accounts(w: World, *, chosen: bool | None = None) -> dict[str, int | None]:
    """Whose each chat of a resident is."""
    query = select(Account.external_id, Account.resident_id).where(Account.staff_id.is_(None))
    if chosen is not None:
        query = query.where(Account.chosen == chosen)
    async with w.database.reading() as session:
        return {row.external_id: row.resident_id for row in await session.execute(query)}


async def number(w: World, who: str) -> int:
    async with w.database.reading() as session:
        return (await session.scalars(select(Account.id).where(Account.external_id == who))).one()


async def tap(w: World, who: str, verb: str, other: str) -> str:
    """A button of "my chats" about one of them; what is answered."""
    await w.hear(w.inbound(who, Kind.TAP, tap=f"m.chats.{verb}-{await number(w, other)}"))
    return w.last(who).message.text


# --- linking


async def test_a_code_from_one_chat_links_another_with_all_homes(database: Database) -> None:
    async with world(database) as w:
        await w.say("李雷", await w.code("3-1202"))
        await linked(w, "李雷", "李雷手机")
        assert (await accounts(w))["李雷手机"] == w.people["李雷"]
        assert "3-1201、3-1202" in w.words("李雷手机")
        assert "连接了另一个聊天" in w.last("李雷").message.text
        await w.report("李雷")
        await w.say("李雷手机", "我的工单")
        assert "HPY-2611-00001" in w.last("李雷手机").message.text
        async with database.reading() as session:
            log = (await session.scalars(select(ChangeLog).filter_by(field="chat"))).one()
            residents = await session.scalar(select(func.count(Resident.id)))
        assert (log.resident_id, log.old, log.new) == (w.people["李雷"], None, "test")
        assert residents == 2


async def test_a_code_counts_once_for_a_quarter_of_an_hour_and_until_the_next(database: Database) -> None:
    async with world(database) as w:
        first = await code_for_another_chat(w, "李雷")
        second = await code_for_another_chat(w, "李雷")
        for wrong in (first, first.lower()):
            await w.say("手机", wrong)
            assert "不对" in w.last("手机").message.text
        await w.say("手机", f" {second[:5]}-{second[5:].lower()} ")
        assert "连好了" in w.words("手机")
        await w.say("平板", second)
        assert "不对" in w.last("平板").message.text
        third = await code_for_another_chat(w, "李雷")
        w.now += timedelta(minutes=15)
        await w.say("平板", third)
        assert "不对" in w.last("平板").message.text
        assert set(await accounts(w)) >= {"李雷", "手机", "平板"}
        assert (await accounts(w))["平板"] is None


async def test_only_the_hash_of_a_code_is_kept(database: Database) -> None:
    async with world(database) as w:
        code = await code_for_another_chat(w, "李雷")
        async with database.reading() as session:
            kept = (await session.scalars(select(Code))).one()
        assert kept.digest == binding.digest(code) != code
        assert (kept.home_id, kept.staff_id, kept.resident_id) == (None, None, w.people["李雷"])
        assert kept.expires_at == w.now + timedelta(minutes=15)


async def test_wrong_codes_lock_and_then_a_right_one_does_not_count_either(database: Database) -> None:
    async with world(database) as w:
        code = await code_for_another_chat(w, "李雷")
        for _ in range(5):
            await w.say("手机", "ABCDE23456")
        await w.say("手机", code)
        assert "输错太多次" in w.last("手机").message.text
        assert (await accounts(w))["手机"] is None


async def test_somebody_else_s_chat_is_left_as_it_is_and_the_desk_is_asked(database: Database) -> None:
    async with world(database) as w:
        await w.say("小林", f"/staff {await w.staff_code('desk')}")
        before = await accounts(w)
        await w.say("韩梅", await code_for_another_chat(w, "李雷"))
        assert "什么都没有改" in w.last("韩梅").message.text
        assert await accounts(w) == before
        asked = w.last("小林").message
        assert "李**" in asked.text
        assert "韩**" in asked.text
        assert "3-****" in asked.text
        assert "1201" not in asked.text
        assert "0001" in asked.text
        assert "138" not in asked.text
        await w.tap("小林", "看一看")
        await w.tap("小林", "合并")
        assert set((await accounts(w)).values()) == {w.people["李雷"]}


async def test_the_desk_is_asked_once_a_day_about_the_same_two(database: Database) -> None:
    async with world(database) as w:
        for _ in range(3):
            await w.say("韩梅", await code_for_another_chat(w, "李雷"))
            await w.say("李雷", await code_for_another_chat(w, "韩梅"))
        assert len(w.chats["周经理"]) == 1
        w.now += timedelta(days=1)
        await w.say("韩梅", await code_for_another_chat(w, "李雷"))
        assert len(w.chats["周经理"]) == 2


async def test_without_a_desk_the_manager_is_asked(database: Database) -> None:
    async with world(database) as w:
        await w.say("韩梅", await code_for_another_chat(w, "李雷"))
        assert "可能是同一位住户" in w.last("周经理").message.text
        assert "王师傅" not in w.chats


async def test_a_chat_that_is_linked_already_is_told_so(database: Database) -> None:
    async with world(database) as w:
        await w.say("李雷", await code_for_another_chat(w, "李雷"))
        assert "已经连着了" in w.words("李雷")
        assert (await accounts(w))["李雷"] == w.people["李雷"]


async def test_staff_link_their_own_home_s_chat(database: Database) -> None:
    async with world(database) as w:
        await w.say("王师傅", await code_for_another_chat(w, "李雷"))
        async with database.reading() as session:
            both = (await session.scalars(select(Account).filter_by(external_id="王师傅"))).one()
        assert (both.resident_id, both.staff_id) == (w.people["李雷"], w.people["王师傅"])


async def test_a_code_in_the_middle_of_a_form_links_and_the_form_goes_on(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "李雷手机")
        await w.say("李雷手机", "报修")
        await w.say("李雷手机", await code_for_another_chat(w, "李雷"))
        assert "哪里需要修" in w.last("李雷手机").message.text


async def test_linking_makes_an_unreachable_resident_reachable(database: Database) -> None:
    async with world(database) as w:
        await w.report("李雷")
        code = await code_for_another_chat(w, "李雷")
        await w.hear(w.inbound("李雷", Kind.BLOCKED))
        await w.tap("王师傅", "接单", chat="repair")
        assert "⚠️" in w.last("repair").message.text
        await w.say("手机", code)
        assert "⚠️" not in w.last("repair").message.text


# --- where notices go


async def test_notices_go_to_the_chosen_chat(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        assert "以后通知发到" in await tap(w, "李雷", "to", "手机")
        assert list(await accounts(w, chosen=True)) == ["手机"]
        await w.report("李雷")
        await w.tap("王师傅", "接单", chat="repair")
        assert "王师傅" in w.last("手机").message.text
        assert "以后通知发到" in await tap(w, "手机", "to", "李雷")
        assert list(await accounts(w, chosen=True)) == ["李雷"]
        await w.say("李雷", "我的聊天方式")
        assert w.last("李雷").message.text == "· Test 1（当前聊天），通知发到这里\n· Test 2"


async def test_a_chat_that_cannot_be_reached_is_marked_and_not_chosen(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        await w.hear(w.inbound("手机", Kind.BLOCKED))
        assert "收不到消息" in await tap(w, "李雷", "to", "手机")
        assert await accounts(w, chosen=True) == {}
        await w.say("李雷", "/chats")
        shown = w.last("李雷").message
        assert shown.text == "· Test 1（当前聊天）\n· Test 2，现在收不到消息"
        assert [row[0].label for row in shown.buttons] == ["连接另一个聊天", "断开Test 2"]


# --- disconnecting


async def test_a_chat_is_disconnected_and_sees_nothing_any_more(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        await w.report("李雷")
        await tap(w, "李雷", "to", "手机")
        assert "要断开吗" in await tap(w, "李雷", "off", "手机")
        assert (await accounts(w))["手机"] == w.people["李雷"], "not before it is confirmed"
        await w.tap("李雷", "断开")
        assert "已断开" in w.last("李雷").message.text
        assert (await accounts(w))["手机"] is None
        assert await accounts(w, chosen=True) == {}
        await w.say("手机", "我的工单")
        assert "请先绑定房屋" in w.last("手机").message.text
        before = len(w.chats["手机"])
        await w.tap("王师傅", "接单", chat="repair")
        assert len(w.chats["手机"]) == before
        assert "王师傅" in w.last("李雷").message.text


async def test_the_chat_itself_may_be_disconnected(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        await w.say("李雷", "报修")
        assert "已断开" in await tap(w, "李雷", "drop", "李雷")
        await w.say("李雷", "[我家里]")
        assert "请先绑定房屋" in w.last("李雷").message.text
        await w.say("李雷", await code_for_another_chat(w, "手机"))
        assert (await accounts(w))["李雷"] == w.people["李雷"]


@pytest.mark.parametrize("leaves", [False, True])
async def test_news_that_waited_for_a_chat_goes_to_the_other_one(database: Database, leaves: bool) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        phone = await number(w, "手机")
        async with database.transaction() as session:
            for text, notice in (("王师傅已出发", "repair.told.depart"), ("可以把水阀关上", "")):
                await delivery.post(
                    session,
                    channel="test",
                    bot="bot",
                    chat="手机",
                    message=Outgoing(text, notice=notice),
                    now=w.now,
                    account=phone,
                )
            await session.flush()
            await session.execute(update(Outbox).where(Outbox.chat == "手机").values(state="held"))
        drop = w.inbound("李雷", Kind.TAP, tap=f"m.chats.drop-{phone}")
        await receive(w.desk, w.inbound("手机", Kind.LEFT) if leaves else drop)
        async with database.reading() as session:
            rows = select(Outbox.chat, Outbox.payload).where(Outbox.state.in_(("pending", "held")))
            left = [(chat, payload["message"]["text"]) for chat, payload in await session.execute(rows)]
        assert ("李雷", "王师傅已出发") in left
        assert ("手机", "王师傅已出发") not in left
        assert (("手机", "可以把水阀关上") in left) is not leaves


async def test_a_chat_that_was_disconnected_this_very_instant_sees_nobody_s_chats(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        await w.say("路人", "你好")
        await tap(w, "李雷", "drop", "手机")
        phone = await number(w, "手机")
        for wanted in ("", "link", f"to-{await number(w, '路人')}", f"drop-{await number(w, '路人')}"):
            async with database.transaction() as session:
                scene = _stale(w, session, phone)
                await linking.chats(scene, wanted)
            assert [reply.text for reply in scene.replies] == [scene.text("bind.first")]
        assert await accounts(w, chosen=True) == {}


def _stale(w: World, session: AsyncSession, account: int) -> Scene:
    """A tap of a chat that was still 李雷's when its message was begun."""
    standing = Standing(
        1, None, None, 0, account, w.people["李雷"], None, "zh_CN", True, "手机", False, None, False, w.now
    )
    return Scene(Work(w.desk, session, w.now), w.inbound("手机", Kind.TAP, tap="m.chats"), standing, None)


async def test_the_last_chat_that_can_be_reached_stays(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        await w.hear(w.inbound("手机", Kind.BLOCKED))
        for verb in ("off", "drop"):
            assert "唯一能联系到您" in await tap(w, "李雷", verb, "李雷")
        assert "已断开" in await tap(w, "李雷", "drop", "手机")
        assert (await accounts(w))["李雷"] == w.people["李雷"]


async def test_two_chats_that_disconnect_each_other_do_not_both_succeed(database: Database) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        for _ in range(5):
            one = await _drop(w, "李雷", "手机")
            two = await _drop(w, "手机", "李雷")
            await asyncio.gather(receive(w.desk, one), receive(w.desk, two))
            whose = await accounts(w)
            left = [who for who in ("李雷", "手机") if whose[who] == w.people["李雷"]]
            assert len(left) == 1
            await linked(w, left[0], ({"李雷", "手机"} - {*left}).pop())


async def _drop(w: World, who: str, other: str) -> Inbound:
    return w.inbound(who, Kind.TAP, tap=f"m.chats.drop-{await number(w, other)}")


@pytest.mark.parametrize("verb", ["to", "off", "drop"])
async def test_nobody_touches_somebody_else_s_chats(database: Database, verb: str) -> None:
    async with world(database) as w:
        await linked(w, "李雷", "手机")
        before = await accounts(w), await accounts(w, chosen=True)
        assert (await tap(w, "韩梅", verb, "手机")).startswith("· Test")
        assert (await accounts(w), await accounts(w, chosen=True)) == before
        for data in (
            f"m.chats.{verb}",
            f"m.chats.{verb}-",
            f"m.chats.{verb}-x",
            f"m.chats.{verb}-{'9' * 30}",
        ):
            await w.hear(w.inbound("韩梅", Kind.TAP, tap=data))
        assert (await accounts(w), await accounts(w, chosen=True)) == before


async def test_a_stranger_has_no_chats_to_look_at(database: Database) -> None:
    async with world(database) as w:
        for data in ("m.chats", "m.chats.link", "m.chats.drop-1"):
            await w.hear(w.inbound("路人", Kind.TAP, tap=data))
            assert "请先绑定房屋" in w.last("路人").message.text
        await w.say("王师傅", "/chats")
        assert "绑定" in w.last("王师傅").message.text
        async with database.reading() as session:
            assert await session.scalar(select(func.count(Code.id))) == 0


# --- a scanned code


async def test_a_scene_cannot_be_guessed_and_only_its_hash_is_kept(database: Database) -> None:
    async with world(database) as w:
        made = [(await w.scan("3-1202")).scene for _ in range(20)]
        assert len(set(made)) == 20
        for scene in made:
            assert re.fullmatch(r"bind_[a-z2-7]{26,59}", scene), scene
            assert (len(scene) - len("bind_")) * 5 >= 128
        async with database.reading() as session:
            kept = (await session.scalars(select(Code).order_by(Code.id))).all()
        assert [one.digest for one in kept] == [binding.digest(scene) for scene in made]
        assert {one.expires_at for one in kept} == {w.now + timedelta(days=7)}
        assert {one.pin_digest for one in kept} == {None}, "there is a phone on file"


async def test_a_pin_is_made_where_nobody_s_phone_is_known(database: Database) -> None:
    async with world(database) as w:
        printed = await w.scan("3-1502")
        assert re.fullmatch(r"\d{4}", printed.pin)
        async with database.reading() as session:
            kept = (await session.scalars(select(Code))).one()
        assert kept.pin_digest is not None
        assert kept.pin_digest not in (printed.pin, binding.digest(printed.pin))
        await w.say("新邻居", f"/start {printed.scene}")
        await w.say("新邻居", printed.pin)
        await w.tap("新邻居", "同意")
        assert "已绑定湖畔花园 3-1502" in w.words("新邻居")


async def test_scanning_alone_binds_nothing(database: Database) -> None:
    async with world(database) as w:
        printed = await w.scan("3-1202")
        for _ in range(3):
            await w.say("新邻居", f"/start {printed.scene}")
            assert "登记手机号的后四位" in w.last("新邻居").message.text
        await w.say("新邻居", printed.scene)
        assert (await accounts(w))["新邻居"] is None
        async with database.reading() as session:
            code = (await session.scalars(select(Code))).one()
            assert await session.scalar(select(func.count(Claim.id))) == 1
        assert (code.used_at, code.wrong) == (None, 0)


async def test_the_right_digits_bind_once(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        for who in ("甲", "乙"):
            await w.say(who, f"/start {scene}")
        await w.say("乙", PHONE)
        assert "已绑定湖畔花园 3-1202" in w.words("乙")
        await w.say("甲", PHONE)
        assert "已绑定" not in w.words("甲")
        await w.say("甲", f"/start {scene}")
        assert "已用过或过期" in w.last("甲").message.text
        await w.say("乙", f"/start {scene}")
        assert "您已经绑定 3-1202" in w.last("乙").message.text
        async with database.reading() as session:
            assert await session.scalar(select(func.count(Claim.id))) == 0
            held = (await session.scalars(select(Membership).order_by(Membership.id.desc()))).first()
            code = (await session.scalars(select(Code))).one()
        assert held is not None
        assert (held.role, held.verified_by) == ("owner", "code")
        assert code.used_by == await number(w, "乙")


async def test_two_who_answer_in_the_same_instant_do_not_both_bind(database: Database) -> None:
    async with world(database) as w:
        for turn in range(5):
            scene = (await w.scan("3-1202")).scene
            both = [f"甲{turn}", f"乙{turn}"]
            for who in both:
                await w.say(who, f"/start {scene}")
            await w.at_once(*(w.inbound(who, Kind.TEXT, text=PHONE) for who in both))
            whose = await accounts(w)
            assert sorted(whose[who] is None for who in both) == [False, True]


async def test_a_wait_ends_after_a_quarter_of_an_hour(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        await w.say("甲", f"/start {scene}")
        w.now += timedelta(minutes=15)
        await w.say("甲", PHONE)
        assert (await accounts(w))["甲"] is None
        await w.say("甲", f"/start {scene}")
        w.now += timedelta(minutes=14)
        await w.say("甲", PHONE)
        assert (await accounts(w))["甲"] is not None


async def test_a_code_is_over_after_seven_days(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        w.now += timedelta(days=7) - timedelta(minutes=1)
        await w.say("甲", f"/start {scene}")
        w.now += timedelta(minutes=1)
        await w.say("甲", PHONE)
        assert (await accounts(w))["甲"] is None
        await w.say("甲", f"/start {scene}")
        assert "已用过或过期" in w.last("甲").message.text


async def test_wrong_digits_count_as_wrong_codes_and_end_the_code_for_all(database: Database) -> None:
    async with world(database) as w:
        await w.say("小林", f"/staff {await w.staff_code('desk')}")
        scene = (await w.scan("3-1202")).scene
        for who in ("甲", "乙"):
            await w.say(who, f"/start {scene}")
            for at in range(5):
                await w.say(who, f"111{at}")
            assert "输错太多次" in w.last(who).message.text
            assert f"「{who}」连续输错" in w.last("小林").message.text
            await w.say(who, f"/start {scene}")
            assert "输错太多次" in w.last(who).message.text
        await w.say("丙", f"/start {scene}")
        assert "已用过或过期" in w.last("丙").message.text
        async with database.reading() as session:
            assert (await session.scalars(select(Code.wrong).filter_by(role="owner"))).one() == 10


async def test_a_scene_that_was_never_made_counts_as_a_wrong_code(database: Database) -> None:
    async with world(database) as w:
        for at in range(5):
            await w.say("甲", f"/start bind_{'a' * 31}{at}")
        assert "输错太多次" in w.last("甲").message.text


async def test_whose_phone_counts(database: Database) -> None:
    """Of those who live there now: not of the neighbour's, not of one who has moved out."""
    async with world(database) as w:
        async with database.transaction() as session:
            session.add(Phone(resident_id=w.people["韩梅"], number="+8613800007777", rank=1))
            home = await session.scalar(
                select(Membership.home_id).where(Membership.resident_id == w.people["韩梅"])
            )
            gone = Resident(name="前住户", created_at=w.now, settings={})
            session.add(gone)
            await session.flush()
            session.add(Phone(resident_id=gone.id, number="+8613800005555"))
            session.add(
                Membership(
                    resident_id=gone.id, home_id=home, role="owner", since=w.now, until=w.now, verified_by="x"
                )
            )
        scene = (await w.scan("3-1202")).scene
        await w.say("甲", f"/start {scene}")
        for wrong in ("0001", "5555"):
            await w.say("甲", wrong)
            assert "四位数字不对" in w.last("甲").message.text
        await w.say("甲", "7777")
        assert "已绑定湖畔花园 3-1202" in w.words("甲")


async def test_a_resident_scans_a_second_home(database: Database) -> None:
    async with world(database) as w:
        await w.say("李雷", f"/start {(await w.scan('3-1201')).scene}")
        assert "您已经绑定 3-1201" in w.last("李雷").message.text
        await w.say("李雷", f"/start {(await w.scan('3-1202')).scene}")
        await w.say("李雷", PHONE)
        assert (await accounts(w))["李雷"] == w.people["李雷"]
        await w.say("李雷", "报修")
        assert "哪一套房" in w.last("李雷").message.text


async def test_ordinary_words_cost_no_query_and_four_digits_cost_one(database: Database) -> None:
    """A stranger's cost one more: they may have been asked to agree, and not have answered."""
    async with world(database) as w:
        for who, asks in (("李雷", 0), ("路人", 1)):
            await w.say(who, "你好")
            for words, wanted in (("厨房", 0), ("12345", 0), ("123", 0), ("一千二百", 0), ("1234", 1)):
                with statements(database) as said:
                    await w.say(who, words)
                assert len([one for one in said if "claim" in one]) <= 2 * wanted + asks, (words, said)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile."""
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", listen)


async def test_the_same_digits_are_words_where_nothing_was_scanned(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        await w.say("甲", f"/start {scene}")
        await w.say("乙", PHONE)
        assert "请先绑定房屋" in w.last("乙").message.text
        assert (await accounts(w))["乙"] is None
        async with database.reading() as session:
            assert await session.scalar(select(func.sum(Account.wrong_codes))) == 0


async def test_an_issued_scene_is_no_code_to_be_typed(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        for typed in (scene, scene.upper(), scene.removeprefix(scanning.PREFIX)):
            await w.say("甲", typed)
        await w.say("甲", f"/staff {scene}")
        assert "登记手机号的后四位" in w.last("甲").message.text
        assert (await accounts(w))["甲"] is None


async def test_a_locked_account_may_not_answer(database: Database) -> None:
    async with world(database) as w:
        scene = (await w.scan("3-1202")).scene
        await w.say("甲", f"/start {scene}")
        async with database.transaction() as session:
            await session.execute(
                update(Account)
                .where(Account.external_id == "甲")
                .values(locked_until=w.now + timedelta(minutes=5))
            )
        await w.say("甲", PHONE)
        assert "输错太多次" in w.last("甲").message.text
        assert (await accounts(w))["甲"] is None
