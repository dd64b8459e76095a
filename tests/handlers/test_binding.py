"""The ways into a home: nothing is kept before a yes, nobody gets in by guessing, and owners are told."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from handlers.envelopes import Kind, Receipt
from handlers.people import inviting
from models import Account, ChangeLog, Code, Consent, Due, Membership, Phone, Resident
from models.base import Base
from models.code import Claim
from models.database import Database
from tests.world import World, world

HAN, LI = "+8613800000002", "+8613800000001"


async def share(w: World, who: str, phone: str) -> Receipt:
    return await w.hear(w.inbound(who, Kind.CONTACT, phone=phone))


async def count(w: World, model: type[Base]) -> int:
    async with w.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def resident_of(w: World, who: str) -> int | None:
    async with w.database.reading() as session:
        return await session.scalar(select(Account.resident_id).filter_by(external_id=who))


async def no_consents(w: World) -> None:
    """As somebody who was imported: registered, and never asked."""
    async with w.database.transaction() as session:
        for consent in (await session.scalars(select(Consent))).all():
            await session.delete(consent)


# --- consent comes first


async def test_nothing_is_kept_before_the_yes(database: Database) -> None:
    async with world(database) as w:
        kept = (Resident, Membership, Phone, Consent, ChangeLog, Due)
        before = [await count(w, model) for model in kept]
        await w.say("新邻居", await w.code("3-1202"))
        assert "您同意吗" in w.last("新邻居").message.text
        assert [await count(w, model) for model in kept] == before
        await w.tap("新邻居", "不同意")
        assert [await count(w, model) for model in kept] == before
        assert await count(w, Claim) == 0


async def test_a_code_stays_good_after_a_no_and_the_yes_is_written_down(database: Database) -> None:
    async with world(database) as w:
        code = await w.code("3-1202")
        await w.say("新邻居", code)
        await w.tap("新邻居", "不同意")
        await w.say("新邻居", code)
        await w.tap("新邻居", "同意")
        resident = await resident_of(w, "新邻居")
        async with database.reading() as session:
            consent = (await session.scalars(select(Consent).filter_by(resident_id=resident))).one()
            place = (await session.scalars(select(Membership).filter_by(resident_id=resident))).one()
        assert (consent.purpose, consent.version, consent.at) == ("service", "2026-11", w.now)
        assert place.verified_by == "code"


async def test_of_two_who_are_asked_the_first_yes_gets_the_code(database: Database) -> None:
    async with world(database) as w:
        code = await w.code("3-1202")
        for who in ("甲", "乙"):
            await w.say(who, code)
        await w.tap("乙", "同意")
        await w.tap("甲", "同意")
        assert "已绑定" in w.words("乙")
        assert "已用过或过期" in w.words("甲")
        assert await resident_of(w, "甲") is None


async def test_a_yes_comes_too_late_after_a_day(database: Database) -> None:
    async with world(database) as w:
        await w.say("新邻居", await w.code("3-1202"))
        w.now += timedelta(hours=25)
        await w.tap("新邻居", "同意")
        assert w.last("新邻居").message.text == "这一步已经过去了。"
        assert await resident_of(w, "新邻居") is None


async def test_a_new_version_is_agreed_to_anew(database: Database) -> None:
    async with world(database) as w:
        await w.set("consent_version", "2027-01")
        await w.say("李雷", await w.code("3-1202"))
        await w.tap("李雷", "同意")
        async with database.reading() as session:
            mine = select(Consent.version).filter_by(resident_id=w.people["李雷"])
            assert sorted(await session.scalars(mine)) == ["2026-11", "2027-01"]


async def test_a_colleague_and_a_second_chat_are_not_asked(database: Database) -> None:
    async with world(database) as w:
        await w.say("同事", f"/staff {await w.staff_code('desk')}")
        assert "您同意吗" not in w.words("同事")
        await w.say("李雷", "我的聊天方式")
        await w.tap("李雷", "连接另一个聊天")
        code = w.last("李雷").message.text.splitlines()[1]
        await w.say("手机", code)
        assert await resident_of(w, "手机") == w.people["李雷"]
        assert "您同意吗" not in w.words("手机")


# --- the registered phone


async def test_a_contact_leads_to_the_one_record_with_that_number(database: Database) -> None:
    async with world(database) as w:
        await share(w, "手机", HAN)
        assert await resident_of(w, "手机") == w.people["韩梅"]
        assert "连接了另一个聊天" in w.last("韩梅").message.text
        async with database.reading() as session:
            assert await session.scalar(select(Phone.verified_at).filter_by(number=HAN)) == w.now


async def test_a_contact_of_somebody_never_asked_is_asked_first(database: Database) -> None:
    async with world(database) as w:
        await no_consents(w)
        await share(w, "手机", HAN)
        async with database.reading() as session:
            assert await session.scalar(select(Phone.verified_at).filter_by(number=HAN)) is None
        assert await resident_of(w, "手机") is None
        await w.tap("手机", "同意")
        assert await resident_of(w, "手机") == w.people["韩梅"]
        async with database.reading() as session:
            assert await session.scalar(select(Phone.verified_at).filter_by(number=HAN)) == w.now


async def test_a_number_of_several_residents_leads_to_none(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            session.add(Phone(resident_id=w.people["李雷"], number=HAN, rank=1))
        await share(w, "手机", HAN)
        assert "几位住户" in w.last("手机").message.text
        assert await resident_of(w, "手机") is None


async def test_a_number_of_somebody_who_moved_out_leads_nowhere(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            theirs = update(Membership).where(Membership.resident_id == w.people["韩梅"])
            await session.execute(theirs.values(until=w.now))
        await share(w, "手机", HAN)
        assert "没有登记过" in w.last("手机").message.text


async def test_guessing_contacts_locks(database: Database) -> None:
    async with world(database) as w:
        for number in range(5):
            await share(w, "路人", f"+861390000000{number}")
        assert "输错太多次" in w.last("路人").message.text
        await share(w, "路人", HAN)
        assert await resident_of(w, "路人") is None
        w.now += timedelta(minutes=61)
        await share(w, "路人", HAN)
        assert await resident_of(w, "路人") == w.people["韩梅"]


async def test_four_digits_of_one_resident_lead_to_their_record(database: Database) -> None:
    async with world(database) as w:
        await w.say("手机", f"/start {(await w.scan('3-1202')).scene}")
        await w.say("手机", "0002")
        assert await resident_of(w, "手机") == w.people["韩梅"]
        assert "连接了另一个聊天" in w.last("韩梅").message.text
        assert await count(w, Resident) == 2


async def test_four_digits_of_two_residents_are_somebody_new(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            other = Resident(name="韩父", created_at=w.now, settings={})
            session.add(other)
            await session.flush()
            home = select(Membership.home_id).filter_by(resident_id=w.people["韩梅"])
            session.add(Phone(resident_id=other.id, number="+8613900000002"))
            session.add(
                Membership(
                    resident_id=other.id,
                    home_id=await session.scalar(home),
                    role="family",
                    since=w.now,
                    verified_by="code",
                )
            )
        await w.say("手机", f"/start {(await w.scan('3-1202')).scene}")
        await w.say("手机", "0002")
        await w.tap("手机", "同意")
        assert await count(w, Resident) == 4


# --- the owner's invitation


async def invited(w: World, role: str = "租户") -> str:
    """李雷 invites somebody; returns the code."""
    await w.say("李雷", "/profile")
    await w.tap("李雷", "邀请家人或租户")
    await w.tap("李雷", role)
    return w.last("李雷").message.text.splitlines()[2]


async def test_an_invitation_says_who_invited_and_tells_them(database: Database) -> None:
    async with world(database) as w:
        await w.say("租客", await invited(w))
        await w.tap("租客", "同意")
        async with database.reading() as session:
            place = (
                await session.scalars(select(Membership).filter_by(resident_id=await resident_of(w, "租客")))
            ).one()
        assert (place.role, place.verified_by) == ("tenant", f"owner:{w.people['李雷']}")
        assert "租客用您的邀请加入了 3-1201" in w.last("李雷").message.text


async def test_an_invitation_expires(database: Database) -> None:
    async with world(database) as w:
        code = await invited(w)
        w.now += timedelta(days=7, minutes=1)
        await w.say("租客", code)
        assert "过期" in w.last("租客").message.text


async def test_only_an_owner_s_invitation_is_made(database: Database) -> None:
    async with world(database) as w:
        async with database.transaction() as session:
            theirs = update(Membership).where(Membership.resident_id == w.people["李雷"])
            await session.execute(theirs.values(role="tenant"))
        await w.say("李雷", "/profile")
        labels = [one.label for row in w.last("李雷").message.buttons for one in row]
        assert "搬走" in labels
        assert "邀请家人或租户" not in labels
        assert inviting.ROLES == ("family", "tenant")
        assert await count(w, Code) == 0


# --- by staff


async def asks(w: World, who: str, phone: str = "13900000008") -> None:
    """Somebody without a code says who they are."""
    await w.say(who, "没有绑定码")
    if "您同意吗" in w.last(who).message.text:
        await w.tap(who, "同意")
    for words in ("3-1201", "租户", "王小明", phone, "十月起租，房东是李雷", "跳过", "跳过"):
        await w.say(who, words)
    await w.tap(who, "提交")


async def test_who_asks_gets_a_record_and_no_home_until_staff_agree(database: Database) -> None:
    async with world(database) as w:
        await asks(w, "租客")
        (ticket,) = await w.tickets()
        resident = await resident_of(w, "租客")
        async with database.reading() as session:
            consents = (await session.scalars(select(Consent).filter_by(resident_id=resident))).all()
            assert not (await session.scalars(select(Membership).filter_by(resident_id=resident))).all()
        assert [one.version for one in consents] == ["2026-11"]
        assert (ticket.kind, ticket.resident_id) == ("membership", resident)
        await w.say("租客", "厨房漏水")
        assert "请先绑定房屋" in w.last("租客").message.text
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"t.{ticket.id}.accept"))
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"t.{ticket.id}.approve"))
        async with database.reading() as session:
            place = (await session.scalars(select(Membership).filter_by(resident_id=resident))).one()
        assert (place.role, place.verified_by) == ("tenant", f"staff:{w.people['周经理']}")
        assert "刚刚绑定了一位住户" in w.words("李雷"), "the owner hears of it"


async def test_a_stranger_or_a_resident_cannot_approve(database: Database) -> None:
    async with world(database) as w:
        await asks(w, "租客")
        (ticket,) = await w.tickets()
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"t.{ticket.id}.accept"))
        for who in ("租客", "李雷", "王师傅", "路人"):
            await w.hear(w.inbound(who, Kind.TAP, tap=f"t.{ticket.id}.approve"))
        assert (await w.tickets())[0].state == "checking"
        assert await count(w, Membership) == 2


async def test_one_request_at_a_time_and_three_a_day(database: Database) -> None:
    async with world(database) as w:
        for number in range(3):
            await asks(w, "路人")
            await w.say("路人", "没有绑定码")
            assert "正在核对" in w.last("路人").message.text
            ticket = (await w.tickets())[number]
            await w.hear(w.inbound("路人", Kind.TAP, tap=f"t.{ticket.id}.cancel"))
            await w.say("路人", "是")
        await w.say("路人", "没有绑定码")
        assert "输错太多次" in w.last("路人").message.text
        assert len(await w.tickets()) == 3


async def test_a_code_for_a_record_takes_in_what_was_asked_before(database: Database) -> None:
    """Who asked staff, and then shows the registered phone, is one person and has one record."""
    async with world(database) as w:
        await asks(w, "手机", HAN)
        await share(w, "手机", HAN)
        assert await resident_of(w, "手机") == w.people["韩梅"]
        (ticket,) = await w.tickets()
        assert ticket.resident_id == w.people["韩梅"]
        assert await count(w, Resident) == 2


async def test_the_same_phone_in_the_same_home_makes_the_desk_look(database: Database) -> None:
    async with world(database) as w:
        await asks(w, "租客", LI)
        (ticket,) = await w.tickets()
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"t.{ticket.id}.accept"))
        await w.hear(w.inbound("周经理", Kind.TAP, tap=f"t.{ticket.id}.approve"))
        assert "可能是同一位住户" in w.words("周经理")
        assert await resident_of(w, "租客") != w.people["李雷"]


# --- moving out


async def lives(w: World, resident: int) -> bool:
    async with w.database.reading() as session:
        until = await session.scalar(select(Membership.until).filter_by(resident_id=resident))
    return until is None


async def test_who_moves_out_leaves_nothing_to_the_next(database: Database) -> None:
    async with world(database) as w:
        number = await w.report("李雷")
        old = await invited(w)
        for words in ("/profile", "搬走", "我从 3-1201 搬走", "是"):
            await w.say("李雷", words)
        assert not await lives(w, w.people["李雷"])
        assert "已从这套房屋搬走" in w.words("repair"), "who works on it is told"
        await w.say("李雷", "我的工单")
        assert "HPY-2611-00001" in w.words("李雷"), "their ticket stays theirs"
        await w.say("新住户", await w.code("3-1201"))
        await w.tap("新住户", "同意")
        await w.say("新住户", "我的工单")
        assert w.last("新住户").message.text == "目前没有工单。"
        await w.hear(w.inbound("新住户", Kind.TAP, tap=f"t.{number}.show"))
        assert "漏水" not in w.words("新住户")
        await w.say("租客", old)
        assert "过期" in w.last("租客").message.text


async def test_the_code_of_the_next_resident_stays_good_when_the_last_one_leaves(database: Database) -> None:
    async with world(database) as w:
        spare = await w.code("3-1201")
        w.now += timedelta(days=3)
        given, ready = await invited(w), await w.code("3-1201")
        for words in ("/profile", "搬走", "我从 3-1201 搬走", "是"):
            await w.say("李雷", words)
        for ended in (spare, given):
            await w.say("路人", ended)
            assert "过期" in w.last("路人").message.text
        await w.say("新住户", ready)
        await w.tap("新住户", "同意")
        assert "已绑定" in w.words("新住户")


async def test_staff_take_somebody_out_by_a_ticket(database: Database) -> None:
    async with world(database) as w:
        await w.report("李雷")
        for who in ("李雷", "王师傅"):
            await w.say(who, "/moveout HPY-2611-00001")
        assert await lives(w, w.people["李雷"])
        await w.say("周经理", "/moveout hpy-2611-00001")
        await w.tap("周经理", "移出")
        assert not await lives(w, w.people["李雷"])
        await w.tap("周经理", "移出")
        assert "已经不在" in w.last("周经理").message.text


async def test_a_forged_button_takes_nobody_out(database: Database) -> None:
    async with world(database) as w:
        await w.report("李雷")
        for who in ("韩梅", "王师傅", "路人"):
            for data in ("m.moveout.1", "m.moveout.x", "m.moveout.99999999999999999999"):
                await w.hear(w.inbound(who, Kind.TAP, tap=data))
        assert await lives(w, w.people["李雷"])


async def test_a_resident_cannot_take_a_neighbour_out(database: Database) -> None:
    async with world(database) as w:
        async with database.reading() as session:
            theirs = await session.scalar(select(Membership.id).filter_by(resident_id=w.people["韩梅"]))
        await w.say("李雷", "/profile")
        await w.tap("李雷", "搬走")
        revision = w.button("李雷", "我从 3-1201 搬走")[0].data.split(".")[1]
        await w.hear(w.inbound("李雷", Kind.TAP, tap=f"a.{revision}.leaver.{theirs}"))
        await w.say("李雷", "是")
        assert await lives(w, w.people["韩梅"])
