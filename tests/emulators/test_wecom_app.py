"""The emulated app of WeCom: its token, its messages to members, its cards and what becomes of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.telegram_files import sample_photo
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom import DAY, HOUR, MINUTE, Colleague, NoSuchButton, WecomServer
from tests.emulators.wecom_media import MB
from tests.emulators.wecom_peer import PAGE, Client, buttons, notice
from tests.emulators.wecom_shown import Link

NOWHERE = "http://127.0.0.1:9/callback"


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    now = [1000.0]
    async with WecomServer(clock=lambda: now[0]) as server:
        await server.push_to(NOWHERE, verify=False)
        yield server


@pytest.fixture
async def client(wecom: WecomServer) -> AsyncIterator[Client]:
    async with Client(wecom) as one:
        yield one


@pytest.fixture
def wang(wecom: WecomServer) -> Colleague:
    return wecom.member("wang", "王师傅")


async def sent(client: Client, card: JSON, touser: str = "wang") -> str:
    """The response_code of a card that was taken."""
    answer = await client.send(touser, "template_card", **card)
    assert answer["errcode"] == 0, answer
    return str(answer["response_code"])


async def test_a_token_stays_the_same_until_it_ends(client: Client, wecom: WecomServer) -> None:
    first = await client.ask_token()
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    wecom.advance(HOUR)
    again = await client.ask_token()
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 3600)
    wecom.advance(HOUR)
    assert (await client.ask_token())["access_token"] != first["access_token"]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"corpid": ""}, 41002),
        ({"corpid": "wwother"}, 40013),
        ({"corpsecret": ""}, 41004),
        ({"corpsecret": "other"}, 40001),
    ],
)
async def test_no_token_for_strangers(client: Client, changed: dict[str, str], errcode: int) -> None:
    assert (await client.ask_token(**changed))["errcode"] == errcode


async def test_tokens_end_early_and_are_forgotten(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    assert (await client.send("wang", "text", content="1"))["errcode"] == 0
    wecom.expire_token()
    assert (await client.send("wang", "text", content="2"))["errcode"] == 42001
    client.token = ""
    assert (await client.send("wang", "text", content="3"))["errcode"] == 0
    wecom.forget_token()
    assert (await client.send("wang", "text", content="4"))["errcode"] == 40014
    assert (await client.answer("POST", "message/send", data=b"{}"))["errcode"] == 41001
    assert wang.transcript() == "< 1\n< 3"


async def test_a_strange_address_gets_a_token_and_no_more(client: Client, wecom: WecomServer) -> None:
    wecom.trusts_ip = False
    refused = await client.send("wang", "text", content="hi")
    assert refused["errcode"] == 60020
    assert refused["errmsg"].startswith("not allow to access from your ip, hint")
    wecom.trusts_ip = True
    wecom.member("wang")
    assert (await client.send("wang", "text", content="hi"))["errcode"] == 0


async def test_a_text_reaches_those_who_see_the_app(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    chen = wecom.member("Chen")
    answer = await client.send("wang|CHEN|Nobody", "text", content=f'您有 <a href="{PAGE}">新工单</a>')
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    for one in (wang, chen):
        assert (one.last.words, one.last.links) == ("您有 新工单", (Link("新工单", PAGE),))
    assert "response_code" not in answer


async def test_everybody_can_be_written_to(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    chen = wecom.member("chen")
    chen.member.sees_app = False
    assert (await client.send("@all", "text", content="hi"))["invaliduser"] == ""
    assert [len(one.messages) for one in (wang, chen)] == [1, 0]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"touser": "nobody"}, 81013),
        ({"touser": ""}, 82001),
        ({"touser": "", "toparty": "2"}, 81013),
        ({"touser": "|".join(f"u{n}" for n in range(1001))}, 40058),
        ({"agentid": 7}, 40056),
        ({"agentid": None}, 41011),
        ({"msgtype": "markdown_v2"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "修" * 683}}, 40058),
        ({"msgtype": "markdown", "markdown": {"content": "修" * 683}}, 40058),
        ({"msgtype": "image", "image": {"media_id": "3none"}}, 40007),
        ({"msgtype": "textcard", "textcard": {"title": "t", "description": "d"}}, 40058),
        ({"msgtype": "textcard", "textcard": {"title": "t", "url": PAGE}}, 40058),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_an_app_may_not_send(
    client: Client, wecom: WecomServer, wang: Colleague, changed: JSON, errcode: int
) -> None:
    body = {"touser": "wang", "agentid": wecom.agentid, "msgtype": "text", "text": {"content": "hi"}}
    assert (await client.call("message/send", **(body | changed)))["errcode"] == errcode
    assert wang.messages == []


async def test_other_kinds_of_message(client: Client, wang: Colleague) -> None:
    await client.send("wang", "markdown", content=f"**超时** [详情]({PAGE})")
    assert wang.last.links == (Link("详情", PAGE),)
    about = '<div class="gray">3栋</div><div class="highlight">紧急</div>'
    await client.send("wang", "textcard", title="新报修", description=about, url=PAGE, btntxt="马上查看吧")
    assert (wang.last.words, wang.last.links) == ("新报修\n3栋紧急", (Link("马上查看", PAGE),))
    media = await client.upload("image", sample_photo(3), name="a.jpg")
    await client.send("wang", "image", media_id=media["media_id"])
    assert wang.last.content == sample_photo(3)


async def test_media_come_back_as_they_were(client: Client, wecom: WecomServer) -> None:
    media = (await client.upload("image", sample_photo(4), name="门牌.jpg"))["media_id"]
    assert await client.download(media) == sample_photo(4)
    wecom.advance(3 * DAY)
    client.token = ""
    refused = await client.download(media)
    assert isinstance(refused, dict)
    assert refused["errcode"] == 40007


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("image", b"GIF89a".ljust(99), 40004),
        ("image", b"\xff\xd8\xff".ljust(10 * MB + 1), 45001),
        ("file", b"1234", 40006),
        ("sticker", b"123456", 40004),
        ("video", bytes(10 * MB + 1), 45001),
    ],
    ids=lambda value: str(value)[:9],
)
async def test_uploads_have_their_kinds_and_sizes(
    client: Client, kind: str, content: bytes, errcode: int
) -> None:
    assert (await client.upload(kind, content))["errcode"] == errcode


async def test_more_than_thirty_in_a_minute_vanish(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    for number in range(31):
        assert (await client.send("wang", "text", content=str(number)))["errcode"] == 0
    assert (len(wang.messages), wang.last.words) == (30, "29")
    assert [(one.userid, one.message.words, one.why) for one in wecom.lost] == [("wang", "30", "too many")]
    assert [one.who for one in wecom.violations] == ["wang"]
    wecom.advance(MINUTE)
    await client.send("wang", "text", content="again")
    assert wang.last.words == "again"


async def test_the_same_again_vanishes_when_asked_for(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    body = {"touser": "wang", "agentid": wecom.agentid, "msgtype": "text", "text": {"content": "hi"}}
    once = body | {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    for message in (once, once, body, once):
        assert (await client.call("message/send", **message))["errcode"] == 0
    assert [message.words for message in wang.messages] == ["hi", "hi"]
    wecom.advance(600)
    await client.call("message/send", **once)
    assert len(wang.messages) == 3
    assert [one.why for one in wecom.lost] == ["repeated", "repeated"]


async def test_a_message_can_be_taken_back(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    chen = wecom.member("chen")
    answer = await client.send("wang|chen", "text", content="oops")
    assert (await client.call("message/recall", msgid=answer["msgid"]))["errcode"] == 0
    assert (wang.messages, chen.messages) == ([], [])
    await wang.wait_for_gone(wang.history[0])
    assert (await client.call("message/recall", msgid="msg0"))["errcode"] == 40058
    late = await client.send("wang", "text", content="too late")
    wecom.advance(DAY + 1)
    client.token = ""
    assert (await client.call("message/recall", msgid=late["msgid"]))["errcode"] == 40058


async def test_a_card_with_buttons(client: Client, wang: Colleague) -> None:
    selection = {"question_key": "q1", "title": "时间", "option_list": [{"id": "am", "text": "上午"}]}
    extra: JSON = {"text": "打开", "type": 1, "url": PAGE}
    card = buttons(button_selection=selection)
    card["button_list"].append(extra)
    await sent(client, card)
    (seen,) = wang.cards
    assert (seen.labels, seen.task_id) == (["接单", "转派", "打开"], "t-1")
    assert (seen.link("打开"), seen.button("打开")) == (PAGE, None)
    assert seen.questions[0].options == (("am", "上午"),)
    assert wang.transcript() == "< 新报修 #1024 [接单] [转派] [打开]"


def one_button(**changed: Any) -> JSON:
    return buttons(button_list=[{"text": "接单", "key": "k"} | changed])


@pytest.mark.parametrize(
    ("card", "errcode"),
    [
        (buttons(button_list=[]), 40058),
        (buttons(button_list=[{"text": "x", "key": "k"}] * 7), 40058),
        (one_button(text=""), 42020),
        (one_button(text="一二三四五六七八九十零"), 40058),
        (one_button(key=""), 42019),
        (one_button(key="钥" * 342), 42018),
        (one_button(style=5), 40058),
        (one_button(type=1), 40058),
        (one_button(type=1, url="weixin://x"), 45034),
        (buttons(task_id=""), 42014),
        (buttons(task_id="t.1"), 42014),
        (buttons(task_id="t" * 129), 42014),
        (buttons(main_title={}), 40058),
        (buttons(card_type="invented"), 40058),
        (buttons(card_type="vote_interaction"), 42020),
        (notice(action_menu={"desc": "更多", "action_list": [{"text": "x", "key": "k"}]}), 42014),
        (notice(action_menu={"desc": "更多", "action_list": []}), 40058),
        ({}, 40058),
    ],
    ids=lambda value: str(value)[-60:],
)
async def test_cards_that_are_refused(client: Client, wang: Colleague, card: JSON, errcode: int) -> None:
    answer = await client.send("wang", "template_card", **card)
    assert answer["errcode"] == errcode, answer
    assert wang.messages == []


async def test_what_just_fits_on_a_card(client: Client, wang: Colleague) -> None:
    card = buttons("t" * 128, button_list=[{"text": "一二三四五六七八九十", "key": "k" * 1024}] * 6)
    await sent(client, card)
    assert wang.cards[0].labels == ["一二三四五六七八九十"] * 6


async def test_a_task_is_given_once(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    assert (await client.send("nobody", "template_card", **buttons()))["errcode"] == 81013
    await sent(client, buttons())
    assert (await client.send("wang", "template_card", **buttons()))["errcode"] == 42014
    await sent(client, buttons("t-2"))
    assert len(wang.cards) == 2


async def test_buttons_need_a_callback(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    wecom.app.has_callback = False
    assert (await client.send("wang", "template_card", **buttons()))["errcode"] == 43012
    assert (await client.send("wang", "template_card", **notice()))["errcode"] == 0


async def test_buttons_become_a_word(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    chen = wecom.member("chen")
    code = await sent(client, buttons(), "wang|chen")
    answer = await client.update(code, ["wang", "li"], button={"replace_name": "已接单"})
    assert (answer["errcode"], answer["invaliduser"]) == (0, ["li"])
    card = await wang.wait_for_card("已接单")
    assert (card.labels, card.replaced, card.title) == ([], "已接单", "新报修 #1024")
    assert wang.last.before[0].labels == chen.cards[0].labels == ["接单", "转派"]
    with pytest.raises(NoSuchButton, match="接单"):
        wang.tap("接单")


async def test_a_card_becomes_another(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    chen = wecom.member("chen")
    code = await sent(client, buttons(), "wang|chen")
    body = {"atall": 1, "agentid": wecom.agentid, "response_code": code}
    new = notice(main_title={"title": "处理中"})
    assert (await client.call("message/update_template_card", **body, template_card=new))["errcode"] == 0
    for one in (wang, chen):
        assert [(card.kind, card.title) for card in one.cards] == [("text_notice", "处理中")]


async def test_one_card_changes_for_all_who_have_it_whoever_tapped(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    chen, li = wecom.member("chen"), wecom.member("li")
    first = await sent(client, buttons(), "wang|chen|Nobody")
    await sent(client, buttons("t-2"), "li")
    body: JSON = {"agentid": wecom.agentid, "atall": 1}
    assert sorted(wecom.copies("t-1")) == ["chen", "wang"]
    for number, code in enumerate((chen.tap("接单").fields["ResponseCode"], first)):
        change = body | {"response_code": code, "template_card": one_button(text=f"第{number}次")}
        assert (await client.call("message/update_template_card", **change))["invaliduser"] == []
        assert {user: card.labels for user, card in wecom.copies("t-1").items()} == {
            "wang": [f"第{number}次"],
            "chen": [f"第{number}次"],
        }
        assert (await client.call("message/update_template_card", **change))["errcode"] == 42022
    stale = wang.tap("转派", stale=True)
    assert (stale.fields["TaskId"], stale.fields["FromUserName"]) == ("t-1", "wang")
    assert li.cards[0].labels == ["接单", "转派"]
    assert wecom.copies("t-9") == {}


async def test_who_was_not_shown_a_card_has_none_that_could_change(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    chen = wecom.member("chen")
    for number in range(30):
        await client.send("chen", "text", content=str(number))
    code = await sent(client, buttons(), "wang|chen")
    assert [one.userid for one in wecom.lost] == ["chen"]
    what: JSON = {"agentid": wecom.agentid, "response_code": code, "button": {"replace_name": "已接单"}}
    assert (await client.call("message/update_template_card", atall=2, **what))["errcode"] == 40058
    assert (await client.call("message/update_template_card", atall=1, **what))["errcode"] == 0
    assert (wang.cards[0].replaced, chen.cards) == ("已接单", [])


async def test_new_buttons_keep_the_task(client: Client, wang: Colleague) -> None:
    code = await sent(client, buttons())
    new = one_button(text="完成", key="t.1.done")
    del new["task_id"]
    assert (await client.update(code, ["wang"], template_card=new))["errcode"] == 0
    assert (wang.cards[0].labels, wang.cards[0].task_id) == (["完成"], "t-1")
    push = wang.tap("完成")
    code = push.fields["ResponseCode"]
    assert (await client.update(code, ["wang"], template_card=new | {"replace_text": "已完成"}))[
        "errcode"
    ] == 0
    assert (wang.cards[0].labels, wang.cards[0].replaced) == ([], "已完成")


async def test_a_code_is_good_once_and_for_three_days(
    client: Client, wecom: WecomServer, wang: Colleague
) -> None:
    word: JSON = {"button": {"replace_name": "已接单"}}
    code = await sent(client, buttons())
    assert (await client.update("invented", ["wang"], **word))["errcode"] == 40058
    assert (await client.update(code, [], **word))["errcode"] == 82001
    assert (await client.update(code, ["wang"], button={}))["errcode"] == 42020
    assert (await client.update(code, ["wang"], template_card=buttons(button_list=[])))["errcode"] == 40058
    assert (await client.update(code, ["wang"], **word))["errcode"] == 0
    assert (await client.update(code, ["wang"], **word))["errcode"] == 42022
    late = await sent(client, buttons("t-2"))
    wecom.advance(72 * HOUR + 1)
    client.token = ""
    assert (await client.update(late, ["wang"], **word))["errcode"] == 42022
    assert wang.cards[1].labels == ["接单", "转派"]


async def test_every_tap_brings_a_fresh_code(client: Client, wang: Colleague) -> None:
    first = await sent(client, buttons())
    taps = [wang.tap("接单").fields["ResponseCode"] for _ in range(2)]
    assert len({first, *taps}) == 3
    for number, code in enumerate((first, *taps)):
        body = one_button(text=f"第{number}次")
        assert (await client.update(code, ["wang"], template_card=body))["errcode"] == 0
    assert wang.cards[0].labels == ["第2次"]


async def test_a_menu_behind_three_dots(client: Client, wang: Colleague) -> None:
    menu = {"desc": "更多", "action_list": [{"text": "静音", "key": "mute"}]}
    code = await sent(client, notice(action_menu=menu, task_id="t-9"))
    push = wang.tap("静音")
    assert (push.fields["Event"], push.fields["EventKey"]) == ("template_card_menu_event", "mute")
    refused = await client.update(code, ["wang"], button={"replace_name": "x"})
    assert refused["errcode"] == 40058
    assert (await client.update(code, ["wang"], template_card=notice()))["errcode"] == 0
    assert wang.cards[0].labels == []


async def test_a_group_of_the_app(client: Client, wecom: WecomServer, wang: Colleague) -> None:
    wecom.member("chen")
    users = {"name": "夜班", "owner": "wang", "userlist": ["wang", "chen"], "chatid": "night"}
    assert (await client.call("appchat/create", **users))["chatid"] == "night"
    assert (await client.call("appchat/create", **users))["errcode"] == 40058
    assert (await client.call("appchat/create", userlist=["wang"]))["errcode"] == 40058
    assert (await client.call("appchat/create", userlist=["wang", "no"]))["errcode"] == 60111
    body = {"chatid": "night", "msgtype": "text", "text": {"content": "大家好"}}
    assert (await client.call("appchat/send", **body))["errcode"] == 0
    assert wecom.chat("night").last.words == "大家好"
    assert (await client.call("appchat/send", **body | {"chatid": "day"}))["errcode"] == 40050
    refused = await client.call(
        "appchat/send", chatid="night", msgtype="template_card", template_card=notice()
    )
    assert refused["errcode"] == 40008
    await client.call("appchat/update", chatid="night", name="白班", del_user_list=["chen"])
    query = {"access_token": await client.fetched(), "chatid": "night"}
    info = (await client.answer("GET", "appchat/get", query))["chat_info"]
    assert info == {"chatid": "night", "name": "白班", "owner": "wang", "userlist": ["wang"]}


async def test_a_member_has_a_name(client: Client, wang: Colleague) -> None:
    query = {"access_token": await client.fetched(), "userid": "wang"}
    assert (await client.answer("GET", "user/get", query))["name"] == "王师傅"
    assert (await client.answer("GET", "user/get", query | {"userid": "no"}))["errcode"] == 60111
