"""Who gets in at the staff pages: links, codes, other people's forms, and those who no longer serve."""

from __future__ import annotations

import random
import re
import string
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from sqlalchemy import delete, select, update

from bot.web.page import FOLDER
from bot.web.photos import REFUSED
from handlers.people import binding
from handlers.staffpages import links
from handlers.staffpages.signing import Denied
from models.account import Account
from models.code import Code
from models.community import Building, Community, Home
from models.database import Database
from models.outbox import Outbox
from models.staff import Staff, StaffRole
from models.tally import Tally
from models.ticket import Ticket, timeline
from tests.bot.web.pictures import photo
from tests.bot.web.staffphone import ADDRESS, Form, Phone, Seen, Workshop, workshop
from tests.test_architecture import ROOT
from tests.world import TEXTS

LOGIN = "只给员工看"


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Workshop]:
    database = Database(sqlite_url)
    async with workshop(database, tmp_path) as made:
        yield made
    await database.close()


async def code_of(shop: Workshop, name: str = "王师傅") -> str:
    """A fresh one-time code, as `staff add` prints it."""
    async with shop.w.database.transaction() as session:
        return await binding.issue(session, shop.w.now, role="staff", staff=shop.w.people[name])


async def leaves(shop: Workshop, name: str) -> None:
    async with shop.w.database.transaction() as session:
        (await session.get_one(Staff, shop.w.people[name])).left_at = shop.w.now


async def typed(phone: Phone, seen: Seen, code: str) -> Seen:
    form = seen.form("/staff/code")
    form.fields = [one for one in form.fields if one[0] != "code"] + [("code", code)]
    return await phone.send(form)


async def state(shop: Workshop, number: int) -> str:
    async with shop.w.database.reading() as session:
        return (await session.get_one(Ticket, number)).state


# --- a group's link


