"""What is held of a resident: every change is logged, nothing is shown to others, and it is asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from handlers.desk import Work
from handlers.envelopes import Kind
from handlers.identity import merging
from handlers.people.census import Census, census
from models import Account, ChangeLog, Consent, Due, Membership, Outbox, Phone, Resident
from models.database import Database
from models.resident import phones_of
from tests.world import World, world

NEW = "+8613912345678"


async def change(w: World, who: str, topic: str, *words: str) -> None:
    """One thing is changed, as people do it."""
    await w.say(who, "/profile")
    for said in (topic, *words, "提交"):
        await w.say(who, said)


async def logged(w: World, who: str) -> list[tuple[str, str | None, str | None, str, str, str]]:
    async with w.database.reading() as session:
        mine = select(ChangeLog).filter_by(resident_id=w.people[who]).order_by(ChangeLog.id)
        rows = (await session.scalars(mine)).all()
    return [(one.field, one.old, one.new, one.why, one.who, one.source) for one in rows]


async def told(w: World, who: str) -> dict[str, object]:
    async with w.database.reading() as session:
        record: dict[str, object] = (await session.get_one(Resident, w.people[who])).settings.get(
            "record", {}
        )
    return record


@pytest.mark.parametrize(
    ("topic", "words", "field", "old", "new"),
    [
        ("宠物", ("猫一只",), "pets", None, "猫一只"),
        ("家里的人", ("李爷爷、小明",), "people", None, "李爷爷、小明"),
        ("车辆", ("沪a12345",), "vehicles", None, "沪A12345"),
        ("免打扰时间", ("22:00-7:30",), "quiet", None, "22:00–07:30"),
        ("紧急联系人", ("王芳", "13912345678"), "emergency", None, "王芳 +86 139 1234 5678"),
        ("姓名", ("李小雷",), "name", "李雷", "李小雷"),
        ("通知的语言", ("English",), "language", None, "en"),
        ("电话", ("13912345678", "13912345678"), "phones", "+8613800000001", f"+8613800000001、{NEW}"),
    ],
)
async def test_every_change_says_what_it_was_and_who_changed_it(
    database: Database, topic: str, words: tuple[str, ...], field: str, old: str | None, new: str
) -> None:
    async with world(database) as w:
        await change(w, "李雷", topic, *words)
        who = f"resident:{w.people['李雷']}"
        assert await logged(w, "李雷") == [(field, old, new, "changed by the resident", who, "test")]
        assert await logged(w, "韩梅") == []


async def test_a_second_change_keeps_the_first(database: Database) -> None:
    async with world(database) as w:
        await change(w, "李雷", "宠物", "猫")
        await change(w, "李雷", "车辆", "沪A12345")
        await change(w, "李雷", "宠物", "没有宠物")
        assert ((await told(w, "李雷"))["pets"], (await told(w, "李雷"))["vehicles"]) == ([], ["沪A12345"])
        assert [(one[1], one[2]) for one in await logged(w, "李雷")][-1] == ("猫", None)


async def test_phones_are_ordered_and_one_always_stays(database: Database) -> None:
    async with world(database) as w:
        await change(w, "李雷", "电话", "13912345678", "13912345678")
        await change(w, "李雷", "电话", "换一个排第一", "2")
        async with database.reading() as session:
            assert await phones_of(session, w.people["李雷"]) == (NEW, "+8613800000001")
        await change(w, "李雷", "电话", "去掉一个", "2")
        async with database.reading() as session:
            assert await phones_of(session, w.people["李雷"]) == (NEW,)
            assert await session.scalar(select(Phone.verified_at).filter_by(number=NEW)) is None


async def test_only_a_contact_proves_a_number(database: Database) -> None:
    async with world(database) as w:
        await w.say("李雷", "/profile")
        await w.say("李雷", "电话")
        await w.hear(w.inbound("李雷", Kind.CONTACT, phone=NEW))
        await w.tap("李雷", "提交")
        async with database.reading() as session:
            assert await session.scalar(select(Phone.verified_at).filter_by(number=NEW)) == w.now


async def test_another_language_holds_for_all_their_chats(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            session.add(
                Account(
                    channel="test", bot="bot", external_id="手机", chat="手机", resident_id=w.people["李雷"]
                )
            )
        await change(w, "李雷", "通知的语言", "English")
        async with database.reading() as session:
            theirs = select(Account.locale).filter_by(resident_id=w.people["李雷"])
            assert set(await session.scalars(theirs)) == {"en"}
        assert "Changed" in w.last("李雷").message.text


async def test_two_at_once_lose_nothing(database: Database) -> None:
    """One resident, two chats, one instant: both changes are there, and both are logged."""
    async with world(database) as w:
        async with database.transaction() as session:
            session.add(
                Account(
                    channel="test", bot="bot", external_id="手机", chat="手机", resident_id=w.people["李雷"]
                )
            )
        for who, topic, words in (("李雷", "宠物", "猫"), ("手机", "车辆", "沪A12345")):
            for said in ("/profile", topic, words):
                await w.say(who, said)
        taps = [
            w.inbound(who, Kind.TAP, tap=w.button(who, "提交")[0].data, tapped=w.last(who).id)
            for who in ("李雷", "手机")
        ]
        await w.at_once(*taps)
        record = await told(w, "李雷")
        assert (record["pets"], record["vehicles"]) == (["猫"], ["沪A12345"])
        assert sorted(one[0] for one in await logged(w, "李雷")) == ["pets", "vehicles"]


async def test_what_is_held_is_shown_masked_and_only_to_its_owner(database: Database) -> None:
    async with world(database) as w:
        await change(w, "李雷", "紧急联系人", "王芳", "13912345678")
        await change(w, "李雷", "家里的人", "李爷爷")
        await w.say("李雷", "你们保存了我什么")
        shown = w.last("李雷").message.text
        assert "***5678" in shown
        for secret in ("王芳", "李爷爷", NEW, "+8613800000001", "138 0000 0001"):
            assert secret not in shown
        await w.say("韩梅", "你们保存了我什么")
        for post in w.chats["韩梅"]:
            assert "5678" not in post.message.text
        await w.say("路人", "你们保存了我什么")
        assert "请先绑定房屋" in w.last("路人").message.text


async def test_the_export_holds_everything_in_plain_words(database: Database) -> None:
    async with world(database) as w:
        await w.report("李雷")
        await change(w, "李雷", "紧急联系人", "王芳", "13912345678")
        await w.say("李雷", "导出我的资料")
        full = "\n".join(post.message.text for post in w.chats["李雷"][-2:])
        for part in ("李雷", "+86 138 0000 0001", "3-1201", "王芳", "2026-11", "HPY-2611-00001"):
            assert part in full


async def test_erasing_asks_twice_and_leaves_a_stranger(database: Database) -> None:
    async with world(database) as w:
        for words in ("删除我的资料", "是", "否"):
            await w.say("李雷", words)
        async with database.reading() as session:
            assert (await session.get_one(Resident, w.people["李雷"])).erased_at is None
        for words in ("删除我的资料", "是", "是"):
            await w.say("李雷", words)
        async with database.reading() as session:
            assert (await session.get_one(Resident, w.people["李雷"])).erased_at == w.now
        await w.say("李雷", "我的工单")
        assert "请先绑定房屋" in w.last("李雷").message.text


async def test_a_forged_button_does_nothing(database: Database) -> None:
    async with world(database) as w:
        for data in ("m.record.", "m.record.everything", "m.record.right", "m.record.erase"):
            await w.hear(w.inbound("路人", Kind.TAP, tap=data))
        assert await logged(w, "李雷") == []


# --- is it still right


async def due_of(w: World, who: str) -> list[tuple[str, bool]]:
    async with w.database.reading() as session:
        mine = select(Due).filter_by(resident_id=w.people[who]).order_by(Due.id)
        return [(one.kind, one.done_at is not None) for one in await session.scalars(mine)]


async def bound(w: World, who: str = "新邻居") -> None:
    """Somebody binds a home and is asked half a year later."""
    await w.say(who, await w.code("3-1202"))
    await w.tap(who, "同意")
    async with w.database.reading() as session:
        number = await session.scalar(select(Account.resident_id).filter_by(external_id=who))
    assert number is not None
    w.people[who] = number


QUESTION = "您登记的资料还都对吗"


def asked(w: World, who: str) -> int:
    return sum(QUESTION in post.message.text for post in w.chats[who])


async def test_one_reminder_then_nothing_until_they_write(database: Database) -> None:
    async with world(database) as w:
        await bound(w)
        assert await due_of(w, "新邻居") == [("reconfirm", False)]
        await w.wait(timedelta(days=179))
        assert asked(w, "新邻居") == 0
        await w.wait(timedelta(days=2))
        assert asked(w, "新邻居") == 1
        await w.wait(timedelta(days=300))
        assert asked(w, "新邻居") == 1
        await w.say("新邻居", "你好")
        assert asked(w, "新邻居") == 2
        await w.say("新邻居", "你好")
        assert asked(w, "新邻居") == 2
        assert (await due_of(w, "新邻居"))[-1][1], "nothing is planned until they answer"


async def test_a_yes_is_logged_and_puts_it_off_for_half_a_year(database: Database) -> None:
    async with world(database) as w:
        await bound(w)
        await w.wait(timedelta(days=181))
        await w.tap("新邻居", "都对")
        assert (await logged(w, "新邻居"))[-1][0] == "confirmed"
        await w.wait(timedelta(days=179))
        assert asked(w, "新邻居") == 1
        await w.wait(timedelta(days=2))
        assert asked(w, "新邻居") == 2


async def test_a_community_sets_how_often(database: Database) -> None:
    async with world(database) as w:
        await w.set("reconfirm_days", 30)
        await bound(w)
        await w.wait(timedelta(days=31))
        assert asked(w, "新邻居") == 1


async def test_nobody_is_asked_at_night_or_after_moving_out(database: Database) -> None:
    async with world(database) as w:
        await bound(w)
        async with database.transaction() as session:
            night = w.now + timedelta(hours=14)
            await session.execute(update(Due).where(Due.resident_id.is_not(None)).values(at=night))
        await w.wait(timedelta(hours=15))
        assert asked(w, "新邻居") == 0
        async with database.transaction() as session:
            theirs = update(Membership).where(Membership.resident_id == w.people["新邻居"])
            await session.execute(theirs.values(until=w.now))
        await w.wait(timedelta(days=2))
        assert asked(w, "新邻居") == 0
        assert (await due_of(w, "新邻居"))[-1][1]


async def test_who_was_away_is_asked_when_they_are_back(database: Database) -> None:
    async with world(database) as w:
        await w.hear(w.inbound("李雷", Kind.BLOCKED))
        await w.say("李雷", "厨房漏水")
        assert asked(w, "李雷") == 0, "not in the middle of something"
        await w.say("李雷", "取消")
        assert asked(w, "李雷") == 1
        await w.tap("李雷", "都对")
        await w.say("李雷", "你好")
        assert asked(w, "李雷") == 1


async def test_coming_back_through_the_channel_s_own_news_asks_at_the_next_message(
    database: Database,
) -> None:
    async with world(database) as w:
        await w.hear(w.inbound("李雷", Kind.BLOCKED))
        await w.hear(w.inbound("李雷", Kind.UNBLOCKED))
        await w.say("李雷", "你好")
        assert asked(w, "李雷") == 1


async def test_who_cannot_be_reminded_is_asked_at_the_next_contact(database: Database) -> None:
    async with world(database) as w:
        await bound(w)
        await w.hear(w.inbound("新邻居", Kind.BLOCKED))
        await w.wait(timedelta(days=181))
        assert asked(w, "新邻居") == 0
        await w.say("新邻居", "你好")
        assert asked(w, "新邻居") == 1


async def test_what_is_planned_survives_a_merge_and_its_undoing(database: Database) -> None:
    async with world(database) as w:
        await bound(w)
        async with database.transaction() as session:
            work = Work(w.desk, session, w.now)
            made = await merging.merge(work, w.people["李雷"], w.people["新邻居"], "staff:1")
            await merging.undo(work, made.id, "staff:1")
        assert await due_of(w, "新邻居") == [("reconfirm", False)]


# --- how it stands as a whole


async def test_the_census_counts_who_lives_here(database: Database) -> None:
    async with world(database) as w:
        async with database.reading() as session:
            assert await census(session, w.now) == Census(residents=2, reachable=2, complete=0)
        await change(w, "李雷", "紧急联系人", "王芳", "13912345678")
        await w.hear(w.inbound("韩梅", Kind.BLOCKED))
        async with database.reading() as session:
            assert await census(session, w.now) == Census(residents=2, reachable=1, complete=1)
        await change(w, "李雷", "紧急联系人", "不留")
        async with database.transaction() as session:
            theirs = update(Membership).where(Membership.resident_id == w.people["韩梅"])
            await session.execute(theirs.values(until=w.now))
        async with database.reading() as session:
            assert await census(session, w.now) == Census(residents=1, reachable=1, complete=0)


async def test_nothing_of_a_record_reaches_anybody_else(database: Database) -> None:
    async with world(database) as w:
        await change(w, "李雷", "紧急联系人", "王芳", "13912345678")
        await change(w, "李雷", "车辆", "沪A12345")
        await w.say("李雷", "导出我的资料")
        async with database.reading() as session:
            sent = [str(row.payload) for row in await session.scalars(select(Outbox))]
            assert (await session.scalars(select(Consent))).all()
        assert not [one for one in sent if "王芳" in one or "12345" in one]
        for who, posts in w.chats.items():
            assert who == "李雷" or not [post for post in posts if "王芳" in post.message.text]
