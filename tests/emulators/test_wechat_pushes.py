"""What people do reaches the account's server, and what it answers is judged as WeChat judges it."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.emulators.tencent_cipher import Seal, signature
from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_xml import read, write
from tests.emulators.wechat import Kind, Mode, Outcome, Phone, WechatServer
from tests.emulators.wechat_bubbles import UNAVAILABLE
from tests.emulators.wechat_fixtures import Desk, reply
from tests.emulators.wechat_postman import NotVerified

EVERY_MODE = pytest.mark.parametrize("wechat", list(Mode), indirect=True)


@EVERY_MODE
async def test_a_message_is_signed_and_the_reply_is_shown(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    desk.says = lambda push: reply(push, Content=f"{push['Content']}，收到")
    push = await (await li.say("报修 ]]> <b>")).settled()
    assert (push.outcome, li.last.text) == (Outcome.ANSWERED, "报修 ]]> <b>，收到")
    query, body = desk.requests[-1]
    assert query["signature"] == signature(wechat.token, query["timestamp"], query["nonce"])
    assert query["openid"] == li.openid
    outer = read(body)
    if wechat.account.mode is Mode.PLAIN:
        assert "msg_signature" not in query
        assert "Encrypt" not in outer
    else:
        parts = (query["timestamp"], query["nonce"], outer["Encrypt"])
        assert query["msg_signature"] == signature(wechat.token, *parts)
        assert query["encrypt_type"] == "aes"
    assert ("Content" in outer) is (wechat.account.mode is not Mode.SECURE)


async def test_the_console_wants_the_echo_back(wechat: WechatServer, desk: Desk) -> None:
    await wechat.push_to(desk.url)
    with pytest.raises(NotVerified, match="404"):
        await wechat.push_to(f"{desk.url}/elsewhere")


async def test_silence_is_tried_three_times_with_fresh_signatures(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    ends = asyncio.Event()

    async def slow(_: JSON) -> str:
        await ends.wait()
        return "success"

    wechat.patience, desk.says, before = 0.1, slow, len(desk.heard)
    push = await (await li.say("在吗")).settled()
    ends.set()
    assert (push.outcome, len(push.attempts)) == (Outcome.UNAVAILABLE, 3)
    assert [bubble.text for bubble in li.notices] == [UNAVAILABLE]
    assert len({fields["MsgId"] for fields in desk.heard[before:]}) == 1
    assert len({query["nonce"] for query, _ in desk.requests[before:]}) == 3


async def test_the_answer_to_the_second_try_is_shown(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.postman.pace = 0.01
    wechat.deafen_next()
    desk.says = lambda push: reply(push, Content="您好")
    push = await (await li.say("在吗")).settled()
    assert (push.outcome, len(push.attempts), li.notices) == (Outcome.ANSWERED, 2, [])
    assert push.attempts[0].trouble == "the answer was not heard"


@pytest.mark.parametrize("quiet", ["success", ""])
async def test_quiet_answers_leave_the_phone_quiet(desk: Desk, li: Phone, quiet: str) -> None:
    desk.says = lambda _: quiet
    push = await (await li.say("在吗")).settled()
    assert (push.outcome, li.received) == (Outcome.QUIET, [])


NONSENSE = {
    "json": lambda desk, push: '{"text": "hi"}',
    "quoted": lambda desk, push: '"success"',
    "plain in secure mode": lambda desk, push: write(reply(push, Content="x")),
    "names not swapped": lambda desk, push: push | {"Content": "x"},
    "no text": lambda desk, push: reply(push, Content=""),
    "too long": lambda desk, push: reply(push, Content="长" * 700),
    "two contents": lambda desk, push: reply(push, Content=["a", "b"]),
    "no such type": lambda desk, push: reply(push, "hologram"),
    "no such picture": lambda desk, push: reply(push, "image", Image={"MediaId": "none"}),
    "article count": lambda desk, push: reply(
        push, "news", ArticleCount=2, Articles={"item": {"Title": "t"}}
    ),
    "date": lambda desk, push: reply(push, Content="x") | {"CreateTime": "now"},
    "false signature": lambda desk, push: write(
        desk.envelope(reply(push, Content="x")) | {"MsgSignature": "0"}
    ),
    "no nonce": lambda desk, push: write({"Encrypt": desk.envelope(push)["Encrypt"]}),
    "control character": lambda desk, push: b"<xml><MsgType>\x01</MsgType></xml>",
}


@pytest.mark.parametrize("what", list(NONSENSE))
async def test_nonsense_makes_the_account_unavailable_at_once(desk: Desk, li: Phone, what: str) -> None:
    desk.says = lambda push: NONSENSE[what](desk, push)  # type: ignore[no-untyped-call]
    push = await (await li.say("在吗")).settled()
    assert (push.outcome, len(push.attempts)) == (Outcome.UNAVAILABLE, 1)
    assert push.why
    assert li.last.text == UNAVAILABLE


async def test_another_status_than_200_is_tried_again(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.postman.pace = 0.01
    answers = iter([web.Response(status=503), web.Response(status=500), web.Response(text="success")])
    desk.says = lambda _: next(answers)
    push = await (await li.say("在吗")).settled()
    assert (push.outcome, len(push.attempts)) == (Outcome.QUIET, 3)


async def test_a_server_that_is_gone_leaves_the_account_unavailable(wechat: WechatServer) -> None:
    wechat.patience = 0.02
    wechat.route("http://127.0.0.1:9/callback")
    push = await (await wechat.person("李").follow()).settled()
    assert (push.outcome, len(push.attempts)) == (Outcome.UNAVAILABLE, 3)
    assert "connection failed" in push.why


async def test_a_reply_is_locked_with_the_key_of_the_push(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    old = wechat.account.seal

    def with_the_new_key(push: JSON) -> JSON:
        wechat.rotate_key()
        return reply(push, Content="x")

    desk.says = with_the_new_key
    push = await (await li.say("在吗")).settled()
    assert push.outcome is Outcome.UNAVAILABLE
    assert wechat.account.seal != old
    desk.says = lambda push: reply(push, Content="现在好了")
    await (await li.say("在吗")).settled()
    assert li.last.text == "现在好了"


async def test_compatible_mode_takes_plain_replies_too(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.account.mode = Mode.COMPATIBLE
    desk.says = lambda push: write(reply(push, Content="明文"))
    await (await li.say("在吗")).settled()
    assert li.last.text == "明文"


async def test_only_one_article_answers_a_message_and_eight_an_event(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    items = [{"Title": f"第{n}篇", "Description": "", "PicUrl": "", "Url": "https://x"} for n in range(3)]
    desk.says = lambda push: reply(push, "news", ArticleCount=3, Articles={"item": items})
    await (await li.say("公告")).settled()
    assert (li.last.text, li.last.url) == ("第0篇", "https://x")
    assert li.last.articles == 1
    await (await li.cause("CLICK", EventKey="NEWS")).settled()
    assert li.last.articles == 3


async def test_a_human_desk_may_take_over(desk: Desk, li: Phone) -> None:
    desk.says = lambda push: reply(push, "transfer_customer_service")
    assert (await (await li.say("人工")).settled()).outcome is Outcome.HANDED_OVER


async def test_what_is_answered_to_wechat_itself_is_shown_to_nobody(desk: Desk, li: Phone) -> None:
    desk.says = lambda push: reply(push, Content="再见")
    push = await (await li.unfollow()).settled()
    assert (push.outcome, li.received, desk.heard[-1]["Event"]) == (Outcome.QUIET, [], "unsubscribe")


async def test_messages_of_one_person_leave_in_order_and_need_not_wait(
    wechat: WechatServer, desk: Desk, li: Phone
) -> None:
    ends = asyncio.Event()

    async def slow(push: JSON) -> str:
        await ends.wait() if push["Content"] == "一" else None
        return "success"

    desk.says = slow
    first, second = await li.say("一"), await li.say("二")
    await second.settled()
    assert first.outcome is None
    ends.set()
    await first.settled()


async def test_messages_can_be_held_and_come_backwards(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    with wechat.held(backwards=True):
        pushes = [await li.say("一"), await li.say("二")]
        assert len(desk.heard) == 1
    for push in pushes:
        await push.settled()
    assert [fields["Content"] for fields in desk.heard[1:]] == ["二", "一"]


async def test_messages_come_twice(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.duplicate_next()
    desk.says = lambda push: reply(push, Content="好")
    push = await li.say("报修")
    await wechat.idle()
    assert [one.reply and one.reply["Content"] for one in push.attempts] == ["好", "好"]
    assert len(li.received) == 1
    again = await wechat.again(push)
    assert again.reply
    replayed = await wechat.replay(push)
    assert replayed.letter == push.attempts[0].letter
    assert len({fields["MsgId"] for fields in desk.heard[1:]}) == 1


async def test_several_servers_are_told_in_turn(wechat: WechatServer, desk: Desk, li: Phone) -> None:
    wechat.route(desk.url, f"{desk.url}?second")
    for word in "一二":
        await (await li.say(word)).settled()
    assert ["second" in query for query, _ in desk.requests[1:]] == [False, True]


async def test_a_test_account_knows_only_plain_letters() -> None:
    wechat = WechatServer(kind=Kind.TEST)
    assert wechat.account.mode is Mode.PLAIN
    assert Seal(wechat.aes_key, wechat.appid) == wechat.account.seal