async def test_a_groups_link_shows_a_stranger_whose_page_it_is_and_nothing_else(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    seen = await shop.phone().open(shop.shared(number))
    assert (seen.status, LOGIN in seen.words) == (200, True)
    assert "湖畔花园" in seen.words
    assert "HPY-2611-00001" in seen.words
    for secret in ("李", "3-1201", "138", "漏水", "王师傅", "等待接单"):
        assert secret not in seen.response.text, secret


async def test_a_code_lets_in_once_and_the_browser_is_known_for_thirty_days(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, code = shop.phone(), await code_of(shop)
    seen = await typed(phone, await phone.open(shop.shared(number)), f" {code[:5].lower()}-{code[5:]} ")
    assert "等待接单" in seen.words
    assert seen.form("/accept")
    stranger = shop.phone()
    refused = await typed(stranger, await stranger.open(shop.shared(number)), code)
    assert (refused.status, "这个码不对" in refused.words) == (403, True)
    async with shop.w.database.reading() as session:
        used = (await session.scalars(select(Code).where(Code.digest == binding.digest(code)))).one()
        account = await session.get_one(Account, used.used_by)
    assert (account.channel, account.external_id) == ("web", f"staff:{shop.w.people['王师傅']}")
    shop.w.now += timedelta(days=29, hours=23)
    assert "等待接单" in (await phone.open(shop.shared(number))).words
    shop.w.now += timedelta(hours=2)
    assert LOGIN in (await phone.open(shop.shared(number))).words


async def test_a_double_tap_on_sign_in_is_no_wrong_code(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, code = shop.phone(), await code_of(shop)
    door = await phone.open(shop.shared(number))
    before = httpx.Cookies(phone.client.cookies)
    assert "等待接单" in (await typed(phone, door, code)).words
    phone.client.cookies = httpx.Cookies(before)
    assert "等待接单" in (await typed(phone, door, code)).words


async def test_wrong_codes_lock_the_browser_and_then_the_address(shop: Workshop) -> None:
    code = await code_of(shop)
    phone = shop.phone()
    door = await phone.open("/staff")
    for _ in range(binding.TRIES - 1):
        assert (await typed(phone, door, "AAAAA22222")).status == 403
    locked = await typed(phone, door, "AAAAA22222")
    assert (locked.status, "一小时后再试" in locked.words) == (429, True)
    assert (await typed(phone, door, code)).status == 429
    other = shop.phone()
    for _ in range(45):
        other.client.cookies.clear()
        answer = await typed(other, await other.open("/staff"), "AAAAA22222")
    assert answer.status == 429
    fresh = shop.phone()
    assert (await typed(fresh, await fresh.open("/staff"), code)).status == 429
    shop.w.now += timedelta(hours=1, seconds=1)
    assert "我接的单" in (await typed(fresh, await fresh.open("/staff"), code)).words
    async with shop.w.database.reading() as session:
        names = list(await session.scalars(select(Tally.name)))
    assert not [name for name in names if "203.0.113.7" in name or code in name]


async def test_a_residents_code_and_an_old_one_let_nobody_in(shop: Workshop) -> None:
    home, old = await shop.w.code("3-1202"), await code_of(shop)
    phone = shop.phone()
    door = await phone.open("/staff")
    assert (await typed(phone, door, home)).status == 403
    shop.w.now += timedelta(days=7, seconds=1)
    assert (await typed(phone, door, old)).status == 403
    async with shop.w.database.reading() as session:
        unused = (await session.scalars(select(Code).where(Code.used_at.is_not(None)))).all()
    assert unused == []


# --- a personal link


async def test_a_personal_link_is_used_by_a_tap_and_not_by_looking(shop: Workshop) -> None:
    """What looks at links in a chat, such as a preview, does not use them up."""
    number = await shop.w.report("李雷")
    link = shop.personal(number, "王师傅")
    for _ in range(3):
        seen = await shop.phone().open(link)
        assert "王师傅，这是您的专用链接" in seen.words
        assert "等待接单" not in seen.words
    phone = shop.phone()
    seen = await phone.send((await phone.open(link)).form("/staff/enter"))
    assert "等待接单" in seen.words
    assert link.rpartition("/")[2] not in str(seen.response.url)
    assert "等待接单" in (await phone.open(link)).words


async def test_a_used_link_opens_in_no_other_browser(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    link = shop.personal(number, "王师傅")
    thief = shop.phone()
    early = await thief.open(link)
    phone = shop.phone()
    await phone.send((await phone.open(link)).form("/staff/enter"))
    refused = await thief.send(early.form("/staff/enter"))
    assert (refused.status, "已经用过" in refused.words) == (410, True)
    endings = string.ascii_letters + string.digits + "-_"
    written = [(await thief.open(f"{link[:-1]}{ending}")).status for ending in endings]
    assert (written.count(410), written.count(404)) == (4, 60), "one signature can be written in four ways"
    assert "等待接单" not in (await thief.open(shop.shared(number))).words
    colleague, _ = await shop.signed_in(await shop.w.report("韩梅"), "赵师傅")
    assert (await colleague.open(link)).status == 410


async def test_a_double_tap_on_a_personal_link_is_one_use(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone = shop.phone()
    door = await phone.open(shop.personal(number, "王师傅"))
    before = httpx.Cookies(phone.client.cookies)
    await phone.send(door.form("/staff/enter"))
    phone.client.cookies = httpx.Cookies(before)
    assert "等待接单" in (await phone.send(door.form("/staff/enter"))).words
    phone.client.cookies = httpx.Cookies(before)
    shop.w.now += timedelta(minutes=11)
    assert (await phone.send(door.form("/staff/enter"))).status == 410


async def test_an_expired_link_is_helped_on_by_a_new_one_in_the_chat(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    link = shop.personal(number, "王师傅")
    shop.w.now += timedelta(days=7, minutes=1)
    phone = shop.phone()
    old = await phone.open(link)
    assert (old.status, "过期了" in old.words) == (410, True)
    sent = await phone.send(old.form("/staff/link"))
    assert "新链接发出去了" in sent.words
    assert shop.woken
    await shop.w.deliver()
    message = shop.w.last("王师傅").message
    ((button,),) = message.buttons
    assert message.title == "HPY-2611-00001"
    seen = await phone.send((await phone.open(button.url)).form("/staff/enter"))
    assert "HPY-2611-00001" in seen.words
    stranger = shop.phone()
    for _ in range(2):
        await stranger.send((await stranger.open(link)).form("/staff/link"))
    shop.woken.clear()
    often = await stranger.send((await stranger.open(link)).form("/staff/link"))
    assert (often.status, "已经发过几次" in often.words, shop.woken) == (429, True, [])
    async with shop.w.database.reading() as session:
        rows = (await session.scalars(select(Outbox).where(Outbox.chat == "王师傅"))).all()
    assert len([row for row in rows if "新链接" in row.payload["message"]["text"]]) == 3


async def test_who_has_no_chat_is_sent_to_the_code(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    link = shop.personal(number, "王师傅")
    async with shop.w.database.transaction() as session:
        await session.execute(
            update(Account).where(Account.staff_id == shop.w.people["王师傅"]).values(reachable=False)
        )
    shop.w.now += timedelta(days=8)
    phone = shop.phone()
    told = await phone.send((await phone.open(link)).form("/staff/link"))
    assert (told.status, "请用员工码登录" in told.words) == (409, True)
    assert told.form("/staff/code")


async def test_nobody_is_sent_a_link_for_a_groups(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone = shop.phone()
    seen = await phone.open(shop.shared(number))
    assert not [form for form in seen.forms if form.action == "/staff/link"]
    for path in ("/staff/link", "/staff/enter"):
        form = Form(path, seen.form("/staff/code").fields)
        assert (await phone.send(form)).status == 404


# --- not ours, not theirs


async def test_forged_and_bent_links_lead_nowhere(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, _ = await shop.signed_in(number, "王师傅")
    token = shop.shared(number).rpartition("/")[2]
    ours = token.rpartition(".")[2]
    other = links.ticket_link(replace(shop.w.desk, key="another key"), number, shop.w.now)
    bent = [
        token[:-1],
        f"{token}x",
        f"2.{token.partition('.')[2]}",
        f"1.ffffffff.{ours}",
        f"{token}.1",
        "x",
        "..x",
    ]
    for forged in (*bent, other.rpartition("/")[2]):
        assert (await phone.open(f"/staff/t/{forged}")).status == 404, forged
        assert (await phone.open(f"/staff/t/{forged}/accept")).status == 404, forged
        assert (await phone.send(Form(f"/staff/t/{forged}/accept"))).status == 404, forged
    assert await state(shop, number) == "new"


async def test_a_groups_link_ends_after_thirty_days(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    link = shop.shared(number)
    shop.w.now += timedelta(days=30, minutes=1)
    stranger = await shop.phone().open(link)
    assert LOGIN in stranger.words
    phone, seen = await shop.signed_in(number, "王师傅")
    late = await phone.open(link)
    assert (late.status, "过期了" in late.words) == (410, True)
    accept = seen.form("/accept")
    accept.action = f"{link.removeprefix(ADDRESS)}/accept"
    assert (await phone.send(accept)).status == 410
    assert await state(shop, number) == "new"
    assert "等待接单" in (await phone.open(late.links[-1])).words


async def test_another_communitys_staff_see_and_do_nothing(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    async with shop.w.database.transaction() as session:
        place = Community(code="OTH", name="别处", name_en="Elsewhere", settings={})
        session.add(place)
        await session.flush()
        building = Building(community_id=place.id, name="1")
        session.add(building)
        await session.flush()
        session.add(Home(community_id=place.id, building_id=building.id, name="1-101"))
        elsewhere = update(StaffRole).where(StaffRole.staff_id == shop.w.people["赵师傅"])
        await session.execute(elsewhere.values(community_id=place.id))
    phone, _ = await shop.signed_in_at_list("赵师傅")
    for path in ("", "/accept", "/note", "/nonsense"):
        seen = await phone.open(f"{shop.shared(number)}{path}")
        assert (seen.status, "不归您的项目" in seen.words) == (403, True), path
        assert "漏水" not in seen.response.text
    jobs = await phone.open("/staff")
    assert "HPY" not in jobs.words
    form = jobs.form("/staff/leave")
    form.fields.append(("key", "k" * 12))
    for name in ("accept", "note"):
        form.action = f"{shop.shared(number).removeprefix(ADDRESS)}/{name}"
        form = form.with_(note__said="x") if name == "note" else form
        assert (await phone.send(form)).status == 403
    assert await state(shop, number) == "new"
    async with shop.w.database.reading() as session:
        assert {one.action for one in await timeline(session, number)} <= {"opened", "described", "refused"}


async def test_who_left_is_out_at_once(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    seen = await phone.send(seen.form("/accept"))
    finish = seen.form("/depart")
    code, unused = await code_of(shop), shop.personal(number, "王师傅")
    shop.w.now += timedelta(minutes=1)
    await leaves(shop, "王师傅")
    assert LOGIN in (await phone.open(shop.shared(number))).words
    assert LOGIN in (await phone.open("/staff")).words
    assert LOGIN in (await phone.send(finish)).words
    assert await state(shop, number) == "accepted"
    stranger = shop.phone()
    gone = await stranger.open(shop.personal(number, "王师傅"))
    assert (gone.status, "不能用了" in gone.words) == (410, True)
    assert unused
    assert (await typed(stranger, await stranger.open("/staff"), code)).status == 403


async def test_whose_role_was_taken_sees_it_no_more(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, _ = await shop.signed_in(number, "王师傅")
    async with shop.w.database.transaction() as session:
        await session.execute(delete(StaffRole).where(StaffRole.staff_id == shop.w.people["王师傅"]))
    assert (await phone.open(shop.shared(number))).status == 403


async def test_signing_out(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, _ = await shop.signed_in(number, "王师傅")
    seen = await phone.send((await phone.open("/staff")).form("/staff/leave"))
    assert LOGIN in seen.words
    assert LOGIN in (await phone.open(shop.shared(number))).words


# --- another site's forms


async def test_a_form_of_another_site_does_nothing(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    _, theirs = await shop.signed_in(number, "赵师傅")
    accept = seen.form("/accept")
    bare = Form(accept.action, [one for one in accept.fields if one[0] != "form_token"])
    for token in ("", "forged", "ü", theirs.form("/accept").all("form_token")[0]):
        forged = Form(accept.action, [*bare.fields, ("form_token", token)])
        assert (await phone.send(forged)).status == 403, token
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ADDRESS},
    ):
        assert (await phone.send(accept, **headers)).status == 403, headers
    assert await state(shop, number) == "new"
    for path in ("/staff/code", "/staff/enter", "/staff/link", "/staff/leave", "/staff/language"):
        assert (await phone.send(Form(path, bare.fields))).status == 403, path
    assert (await phone.send(accept, Origin="null")).status == 200
    assert await state(shop, number) == "accepted"


async def test_a_cookie_of_ones_own_making_is_worth_nothing(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, _ = await shop.signed_in(number, "王师傅")
    real = phone.client.cookies["wubu_staff"]
    for cookie in ("", "forged", f"{real[:-2]}xx", f"x{real}", "eyJpZCI6IngifQ.x"):
        phone.client.cookies = httpx.Cookies({"wubu_staff": cookie})
        assert LOGIN in (await phone.open(shop.shared(number))).words, cookie


async def test_every_answer_is_kept_from_caches_frames_and_other_sites(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    stranger = shop.phone()
    pages = [
        seen,
        await phone.open("/staff"),
        await phone.open(seen.link("/note")),
        await stranger.open("/staff"),
        await stranger.open(shop.personal(number, "赵师傅")),
        await phone.open("/staff/t/x"),
        await phone.open("/staff/photo/x"),
        await phone.send(Form("/staff/leave", [])),
    ]
    for page in pages:
        headers = page.response.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert "<script" not in page.response.text
        assert "style=" not in page.response.text
    cookie = (await shop.phone().client.get("/staff")).headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/staff", "; secure"))


async def test_without_an_outside_address_the_cookie_need_not_be_secure(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    async with workshop(database, tmp_path, address="") as shop:
        number = await shop.w.report("李雷")
        assert (shop.shared(number), shop.personal(number, "王师傅")) == ("", "")
        phone = shop.phone()
        assert "secure" not in (await phone.client.get("/staff")).headers["set-cookie"].lower()
        assert "我接的单" in (await typed(phone, await phone.open("/staff"), await code_of(shop))).words
    await database.close()


async def test_the_language_leads_back_to_our_own_pages_only(shop: Workshop) -> None:
    phone = shop.phone()
    form = (await phone.open("/staff")).form("/staff/language")
    for back in (
        "https://elsewhere.example",
        "//elsewhere.example",
        "/staff/../web",
        "/",
        "/staff/t/a/b/c",
        "",
    ):
        fields = [one for one in form.fields if one[0] != "back"] + [("back", back), ("locale", "en")]
        answer = await phone.client.post("/staff/language", data=dict(fields), follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff"), back
    assert (await phone.send(Form(form.action, [*form.fields, ("locale", "xx")]))).status == 400


# --- garbage


NASTY = (
    *("", "\x00", "\ufffdx", "💣" * 50, "-1", "1e9", "../..", "'\"<b>"),
    *("q.work.said", "note", "/staff/photo/x", "yes", "mat"),
)
NAMES = (
    *("key", "form_token", "asked", "code", "link", "locale", "back"),
    *("q.work.said", "q.checklist", "q.photos.kept", "q.note.said", "q.until", "q..x", "q.a b"),
)


@pytest.mark.parametrize("seed", range(4))
async def test_garbage_is_refused_and_breaks_nothing(shop: Workshop, seed: int) -> None:
    """The transport raises whatever is not caught, so a 500 would fail here."""
    rng = random.Random(seed)
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    token, key = seen.form("/accept").all("form_token")[0], "k" * 12
    here = shop.shared(number).removeprefix(ADDRESS)
    paths = [
        f"{here}/note",
        f"{here}/finish",
        f"{here}/accepts",
        "/staff/code",
        "/staff/enter",
        "/staff/link",
    ]
    paths += ["/staff/language", f"{here}/../x", f"{here}/%00", "/staff/t/%ff/accept", f"{here}/ACCEPT"]
    statuses = set()
    for _ in range(120):
        path = rng.choice(paths)
        fields = [("form_token", token), ("key", key + str(rng.randint(0, 9)))]
        fields += [(rng.choice(NAMES), rng.choice(NASTY)) for _ in range(rng.randint(0, 6))]
        rng.shuffle(fields)
        match rng.randint(0, 3):
            case 0:
                files = (photo(30, 20)[: rng.randint(1, 700)],)
                statuses.add((await phone.send(Form(path, fields), *files)).status)
            case 1:
                kind = rng.choice(
                    ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""]
                )
                body = rng.choice(
                    [b"", b"{}", b"--x\r\n\r\n--x--", b"\xff" * 50, b"--x\r\nContent-Disposition: x"]
                )
                answer = await phone.client.post(path, content=body, headers={"Content-Type": kind})
                statuses.add(answer.status_code)
            case _:
                statuses.add((await phone.send(Form(path, fields))).status)
    assert not [status for status in statuses if status >= 500]
    assert len(statuses) > 3
    assert await state(shop, number) == "new"


async def test_how_much_comes_must_be_said_and_bearable(shop: Workshop) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    path = f"{shop.shared(number).removeprefix(ADDRESS)}/note"

    async def drip() -> AsyncIterator[bytes]:
        yield b"--x"

    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await phone.client.post(path, content=drip(), headers=multipart)).status_code == 411
    huge = {**multipart, "Content-Length": str(10**10)}
    assert (await phone.client.post(path, content=b"--x", headers=huge)).status_code == 413
    long = Form(path, [*seen.form("/accept").fields, ("q.note.said", "x" * 100_000)])
    assert (await phone.send(long)).status == 400
    stranger = shop.phone()
    code = (await stranger.open("/staff")).form("/staff/code")
    assert (await stranger.send(code, b"x" * 100_000)).status == 413
    assert (await phone.open("/staff?said=" + "x" * 5000)).status == 200


async def test_without_the_database_a_page_says_so(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await shop.w.report("李雷")
    phone, seen = await shop.signed_in(number, "王师傅")
    with monkeypatch.context() as broken:
        broken.setattr(Database, "reading", Mock(side_effect=OSError("gone")))
        broken.setattr(Database, "transaction", Mock(side_effect=OSError("gone")))
        for answer in (await phone.open(shop.shared(number)), await phone.send(seen.form("/accept"))):
            assert (answer.status, "系统忙" in answer.words) == (503, True)
    assert (await phone.send(seen.form("/accept"))).status == 200


# --- words


@pytest.mark.parametrize("locale", TEXTS.locales)
def test_every_word_of_the_pages_is_there_and_none_is_for_nothing(locale: str) -> None:
    said: set[str] = set()
    for template in (FOLDER / "templates").glob("staff*.html"):
        said |= set(re.findall(r"say\([\"']([a-z_]+)[\"']", template.read_text(encoding="utf-8")))
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "handlers").rglob("*.py"))
    said |= set(re.findall(r'"staff\.page\.([a-z_]+)"', code)) | {"at"}
    said |= {f"denied.{denied}" for denied in Denied} | {f"unfit.{key}" for key in REFUSED}
    doors = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "bot" / "web").glob("staff*.py"))
    said |= {f"shut.{key}" for key in re.findall(r'Shut\(\d+, "([a-z_]+)"', doors)}
    said |= {f"shut.{key}" for key in ("too_large", "unclear", "try_later")}
    keys = {key.removeprefix("staff.page.") for key in TEXTS.keys(locale) if key.startswith("staff.page.")}
    assert len(said) > 50
    assert keys == said


async def test_my_jobs_has_a_link_that_signs_in_once(shop: Workshop) -> None:
    await shop.w.report("李雷")
    (told,) = (await shop.w.say("王师傅", "我接的单")).replies
    link = told.buttons[-1][0].url
    phone = shop.phone()
    door = await phone.open(link)
    assert "王师傅" in door.words
    seen = await phone.send(door.form("/staff/enter"))
    assert (seen.status, seen.response.url.path) == (200, "/staff")
    assert "HPY-2611-0000" in seen.words
    other = shop.phone()
    again = await other.open(link)
    assert again.status == 410
    fresh = await other.send(again.form("/staff/link"))
    assert fresh.status == 200
    await shop.w.deliver()
    assert "工单页" in shop.w.words("王师傅")
