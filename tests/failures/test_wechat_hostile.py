"""Whatever is thrown at the doors of WeChat, WeCom and the staff: no 5xx, and nothing of it in the log."""

from __future__ import annotations

import asyncio
import copy
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import aiohttp
import psutil
import pytest

from tests.emulators.tencent_cipher import Seal, padded, signature
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_xml import write
from tests.emulators.wechat import Damage
from tests.emulators.wecom import Forgery
from tests.emulators.wecom_letters import new_aes_key
from tests.failures.conftest import mostly
from tests.failures.quarters import Quarters, everything, report
from tests.quarter import Quarter

SECRET = "秘密XYZZY-4711"
"""Stands for all personal data: it is in every payload."""
MALLORY = "mallory-77"
"""Is in the name of everybody who throws."""
MEGABYTE = 1024 * 1024
BOMB = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
LAUGHS = "".join(f"<!ENTITY l{n} '" + 10 * f"&l{n - 1};" + "'>" for n in range(1, 12))
LAUGHTER = f'<!DOCTYPE xml [<!ENTITY l0 "ha">{LAUGHS}]>'
OF_THE_VENDOR = ("Status", "FailReason")
"""What WeChat itself says about a form or an account is noted in the log, and says nothing about people."""
NO_FORMS = (
    *(
        "",
        "<",
        "<xml>",
        "<xml/>",
        "<xml></xml><xml/>",
        "<html>x</html>",
        "{}",
        "\0<xml/>",
        "<xml>&amp;&#0;</xml>",
    ),
    *(f"{BOMB}<xml>&b;</xml>", f"{LAUGHTER}<xml><Content>&l11;</Content></xml>"),
    f'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml>&x;{SECRET}</xml>',
    f"<xml>{'<a>' * 4000}{SECRET}{'</a>' * 4000}</xml>",
    "<a>" * 9000,
    f"<xml>{'<a/>' * 9000}</xml>",
    "<xml " + " ".join(f"a{number}='{SECRET}'" for number in range(500)) + "/>",
    f'<?xml version="1.0" encoding="utf-16"?><xml><Content>{SECRET}</Content></xml>',
    f"<xml><MsgType>text</MsgType><MsgType>event</MsgType><Content>{SECRET}</Content></xml>",
    f"<xml><![CDATA[{SECRET}",
    "<xml>\ud800</xml>",
)
ABSURD: Sequence[Any] = (
    *(None, True, -1, 0, 2**63, 10**40, 1.5, "", SECRET, "\x00\x01", "🙂" * 3000, "9" * 5000, "²", "]]>"),
    *(
        [],
        {},
        [[]],
        [SECRET] * 100,
        {"a": {"a": {"a": SECRET}}},
        {MALLORY: ""},
        "/start " + SECRET,
        "../" * 100,
    ),
)
STAMPS = ("", "0", "-1", "9" * 30, "9" * 5000, "1.5", "²", "NaN", SECRET)
STAFF = ("/staff", "/staff/t/1.1.x", "/staff/t/{}/accept", "/staff/photo/x", "/staff/code", "/staff/enter")


@mostly("sqlite")
async def test_39_every_forgery_is_refused_alike(kind: str, quarters: Quarters) -> None:
    w = await quarters.watch(kind)
    w.quarter.secrets |= {SECRET, "hostile", "mallory"}
    push = await (await w.li.say("我的工单")).settled()
    await w.quarter.calm()
    before = await _kept(w.quarter)
    wechat, wecom = w.quarter.wechat, w.quarter.wecom
    url = f"{w.quarter.program.url}/wecom/callback"
    answers: dict[str, Any] = {damage.name: await wechat.strike(damage, w.li) for damage in Damage}
    huge = [answers.pop(Damage.HUGE.name), await wecom.forge(Forgery.HUGE)]
    sealed: dict[str, Any] = {one.name: await wecom.forge(one) for one in Forgery if one is not Forgery.HUGE}
    for attempts in (answers, sealed):
        assert {(one.status, one.answer) for one in attempts.values()} == {(403, b"")}, attempts
    assert {one.status for one in huge} <= {413, None}, "turned away before or after they were read"
    assert await _kept(w.quarter) == before

    replayed = await wechat.replay(push)
    assert replayed.status == 200
    assert await _kept(w.quarter) == before
    wechat.clock.skew = -3600.0
    stale = await wechat.again(push)
    wechat.clock.skew = 0.0
    assert (stale.status, stale.answer) == (403, b"")
    for answer in (await wecom.greet(url, msg_signature="0"), await wecom.greet(url, echostr="x")):
        assert (answer.status, answer.answer) == (403, b"")


async def _kept(quarter: Quarter) -> list[str]:
    """All that is in the database, but for who leads just now."""
    return [row for row in (await everything(quarter)).splitlines() if not row.startswith("lease:")]


