"""A repair on a colleague's phone: taken, gone to, mended with photos, and said no to when it is too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.account import Account
from models.attachment import Attachment
from models.database import Database
from models.ticket import Ticket, TicketEvent, timeline
from tests.bot.web.pictures import GPS, opened, photo
from tests.bot.web.staffphone import Phone, Seen, Workshop, workshop


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[Workshop]:
    async with workshop(database, tmp_path) as made:
        yield made


async def ticket_of(shop: Workshop, number: int) -> Ticket:
    async with shop.w.database.reading() as session:
        return await session.get_one(Ticket, number)


async def events(shop: Workshop, number: int) -> list[TicketEvent]:
    async with shop.w.database.reading() as session:
        return list(await timeline(session, number))


async def photos_of(shop: Workshop, number: int) -> list[Attachment]:
    async with shop.w.database.reading() as session:
        query = select(Attachment).where(Attachment.ticket_id == number).order_by(Attachment.id)
        return list(await session.scalars(query))


async def arrived(shop: Workshop, number: int, name: str = "王师傅") -> tuple[Phone, Seen]:
    phone, seen = await shop.signed_in(number, name)
    for step in ("accept", "depart", "arrive"):
        seen = await phone.send(seen.form(f"/{step}"))
        assert seen.status == 200
    return phone, seen


async def test_a_repair_from_taking_it_to_the_last_photo(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    assert "等待接单" in seen.words
    assert "3-****" in seen.words
    assert "李**" in seen.words
    for secret in ("3-1201", "李雷", "138"):
        assert secret not in seen.response.text
    seen = await phone.send(seen.form("/accept"))
    assert "这单是您的了" in seen.words
    assert "3-1201" in seen.words
    assert "李雷" in seen.words
    assert "tel:+8613800000001" in seen.links
    seen = await phone.send(seen.form("/depart"))
    seen = await phone.send(seen.form("/arrive"))
    form = await phone.open(seen.link("/finish"))
    assert form.form("/finish").offered["q.checklist"] == ["covers", "mat", "clean", "price"]
    filled = form.form("/finish").with_(checklist=["covers", "price"], work__said="换了阀芯\r\n试过水")
    seen = await phone.send(filled, photo(), photo())
    assert "已修好" in seen.words
    assert "请住户评价" in seen.words
    done = await ticket_of(shop, number)
    assert (done.state, done.assignee_id) == ("done", shop.w.people["王师傅"])
    finish = next(one for one in await events(shop, number) if one.action == "finish")
    assert finish.data["checklist"] == ["covers", "price"]
    assert (finish.note, finish.data["photos"], finish.data["staff"]) == ("换了阀芯\n试过水", 2, "王师傅")
    assert finish.actor == f"staff:{shop.w.people['王师傅']}"
    assert [one.by for one in await photos_of(shop, number)] == ["staff", "staff"]
    await shop.w.deliver()
    assert "修好了，您还满意吗" in shop.w.words("李雷")
    assert "已修好" in shop.w.last("repair").message.title
    assert shop.woken


async def test_photos_are_shown_to_the_taker_alone_and_say_nothing_of_the_place(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await arrived(shop, number)
    form = await phone.open(seen.link("/finish"))
    seen = await phone.send(form.form("/finish").with_(work__said="好了"), photo(1200, 900))
    (little,) = seen.images
    full = await phone.client.get(little.partition("?")[0])
    small = await phone.client.get(little)
    assert (full.status_code, full.headers["content-type"]) == (200, "image/jpeg")
    assert full.headers["cache-control"] == "no-store"
    assert not opened(full.content).getexif().get_ifd(GPS)
    assert len(small.content) < len(full.content)
    other, theirs = await shop.signed_in(number, "赵师傅")
    assert theirs.images == []
    assert "1 张照片" in theirs.words
    assert (await other.client.get(little)).status_code == 404
    assert (await shop.phone().client.get(little)).status_code == 404
    for forged in (little[:-9], "/staff/photo/x", "/staff/photo/WyJ0aWNrZXQiLDEsMV0.x"):
        assert (await phone.client.get(forged)).status_code == 404


async def test_the_page_says_what_the_card_says(shop: Workshop) -> None:
    """Line by line, in the group and in private: there is one truth about who may see what."""
    number = await shop.w.report("李雷", urgent=True)
    _, seen = await shop.signed_in(number, "赵师傅")
    card = shop.w.last("repair").message
    assert_says_all(seen, [line for line in card.text.splitlines() if "值班长" not in line])
    phone, seen = await shop.signed_in(number, "王师傅")
    seen = await phone.send(seen.form("/accept"))
    await shop.w.deliver()
    lines = shop.w.last("王师傅").message.text.splitlines()
    assert any("3-1201" in line for line in lines)
    assert_says_all(seen, lines)
    assert "紧急" in seen.words


def assert_says_all(seen: Seen, lines: list[str]) -> None:
    checked = [line for line in lines if "：" in line]
    assert len(checked) >= 4
    for line in checked:
        label, _, value = line.partition("：")
        assert label in seen.words, line
        assert value in seen.words, line


async def test_what_is_missing_is_said_and_nothing_is_lost(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await arrived(shop, number)
    form = (await phone.open(seen.link("/finish"))).form("/finish")
    missing = await phone.send(form.with_(checklist=["mat"], work__said="好"), photo(), photo())
    assert missing.status == 422
    assert "至少 2 个字" in missing.words
    assert (await ticket_of(shop, number)).state == "arrived"
    assert await photos_of(shop, number) == []
    again = missing.form("/finish")
    assert (again.all("q.checklist"), again.all("q.work.said")) == (["mat"], ["好"])
    kept = again.all("q.photos.kept")
    assert len(kept) == 2
    assert (await phone.client.get(kept[0])).status_code == 200
    assert (await shop.phone().client.get(kept[0])).status_code == 404
    seen = await phone.send(again.with_(work__said="好了", photos__kept=kept[:1]), photo(60, 40))
    assert "已修好" in seen.words
    assert len(await photos_of(shop, number)) == 2


async def test_a_file_that_is_no_photo_leaves_the_others_alone(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await arrived(shop, number)
    form = (await phone.open(seen.link("/finish"))).form("/finish")
    missing = await phone.send(form.with_(work__said="好了"), photo(), b"no picture")
    assert missing.status == 422
    assert "不是照片" in missing.words
    again = missing.form("/finish")
    assert (len(again.all("q.photos.kept")), again.all("q.work.said")) == (1, ["好了"])
    assert "已修好" in (await phone.send(again)).words


async def test_somebody_elses_upload_cannot_be_slipped_in(shop: Workshop) -> None:
    number, other = await shop.w.report("李雷"), await shop.w.report("韩梅")
    phone, seen = await arrived(shop, number)
    missing = await phone.send((await phone.open(seen.link("/finish"))).form("/finish"), photo())
    stolen = missing.form("/finish").all("q.photos.kept")
    thief, theirs = await arrived(shop, other, "赵师傅")
    form = (await thief.open(theirs.link("/finish"))).form("/finish")
    await thief.send(form.with_(work__said="好了", photos__kept=[*stolen, "/staff/photo/x", "x"]))
    assert (await ticket_of(shop, other)).state == "done"
    assert await photos_of(shop, other) == []


async def test_a_pause_until_a_slot_or_in_ones_own_words(shop: Workshop) -> None:
    first, second = await shop.w.report("李雷"), await shop.w.report("韩梅")
    phone, seen = await arrived(shop, first)
    form = (await phone.open(seen.link("/pause"))).form("/pause")
    slots = form.offered["q.until"]
    assert len(slots) > 2
    unclear = await phone.send(form.with_(reason__said="等配件"))
    assert (unclear.status, "请选一项" in unclear.words) == (422, True)
    seen = await phone.send(unclear.form("/pause").with_(until=slots[1]))
    assert "暂停中" in seen.words
    phone, seen = await arrived(shop, second)
    form = (await phone.open(seen.link("/pause"))).form("/pause").with_(reason__said="等配件")
    unclear = await phone.send(form.with_(until__said="等哪天吧"))
    assert (unclear.status, "没看懂时间" in unclear.words) == (422, True)
    assert unclear.form("/pause").all("q.until.said") == ["等哪天吧"]
    seen = await phone.send(unclear.form("/pause").with_(until__said="后天上午"))
    paused = [one for one in await events(shop, second) if one.action == "pause"]
    assert paused[0].data["until"].startswith("2026-11-25T")


async def test_sent_twice_is_done_once(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    accept = seen.form("/accept")
    told = [(await phone.send(accept)).words for _ in range(3)]
    assert all("这单是您的了" in words for words in told)
    seen = await phone.open(shop.shared(number))
    note = (await phone.open(seen.link("/note"))).form("/note").with_(note__said="带梯子")
    for _ in range(2):
        await phone.send(note, photo())
    counted = [one.action for one in await events(shop, number)]
    assert (counted.count("accept"), counted.count("note")) == (1, 1)
    assert len(await photos_of(shop, number)) == 1


async def test_who_is_late_learns_who_has_it(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    quick, seen = await shop.signed_in(number, "王师傅")
    late, stale = await shop.signed_in(number, "赵师傅")
    await quick.send(seen.form("/accept"))
    told = await late.send(stale.form("/accept"))
    assert "慢了一步，王师傅已经接了" in told.words
    assert "3-1201" not in told.response.text
    assert (await ticket_of(shop, number)).assignee_id == shop.w.people["王师傅"]


async def test_what_was_written_too_late_can_become_a_note(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await arrived(shop, number)
    form = (await phone.open(seen.link("/finish"))).form("/finish")
    lead, theirs = await shop.signed_in(number, "陈值班")
    reason = (await lead.open(theirs.link("/withdraw"))).form("/withdraw")
    assert "已取消" in (await lead.send(reason.with_(reason__said="住户不在家"))).words
    late = await phone.send(form.with_(work__said="其实已经换好了"), photo())
    assert late.status == 409
    assert "已取消" in late.words
    note = late.form("/note")
    assert (note.all("q.note.said"), len(note.all("q.photos.kept"))) == (["其实已经换好了"], 1)
    assert "已补充到" in (await phone.send(note)).words
    kept = [one for one in await events(shop, number) if one.action == "note"]
    assert (kept[0].note, kept[0].audience) == ("其实已经换好了", "staff")
    stale = await phone.open(f"{seen.link('/finish')}")
    assert (stale.status, "现在是「已取消」" in stale.words) == (409, True)


async def test_a_note_wants_words_or_a_photo(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "赵师傅")
    form = (await phone.open(seen.link("/note"))).form("/note")
    empty = await phone.send(form)
    assert (empty.status, "写几个字" in empty.words) == (422, True)
    assert "已补充到" in (await phone.send(empty.form("/note"), photo())).words
    assert "赵师傅备注" in (await phone.open(shop.shared(number))).words
    await shop.w.deliver()
    assert "备注" not in shop.w.words("李雷")


async def test_a_lead_may_do_what_is_not_theirs_and_a_technician_may_not(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    await arrived(shop, number)
    lead, seen = await shop.signed_in(number, "陈值班")
    assert seen.link("/finish")
    other, theirs = await shop.signed_in(number, "赵师傅")
    assert not [link for link in theirs.links if link.endswith("/finish")]
    path = seen.link("/finish")
    refused = await other.open(path)
    assert (refused.status, "这一步不由您来办" in refused.words) == (409, True)
    form = (await lead.open(path)).form("/finish").with_(work__said="好了")
    token = theirs.forms[0].all("form_token")
    form.fields = [one for one in form.fields if one[0] != "form_token"] + [("form_token", token[0])]
    tried = await other.send(form)
    assert "这一步不由您来办" in tried.words
    assert (await ticket_of(shop, number)).state == "arrived"
    assert "refused" in [one.action for one in await events(shop, number)]


async def test_the_list_has_my_jobs_and_what_is_open(shop: Workshop) -> None:
    first, second = await shop.w.report("李雷"), await shop.w.report("韩梅", urgent=True)
    phone, seen = await shop.signed_in(first, "王师傅")
    await phone.send(seen.form("/accept"))
    jobs = await phone.open("/staff")
    mine, _, rest = jobs.words.partition("其他没办完的单")
    assert "3-1201" in mine
    assert "紧急" in rest
    assert "3-****" in rest
    assert "3-1202" not in jobs.words
    opened_there = [await phone.open(link) for link in jobs.links if link.startswith("/staff/t/")]
    numbers = {(await ticket_of(shop, number)).number for number in (first, second)}
    assert len(opened_there) == 2
    assert {number for number in numbers for one in opened_there if number in one.words} == numbers


async def test_everything_reads_in_english(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅", "en-GB")
    assert "Waiting" in seen.words or "Repair" in seen.words
    seen = await phone.send(seen.form("/accept"))
    chinese = [word for word in ("工单", "接单", "进度", "备注") if word in seen.words]
    assert chinese == []
    switch = seen.form("/staff/language")
    switch.fields.append(("locale", "zh_CN"))
    assert "进度" in (await phone.send(switch)).words


async def test_the_account_of_the_pages_is_made_once_and_says_web(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    await arrived(shop, number)
    name = f"staff:{shop.w.people['王师傅']}"
    async with shop.w.database.reading() as session:
        query = select(func.count()).where(Account.channel == "web", Account.external_id == name)
        assert await session.scalar(query) == 1


async def test_two_who_tap_in_the_same_instant(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phones = [await shop.signed_in(number, name) for name in ("王师傅", "赵师傅")]
    told = await asyncio.gather(
        *(phone.send(seen.form("/accept")) for phone, seen in phones),
        *(phone.send(seen.form("/accept")) for phone, seen in phones),
    )
    won = ["这单是您的了" in seen.words for seen in told]
    lost = ["慢了一步" in seen.words for seen in told]
    assert (won.count(True), lost.count(True)) == (2, 2)
    assert (won[0], lost[0]) == (won[2], lost[2])
    assert [one.action for one in await events(shop, number)].count("accept") == 1
