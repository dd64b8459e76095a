"""What colleagues do is told to the app: locked, signed, up to three times; and its answers are judged."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import aiohttp
import pytest

from tests.emulators.telegram_files import sample_photo
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom import Colleague, NoSuchButton, NotVerified, Outcome, WecomServer
from tests.emulators.wecom_letters import Forgery, Stationery, new_aes_key
from tests.emulators.wecom_peer import PAGE, Client, StubApp, buttons, notice

HURRY = 0.15
"""Seconds of patience, for those who wait until it is over."""

TEXT: JSON = {"MsgType": "text", "Content": "您好"}


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    async with WecomServer() as server:
        yield server


@pytest.fixture
async def app(wecom: WecomServer) -> AsyncIterator[StubApp]:
    async with StubApp(wecom) as stub:
        await wecom.push_to(stub.url)
        yield stub


@pytest.fixture
async def client(wecom: WecomServer) -> AsyncIterator[Client]:
    async with Client(wecom) as one:
        yield one


@pytest.fixture
def wang(wecom: WecomServer) -> Colleague:
    return wecom.member("wang", "王师傅")


async def test_the_address_has_to_unlock_the_echo(wecom: WecomServer) -> None:
    async with StubApp(wecom) as stub:
        url = stub.url
        await wecom.push_to(url)
        assert (await wecom.greet(url)).answer == b"1616140317555161061"
        assert (await wecom.greet(url, msg_signature="0" * 40)).status == 403
        stub.wecom = WecomServer()
        with pytest.raises(NotVerified, match="403"):
            await wecom.push_to(url)
    with pytest.raises(NotVerified, match="connection failed"):
        await wecom.push_to(url)


async def test_nothing_is_told_before_there_is_an_address(wecom: WecomServer, wang: Colleague) -> None:
    with pytest.raises(RuntimeError, match="push_to"):
        wang.say("您好")


async def test_a_text_is_told_as_the_vendor_words_it(
    wecom: WecomServer, app: StubApp, wang: Colleague
) -> None:
    push = await wang.say("我的工单 ]]>").settled()
    (seen,) = app.seen
    assert abs(int(seen.pop("CreateTime")) - time.time()) < 5
    assert re.fullmatch(r"\d{19}", seen.pop("MsgId"))
    assert seen == {
        "ToUserName": wecom.corpid,
        "FromUserName": "wang",
        "MsgType": "text",
        "Content": "我的工单 ]]>",
        "AgentID": str(wecom.agentid),
    }
    assert (push.outcome, len(push.attempts)) == (Outcome.QUIET, 1)
    assert wang.transcript() == "wang > 我的工单 ]]>"


async def test_pictures_and_voices_can_be_fetched(
    wecom: WecomServer, app: StubApp, client: Client, wang: Colleague
) -> None:
    await wang.photo(sample_photo(5)).settled()
    await wang.voice(b"#!AMR\n voice").settled()
    photo, voice = app.seen
    assert await client.download(photo["MediaId"]) == sample_photo(5)
    assert (voice["Format"], await client.download(voice["MediaId"])) == ("amr", b"#!AMR\n voice")
    async with aiohttp.ClientSession() as session:
        async with session.get(photo["PicUrl"]) as response:
            assert (response.content_type, await response.read()) == ("image/jpeg", sample_photo(5))
        async with session.get(f"{wecom.url}/pic/none") as response:
            assert response.status == 404


async def test_everything_a_colleague_can_do(wecom: WecomServer, app: StubApp, wang: Colleague) -> None:
    doings = [wang.video(), wang.location(31.2304, 121.4737), wang.link("t", PAGE), wang.enter()]
    doings += [wang.click("mine"), wang.unsubscribe(), wang.subscribe(), wang.event("view", EventKey=PAGE)]
    doings += [wang.raw(MsgType="sticker")]
    for push in doings:
        await push.settled()
    kinds = [(seen["MsgType"], seen.get("Event"), seen.get("EventKey")) for seen in app.seen]
    assert kinds == [
        ("video", None, None),
        ("location", None, None),
        ("link", None, None),
        ("event", "enter_agent", ""),
        ("event", "click", "mine"),
        ("event", "unsubscribe", ""),
        ("event", "subscribe", ""),
        ("event", "view", PAGE),
        ("sticker", None, None),
    ]
    assert (app.seen[1]["Location_X"], app.seen[1]["Label"]) == ("31.2304", "某路1号")
    assert [("MsgId" in seen) for seen in app.seen] == [seen["MsgType"] != "event" for seen in app.seen]


async def test_whoever_does_not_see_the_app_is_not_there(
    app: StubApp, client: Client, wang: Colleague
) -> None:
    await wang.unsubscribe().settled()
    assert (await client.send("wang", "text", content="hi"))["errcode"] == 81013
    with pytest.raises(RuntimeError, match="does not see"):
        wang.say("hi")


async def test_a_tap_says_which_button_of_which_card(
    wecom: WecomServer, app: StubApp, client: Client, wang: Colleague
) -> None:
    selection = {"question_key": "q1", "selected_id": "am"}
    selection["option_list"] = [{"id": "am", "text": "上午"}, {"id": "pm", "text": "下午"}]  # type: ignore[assignment]
    await client.send("wang", "template_card", **buttons(button_selection=selection))
    await wang.tap("接单").settled()
    await wang.tap("t.1.move", chosen={"q1": "下午"}).settled()
    wang.misspells = True
    await wang.tap("转派", chosen={"q1": ["pm"]}).settled()
    first, second, third = app.seen
    assert (first["Event"], first["EventKey"], first["TaskId"]) == ("template_card_event", "t.1.take", "t-1")
    assert (first["CardType"], len(first["ResponseCode"]) > 20) == ("button_interaction", True)
    assert first["SelectedItems"] == {"SelectedItem": {"QuestionKey": "q1", "OptionIds": {"OptionId": "am"}}}
    assert (second["EventKey"], second["SelectedItems"]["SelectedItem"]["OptionIds"]) == (
        "t.1.move",
        {"OptionId": "pm"},
    )
    assert third["SelectedItems"]["SelectedItem"]["OpitonIds"] == {"OpitonId": "pm"}
    with pytest.raises(NoSuchButton, match="no such option"):
        wang.tap("转派", chosen={"q1": "night"})


async def test_a_phone_that_has_not_refreshed(app: StubApp, client: Client, wang: Colleague) -> None:
    code = (await client.send("wang", "template_card", **buttons()))["response_code"]
    await client.update(code, ["wang"], button={"replace_name": "已接单"})
    with pytest.raises(NoSuchButton):
        wang.tap("接单")
    await wang.tap("接单", stale=True).settled()
    assert app.seen[0]["TaskId"] == "t-1"


async def test_the_answer_can_be_a_text(app: StubApp, wang: Colleague) -> None:
    app.answer = lambda fields: TEXT | {"Content": "修" * 700}
    push = await wang.say("您好").settled()
    assert push.outcome is Outcome.ANSWERED
    assert push.reply is not None
    assert wang.last.words == "修" * 682


async def test_the_answer_can_be_a_picture_or_news(app: StubApp, client: Client, wang: Colleague) -> None:
    media = (await client.upload("image", sample_photo(6)))["media_id"]
    app.answer = lambda fields: {"MsgType": "image", "Image": {"MediaId": media}}
    await wang.say("图").settled()
    assert wang.last.content == sample_photo(6)
    article = {"Title": "新规", "Description": "今天起", "PicUrl": "", "Url": PAGE}
    app.answer = lambda fields: {"MsgType": "news", "ArticleCount": 1, "Articles": {"item": [article]}}
    await wang.say("新闻").settled()
    assert wang.last.words == "新规\n今天起"


async def test_the_answer_to_a_tap_can_change_the_card(
    wecom: WecomServer, app: StubApp, client: Client, wang: Colleague
) -> None:
    chen = wecom.member("chen")
    await client.send("wang|chen", "template_card", **buttons())
    app.answer = lambda fields: {"MsgType": "update_button", "Button": {"ReplaceName": "已接单"}}
    await wang.tap("接单").settled()
    assert [one.cards[0].replaced for one in (wang, chen)] == ["已接单", ""]
    card = {
        "CardType": "button_interaction",
        "MainTitle": {"Title": "处理中"},
        "HorizontalContentList": [{"KeyName": "房号", "Value": "3-1-501"}, {"KeyName": "人", "Value": "陈"}],
        "ButtonList": [{"Text": "完成", "Style": 1, "Key": "t.1.done"}],
        "CardAction": {"Type": 1, "Url": PAGE},
    }
    app.answer = lambda fields: {"MsgType": "update_template_card", "TemplateCard": card}
    await chen.tap("接单").settled()
    seen = chen.cards[0]
    assert (seen.title, seen.row("房号"), seen.labels, seen.task_id) == ("处理中", "3-1-501", ["完成"], "t-1")
    assert wang.cards[0].title == "新报修 #1024"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"<html>", "not well-formed|mismatched|no element"),
        (b"ok", "syntax error"),
        (b"<xml><MsgType>text</MsgType></xml>", "the envelope lacks"),
        (TEXT | {"ToUserName": "chen"}, "ToUserName is 'chen'"),
        (TEXT | {"FromUserName": "wwother"}, "FromUserName is"),
        (TEXT | {"CreateTime": "now"}, "CreateTime"),
        (TEXT | {"Content": ""}, "empty content"),
        ({"MsgType": "hologram"}, "no such MsgType"),
        ({"MsgType": "update_button", "Button": {"ReplaceName": "x"}}, "only a tap"),
        ({"MsgType": "image"}, "<Image> is missing"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_nonsense_is_not_shown_and_not_asked_for_again(
    app: StubApp, wang: Colleague, answer: JSON | bytes, why: str
) -> None:
    app.answer = lambda fields: answer
    push = await wang.say("您好").settled()
    assert (push.outcome, len(push.attempts)) == (Outcome.NONSENSE, 1)
    assert re.search(why, push.why), push.why
    assert wang.from_bot == []


async def test_a_reply_locked_with_an_old_key_is_nonsense(
    wecom: WecomServer, app: StubApp, wang: Colleague
) -> None:
    old = Stationery(wecom.token, wecom.aes_key, wecom.corpid, wecom.agentid)
    locked = old.letter({"ToUserName": "wang"}).body
    wecom.aes_key = new_aes_key()
    app.answer = lambda fields: locked
    assert (await wang.say("您好").settled()).outcome is Outcome.NONSENSE
    app.answer = lambda fields: TEXT
    assert (await wang.say("您好").settled()).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("answer", [b"", b"success"])
async def test_quiet_answers(app: StubApp, wang: Colleague, answer: bytes) -> None:
    app.answer = lambda fields: answer
    assert (await wang.say("您好").settled()).outcome is Outcome.QUIET


async def test_a_slow_app_is_asked_three_times(wecom: WecomServer, app: StubApp, wang: Colleague) -> None:
    wecom.patience = HURRY
    app.slow = [9, 9, 9]
    push = await wang.say("您好").settled()
    assert (push.outcome, push.why) == (Outcome.LOST, f"no answer in {HURRY} seconds")
    assert [one.status for one in push.attempts] == [None] * 3
    assert len({one.query["nonce"] for one in push.attempts}) == 3
    assert len(app.seen) == 3
    assert len({seen["MsgId"] for seen in app.seen}) == 1
    moments = [one.at for one in push.attempts]
    assert all(later - earlier >= HURRY * 0.9 for earlier, later in pairwise(moments))


async def test_the_second_answer_counts_when_the_first_is_late(
    wecom: WecomServer, app: StubApp, wang: Colleague
) -> None:
    wecom.patience = 0.5
    app.slow = [9]
    app.answer = lambda fields: TEXT
    push = await wang.say("您好").settled()
    assert (push.outcome, len(push.attempts), len(wang.from_bot)) == (Outcome.ANSWERED, 2, 1)


async def test_an_app_with_errors_or_none_at_all_is_asked_again(
    wecom: WecomServer, app: StubApp, wang: Colleague
) -> None:
    wecom.patience = HURRY
    statuses: list[JSON | int] = [500, 403, TEXT]
    app.answer = lambda fields: statuses.pop(0)
    push = await wang.say("您好").settled()
    assert [one.trouble for one in push.attempts] == ["status 500", "status 403", ""]
    await wecom.push_to("http://127.0.0.1:9/", app.url, verify=False)
    push = await wang.say("您好").attempted(2)
    assert push.attempts[0].trouble.startswith("connection failed")
    assert (push.attempts[1].url, len(app.seen)) == (app.url, 4)


async def test_an_answer_nobody_heard(wecom: WecomServer, app: StubApp, wang: Colleague) -> None:
    wecom.patience = 0.5
    app.answer = lambda fields: TEXT
    wecom.hear_nothing()
    await wang.say("您好").settled()
    assert [seen["MsgId"] for seen in app.seen] == [app.seen[0]["MsgId"]] * 2
    assert len(wang.from_bot) == 1


async def test_told_twice_although_it_was_answered(wecom: WecomServer, app: StubApp, wang: Colleague) -> None:
    app.answer = lambda fields: TEXT
    wecom.bring_twice()
    push = wang.say("您好")
    await wecom.idle()
    assert (len(push.attempts), len(app.seen), len(wang.from_bot)) == (2, 2, 1)
    again = await wecom.again(push)
    assert again.reply is not None
    assert (again.reply["Content"], len(wang.from_bot)) == ("您好", 1)


async def test_the_same_bytes_again(wecom: WecomServer, app: StubApp, wang: Colleague) -> None:
    push = await wang.say("您好").settled()
    attempt = await wecom.replay(push)
    assert (attempt.query, attempt.body) == (push.attempts[0].query, push.attempts[0].body)
    assert (attempt.status, len(app.seen)) == (200, 2)


async def test_what_is_held_can_leave_in_another_order(
    wecom: WecomServer, app: StubApp, wang: Colleague
) -> None:
    wecom.hold()
    pushes = [wang.say(text) for text in ("一", "二", "三")]
    await asyncio.sleep(0)
    assert [push.attempts for push in pushes] == [[], [], []]
    wecom.release(backwards=True)
    await wecom.idle()
    assert [seen["Content"] for seen in app.seen] == ["三", "二", "一"]


async def test_people_do_not_wait_for_slow_answers(app: StubApp, wang: Colleague) -> None:
    app.slow = [9, 0]
    first, second = wang.say("一"), wang.say("二")
    await second.settled()
    assert first.outcome is None
    assert [seen["Content"] for seen in app.seen] == ["一", "二"]


SEALED_WELL = {Forgery.STALE, Forgery.OUTER_DOCTYPE, Forgery.INNER_DOCTYPE, Forgery.HUGE}
"""A careless app, as the one of these tests, takes them."""


@pytest.mark.parametrize("forgery", sorted(set(Forgery) - SEALED_WELL))
async def test_forgeries_do_not_open(wecom: WecomServer, app: StubApp, forgery: Forgery) -> None:
    attempt = await wecom.forge(forgery)
    assert attempt.status == 403
    assert app.seen == []


async def test_forgeries_that_open(wecom: WecomServer, app: StubApp) -> None:
    stale = await wecom.forge(Forgery.STALE, userid="wang", MsgType="event", Event="click", EventKey="x")
    assert (stale.status, int(stale.query["timestamp"]) < time.time() - 3590) == (200, True)
    assert (app.seen[0]["FromUserName"], app.seen[0]["EventKey"]) == ("wang", "x")
    assert (await wecom.forge(Forgery.OUTER_DOCTYPE)).status == 200
    assert (await wecom.forge(Forgery.INNER_DOCTYPE)).status == 200
    assert app.seen[2]["Evil"] == "ha" * 8
    huge = await wecom.forge(Forgery.HUGE)
    assert (huge.status, len(huge.body) > 1024 * 1024) == (413, True)


async def test_a_tap_on_a_card_that_never_was(app: StubApp, wang: Colleague) -> None:
    await wang.tap_forged({"EventKey": "t.9.take", "TaskId": "no", "ResponseCode": "no"}).settled()
    assert app.seen[0]["EventKey"] == "t.9.take"


async def test_only_cards_that_had_buttons_can_lose_them(
    app: StubApp, client: Client, wang: Colleague
) -> None:
    menu = {"desc": "更多", "action_list": [{"text": "静音", "key": "mute"}]}
    await client.send("wang", "template_card", **notice(action_menu=menu, task_id="t-9"))
    app.answer = lambda fields: {"MsgType": "update_button", "Button": {"ReplaceName": "x"}}
    assert (await wang.tap("静音").settled()).outcome is Outcome.NONSENSE