async def test_39_six_hundred_letters(quarters: Quarters) -> None:
    await _bombarded(quarters, "sqlite", 600, seed=39)


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_39_ten_thousand_letters(kind: str, quarters: Quarters) -> None:
    await _bombarded(quarters, kind, 10_000, seed=random.randrange(10**9))


async def _bombarded(quarters: Quarters, kind: str, size: int, *, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201
    w = await quarters.watch(kind)
    w.quarter.secrets |= {SECRET, "XYZZY", MALLORY}
    dice = random.Random(seed)
    process = psutil.Process(w.quarter.program.pid)
    statuses: Counter[int] = Counter()
    await _throw(w.quarter, dice, max(150, size // 10), statuses)
    before = process.memory_info().rss
    await _throw(w.quarter, dice, size, statuses)
    grown = process.memory_info().rss - before
    assert grown < 48 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB"
    assert not {status for status in statuses if status >= 500}, statuses
    assert statuses[200] > size / 4, statuses
    assert statuses[403] > size / 4, statuses
    assert await w.quarter.heard() > size / 10, "hardly anything was understood"
    assert await report(w.li)
    await w.wang.say("帮助").settled()
    assert (await w.quarter.program.ready())["inbox_lag"] < 1


async def _throw(quarter: Quarter, dice: random.Random, size: int, statuses: Counter[int]) -> None:
    doors = [_of_wechat(quarter), _of_wecom(quarter)]
    timeout = aiohttp.ClientTimeout(30)
    async with aiohttp.ClientSession(quarter.program.url, timeout=timeout) as session:
        for first in range(0, size, 8):
            volley = (_one(session, doors, dice) for _ in range(min(8, size - first)))
            statuses.update(await asyncio.gather(*volley))


async def _one(session: aiohttp.ClientSession, doors: Sequence[Door], dice: random.Random) -> int:
    """One request; 0 when the program hung up on it."""
    try:
        if dice.random() < 0.1:
            path = dice.choice(STAFF).format(SECRET)
            verb = dice.choice(("GET", "POST", "PUT"))
            return await _status(session, verb, path, {"said": SECRET}, dice.randbytes(dice.randrange(3000)))
        door = dice.choice(doors)
        query, body = door.letter(dice)
        verb = "POST" if dice.random() < 0.9 else dice.choice(("GET", "PUT", "DELETE", "HEAD", "OPTIONS"))
        return await _status(session, verb, door.path, query, body)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        return 0


async def _status(
    session: aiohttp.ClientSession, verb: str, path: str, query: dict[str, str], body: bytes
) -> int:
    headers = {"Content-Type": "text/xml"}
    async with session.request(verb, path, params=query, headers=headers, data=BytesIO(body)) as response:
        await response.read()
        return response.status


@dataclass(frozen=True, slots=True)
class Door:
    """What a letter to one of the doors needs, and what letters there can say."""

    path: str
    token: str
    seal: Seal
    head: JSON
    bodies: Sequence[JSON]

    def letter(self, dice: random.Random) -> tuple[dict[str, str], bytes]:
        """Half of them are rightly sealed and signed, whatever they say."""
        encrypted = self._sealed(dice, self._inside(dice).encode("utf-8", "surrogatepass"))
        outer = write({"ToUserName": SECRET, "Encrypt": encrypted, "AgentID": "1"}).encode()
        stamp = str(int(time.time())) if dice.random() < 0.9 else dice.choice(STAMPS)
        nonce = dice.choice(("1", "nonce", SECRET, "x" * 2000))
        query = {"timestamp": stamp, "nonce": nonce, "openid": MALLORY, "encrypt_type": "aes"}
        query["msg_signature"] = signature(self.token, stamp, nonce, encrypted)
        query["signature"] = signature(self.token, stamp, nonce)
        if dice.random() < 0.1:
            query[dice.choice(list(query))] = dice.choice(("", "0" * 40, SECRET, "\ud83d"))
        return query, self._spoilt(dice, outer)

    def _inside(self, dice: random.Random) -> str:
        if dice.random() < 0.2:
            return dice.choice(NO_FORMS)
        fields = copy.deepcopy({**self.head, **dice.choice(self.bodies)})
        fields["FromUserName"] = f"o{MALLORY}{dice.randrange(40)}"
        fields["MsgId"] = str(dice.randrange(2**62))
        places = [place for place in _leaves(fields) if place[1] not in OF_THE_VENDOR]
        for holder, key in dice.sample(places, min(len(places), dice.randrange(3))):
            holder[key] = dice.choice(ABSURD)
        inside = write(fields)
        return inside if dice.random() < 0.9 else inside[: dice.randrange(len(inside))]

    def _sealed(self, dice: random.Random, inside: bytes) -> str:
        receiver = self.seal.receiver.encode()
        frame = dice.randbytes(16) + len(inside).to_bytes(4, "big") + inside + receiver
        match dice.randrange(20):
            case 0:
                return self.seal.lock(dice.randbytes(32 * dice.randrange(1, 20)))
            case 1:
                return self.seal.lock(padded(frame[:16] + dice.randbytes(4) + frame[20:]))
            case 2:
                return self.seal.lock(padded(frame[: -len(receiver)] + SECRET.encode()))
            case 3:
                return replace(self.seal, aes_key=new_aes_key()).lock(padded(frame))
            case 4:
                return self.seal.lock(padded(frame))[: -dice.randrange(1, 40)]
            case _:
                return self.seal.lock(padded(frame))

    def _spoilt(self, dice: random.Random, outer: bytes) -> bytes:
        match dice.randrange(20):
            case 0:
                return dice.randbytes(dice.randrange(2000)) + SECRET.encode()
            case 1:
                return outer[: dice.randrange(len(outer))]
            case 2:
                return dice.choice(NO_FORMS).encode("utf-8", "surrogatepass") + outer
            case 3:
                return outer.replace(b"<Encrypt>", b"<Encrypt><Encrypt>" * dice.randrange(1, 500))
            case 4 if dice.random() < 0.3:
                return outer + b" " * MEGABYTE
            case _:
                return outer


def _of_wechat(quarter: Quarter) -> Door:
    account = quarter.wechat.account
    head = {"ToUserName": account.original, "CreateTime": int(time.time())}
    return Door("/wechat/callback", account.token, account.seal, head, [*SAYINGS, *EVENTS])


def _of_wecom(quarter: Quarter) -> Door:
    wecom = quarter.wecom
    head = {"ToUserName": wecom.corpid, "CreateTime": int(time.time()), "AgentID": wecom.agentid}
    return Door("/wecom/callback", wecom.token, wecom.stationery.seal, head, [*SAYINGS, *AT_WORK])


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in entries:
        yield value, key
        if isinstance(one, dict | list):
            yield from _leaves(one)


def _event(name: str, key: str = "", **fields: Any) -> JSON:
    return {"MsgType": "event", "Event": name, "EventKey": key, **fields}


SAYINGS: Sequence[JSON] = [
    *({"MsgType": "text", "Content": words} for words in (SECRET, "报修：" + SECRET, "1", "提交", "菜单")),
    {"MsgType": "text", "Content": SECRET, "bizmsgmenuid": "1"},
    {"MsgType": "image", "PicUrl": f"http://127.0.0.1:9/{MALLORY}", "MediaId": SECRET},
    {"MsgType": "voice", "MediaId": SECRET, "Format": "amr", "Recognition": SECRET},
    {"MsgType": "video", "MediaId": SECRET, "ThumbMediaId": SECRET},
    {"MsgType": "location", "Location_X": 30.1, "Location_Y": 120.1, "Scale": 15, "Label": SECRET},
    {"MsgType": "link", "Title": SECRET, "Description": SECRET, "Url": "https://e.cn"},
    {"MsgType": SECRET, "Content": SECRET},
]
EVENTS: Sequence[JSON] = [
    _event("subscribe", f"qrscene_{MALLORY}", Ticket=SECRET),
    _event("unsubscribe"),
    _event("SCAN", MALLORY, Ticket=SECRET),
    _event("CLICK", "m.repair"),
    _event("CLICK", "t.1.accept"),
    _event("VIEW", SECRET),
    _event("LOCATION", Latitude=1.0, Longitude=2.0, Precision=3.0),
    _event("scancode_waitmsg", "k", ScanCodeInfo={"ScanType": "qrcode", "ScanResult": SECRET}),
    _event("TEMPLATESENDJOBFINISH", MsgID=1, Status="failed:user block"),
    _event("TEMPLATESENDJOBFINISH", MsgID=1, Status="failed: system failed"),
    _event("user_authorization_revoke", OpenID=MALLORY, AppID="x", RevokeInfo="1"),
    _event("annual_renew", ExpiredTime=1, FailReason="no fee was paid"),
    _event(SECRET, SECRET),
]
AT_WORK: Sequence[JSON] = [
    _event("subscribe"),
    _event("unsubscribe"),
    _event("enter_agent"),
    _event("click", "m.mine"),
    *(
        _event(
            name,
            "t.1.accept",
            TaskId=SECRET,
            CardType="button_interaction",
            ResponseCode=SECRET,
            SelectedItems={"SelectedItem": [{"QuestionKey": "q", "OptionIds": {"OptionId": [SECRET, "1"]}}]},
        )
        for name in ("template_card_event", "template_card_menu_event")
    ),
    _event("batch_job_result", BatchJob={"JobId": SECRET}),
]
