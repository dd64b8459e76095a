"""Calls: what goes over the wire, what every kind of answer means, and that nothing secret is in an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.channel import SendError, Temporary, Unacceptable, Uncertain
from bot.tencent.api import Api, ApiError, _json
from bot.tencent.tokens import Tokens
from models.database import Database
from tests.bot.tencent.office import Clock, Office, hangs_up, refuses, says

SEND = "/cgi-bin/message/custom/send"
SECRET = "s3cret-s3cret-s3cret"
KEY = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ12"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100_000


@pytest.fixture
async def api(office: Office) -> AsyncIterator[Api]:
    """Without a token, as for a group's robot."""
    made = Api(office.url, None, patience=0.5)
    yield made
    await made.close()


@pytest.fixture
async def passes(office: Office, sqlite_url: str, clock: Clock) -> AsyncIterator[Tokens]:
    """Tokens of stable_token, from the same server."""
    database, asking = Database(sqlite_url), Api(office.url, None, patience=0.5)

    async def fetch(force: bool) -> tuple[str, float]:
        payload = {"appid": "wx1", "secret": SECRET, "force_refresh": force}
        answer = await asking.call("/cgi-bin/stable_token", payload)
        return answer["access_token"], answer["expires_in"]

    yield Tokens(database, "token:wechat:wx1", fetch, clock)
    await asking.close()
    await database.close()


@pytest.fixture
async def signed(office: Office, passes: Tokens) -> AsyncIterator[Api]:
    made = Api(office.url, passes, patience=0.5)
    yield made
    await made.close()


def token(number: int) -> dict[str, Any]:
    return {"access_token": f"access-token-{number}", "expires_in": 7200}


async def test_a_post_is_real_utf8_and_a_get_has_no_body(office: Office, api: Api) -> None:
    office.will({"errcode": 0, "msgid": 1}, {"ip_list": ["127.0.0.1"]})
    assert await api.call(SEND, {"text": {"content": "漏水 🚰"}}, query={"key": KEY}) == {
        "errcode": 0,
        "msgid": 1,
    }
    assert await api.call("/cgi-bin/getcallbackip") == {"ip_list": ["127.0.0.1"]}
    post, get = office.asked
    assert (post.method, post.path, post.query) == ("POST", SEND, {"key": KEY})
    assert post.body == '{"text": {"content": "漏水 🚰"}}'.encode()
    assert post.kind == "application/json"
    assert (get.method, get.query, get.body) == ("GET", {}, b"")


async def test_an_empty_payload_is_posted(office: Office, api: Api) -> None:
    await api.call("/x", {})
    assert (office.asked[0].method, office.asked[0].body) == ("POST", b"{}")


async def test_what_could_only_be_escaped_is_left_out(office: Office, api: Api) -> None:
    await api.call(
        SEND, {"a": "漏\x00\x0b\x1f水\ud800", "b": ["\x08c", ({"d": "e\x01"},)], "n": 1, "t": True}
    )
    assert json.loads(office.asked[0].body) == {"a": "漏水", "b": ["c", [{"d": "e"}]], "n": 1, "t": True}
    assert rb"\u" not in office.asked[0].body


@given(st.dictionaries(st.sampled_from("abc"), st.text()))
def test_no_text_is_ever_escaped_as_a_code(payload: dict[str, str]) -> None:
    assert rb"\u" not in _json(payload).replace(rb"\\", b"")


async def test_answers_are_json_in_utf8_whatever_they_are_called(office: Office, api: Api) -> None:
    for kind in ("text/plain", "text/html; charset=gbk", "application/json; charset=iso-8859-1", ""):
        office.will(says({"errcode": 0, "name": "报修"}, kind=kind))
        assert (await api.call("/x"))["name"] == "报修"
    office.will(says(b'\xef\xbb\xbf{"a":"\xff"}'), says({"errcode": "0"}), says({"errcode": None}))
    assert (await api.call("/x"))["a"] == "\ufffd"
    assert await api.call("/x")
    assert await api.call("/x")


async def test_a_code_is_an_error_under_the_status_of_success(office: Office, api: Api) -> None:
    office.will(refuses(45015, "response out of time limit"))
    with pytest.raises(ApiError, match="45015") as refused:
        await api.call(SEND, {"touser": "o"})
    assert refused.value.code == 45015
    assert refused.value.message.startswith("response out of time limit rid: ")
    assert str(refused.value).startswith(SEND)


@pytest.mark.parametrize("code", [45009, 45011, 40001, 40014, 42001, 93000])
async def test_limits_and_refused_keys_are_for_the_door_to_understand(
    office: Office, api: Api, code: int
) -> None:
    office.will(says({"errcode": str(code), "errmsg": "limit"}))
    with pytest.raises(ApiError) as refused:
        await api.call(SEND, {})
    assert (refused.value.code, len(office.asked)) == (code, 1)


PAGE = b"<html>Bad Gateway</html>"
ANSWERS: list[tuple[str, Any, type[SendError]]] = [
    ("busy", says({"errcode": -1, "errmsg": "system error"}), Temporary),
    ("a proxy's page", says(PAGE, status=502), Temporary),
    ("a page of theirs", says(PAGE, status=500), Temporary),
    ("not there", says(PAGE, status=404), Temporary),
    ("elsewhere", says(b"", status=302), Temporary),
    ("too late for a proxy", says(PAGE, status=504), Uncertain),
    ("success without an answer", says(b""), Uncertain),
    ("half an answer", says(b'{"errcode":0,"err'), Uncertain),
    ("a list", says(b"[]"), Uncertain),
    ("a hole", says(b"[" * 100_000), Uncertain),
    ("too large", says(PAGE, status=413), Unacceptable),
    ("hung up", hangs_up, Uncertain),
]


@pytest.mark.parametrize(("answer", "kind"), [one[1:] for one in ANSWERS], ids=[one[0] for one in ANSWERS])
async def test_what_every_answer_means(office: Office, api: Api, answer: Any, kind: type[SendError]) -> None:
    office.will(answer)
    with pytest.raises(kind) as raised:
        await api.call(SEND, {"touser": OPENID}, query={"key": KEY})
    assert type(raised.value) is kind
    assert KEY not in str(raised.value)
    assert len(office.asked) == 1


async def test_no_one_is_sent_elsewhere(office: Office, api: Api) -> None:
    async def elsewhere(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"{office.url}/trap"})

    office.will(elsewhere, elsewhere)
    for attempt in (api.call(SEND, {}, query={"key": KEY}), api.download("/media", {"key": KEY}, 100)):
        with pytest.raises(Temporary):
            await attempt
    assert [one.path for one in office.asked] == [SEND, "/media"]


async def test_where_nobody_listens_nothing_was_sent(office: Office, unused_tcp_port: int) -> None:
    api = Api(f"http://127.0.0.1:{unused_tcp_port}", None)
    for attempt in (api.call(SEND, {}, query={"key": KEY}), api.upload("/u", "a", b"b", "c/d", {"key": KEY})):
        with pytest.raises(Temporary, match="not connected") as raised:
            await attempt
        assert KEY not in str(raised.value)
        assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)
    await api.close()


async def test_where_no_answer_comes_it_may_have_been_taken(office: Office) -> None:
    api, over = Api(office.url, None, patience=0.05), asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    office.will(silent, silent)
    with pytest.raises(Uncertain, match="no answer"):
        await api.call(SEND, {})
    with pytest.raises(Temporary):
        await api.download("/media", {}, 100)
    over.set()
    await api.close()


async def test_an_error_repeats_nothing_that_we_have_told(office: Office, signed: Api) -> None:
    office.will(token(1), refuses(40003, f"invalid openid {OPENID} with access-token-1"))
    with pytest.raises(ApiError) as refused:
        await signed.call(SEND, {"touser": OPENID})
    assert refused.value.message.startswith("invalid openid … with … rid")
    office.will(refuses(93000, f"invalid webhook url ?key={KEY}" + "x" * 1000))
    with pytest.raises(ApiError) as refused:
        await signed.call("/send", {}, query={"key": KEY})
    assert KEY not in str(refused.value)
    assert len(refused.value.message) == 200


async def test_the_token_is_fetched_once_and_sent_with_every_call(office: Office, signed: Api) -> None:
    office.will(token(1))
    for _ in range(3):
        await signed.call(SEND, {}, query={"a": "b"})
    assert [one.path for one in office.asked] == ["/cgi-bin/stable_token", *[SEND] * 3]
    assert office.asked[1].query == {"a": "b", "access_token": "access-token-1"}


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_renewed_and_the_call_made_again(
    office: Office, signed: Api, code: int
) -> None:
    office.will(token(1), refuses(code, "invalid credential"), token(2), {"errcode": 0, "errmsg": "ok"})
    assert await signed.call(SEND, {"touser": OPENID}) == {"errcode": 0, "errmsg": "ok"}
    assert office.tokens == ["", "access-token-1", "", "access-token-2"]
    assert office.asked[1].body == office.asked[3].body


async def test_one_still_given_out_is_renewed_by_force(office: Office, signed: Api) -> None:
    office.will(token(1), refuses(40001), token(1), token(2), {"errcode": 0})
    await signed.call(SEND, {})
    assert [json.loads(office.asked[number].body)["force_refresh"] for number in (0, 2, 3)] == [
        *(False, False, True)
    ]


async def test_a_call_that_is_always_refused_ends_and_is_no_fault_of_the_message(
    office: Office, signed: Api
) -> None:
    office.will(token(1), refuses(40001), token(2), refuses(40001), token(3), refuses(40001))
    with capture_logs() as logged, pytest.raises(Temporary, match="whatever the token"):
        await signed.call(SEND, {"touser": OPENID})
    assert len(office.asked) == 6
    assert [line["event"] for line in logged] == ["access_token_refused"]
    assert "access-token" not in str(logged)


async def test_the_worst_of_servers_is_asked_a_bounded_number_of_times(office: Office, signed: Api) -> None:
    """Every call is refused, and the same token given out again and again."""

    async def stubborn(request: web.Request) -> web.StreamResponse:
        fetching = request.path == "/cgi-bin/stable_token"
        return await (says(token(1)) if fetching else refuses(40001))(request)

    office.will(*[stubborn] * 100)
    for _ in range(5):
        with pytest.raises(Temporary):
            await signed.call(SEND, {})
    fetched = [json.loads(one.body)["force_refresh"] for one in office.asked if one.path != SEND]
    assert fetched == [False, False, True]
    assert len(office.asked) - len(fetched) == 5


async def test_without_a_token_nothing_is_sent(office: Office, signed: Api) -> None:
    office.will(refuses(40125, f"invalid appsecret {SECRET}"))
    with capture_logs() as logged, pytest.raises(Temporary, match="40125") as raised:
        await signed.call(SEND, {})
    assert [one.path for one in office.asked] == ["/cgi-bin/stable_token"]
    assert [line["event"] for line in logged] == ["token_refused"]
    assert SECRET not in f"{raised.value}{logged}"


async def test_a_lost_answer_to_the_question_for_a_token_is_no_lost_message(
    office: Office, signed: Api
) -> None:
    office.will(hangs_up)
    with pytest.raises(Temporary, match="no access token"):
        await signed.call(SEND, {})


async def test_many_whose_token_is_refused_at_once_renew_it_once(office: Office, signed: Api) -> None:
    async def old_is_refused(request: web.Request) -> web.StreamResponse:
        if request.path == "/cgi-bin/stable_token":
            return await says(token(1 if len(office.asked) == 1 else 2))(request)
        good = request.query["access_token"] == "access-token-2"
        return await (says({"errcode": 0}) if good else refuses(42001))(request)

    office.will(*[old_is_refused] * 100)
    await asyncio.gather(*(signed.call(SEND, {}) for _ in range(10)))
    assert [one.path for one in office.asked].count("/cgi-bin/stable_token") == 2


async def test_a_file_is_uploaded_as_the_part_media(office: Office, signed: Api) -> None:
    taken = {"type": "image", "media_id": "m1", "created_at": "1380000000"}
    office.will(token(1), refuses(40001), token(2), taken)
    answer = await signed.upload("/cgi-bin/media/upload", "photo.jpg", JPEG, "image/jpeg", {"type": "image"})
    assert answer == taken
    sent = office.asked[-1]
    assert sent.query == {"type": "image", "access_token": "access-token-2"}
    assert sent.kind.startswith("multipart/form-data; boundary=")
    form = message_from_bytes(b"Content-Type: " + sent.kind.encode() + b"\r\n\r\n" + sent.body, policy=HTTP)
    [part] = form.iter_parts()
    assert (part.get_filename(), part.get_content_type()) == ("photo.jpg", "image/jpeg")
    assert part.get_param("name", header="content-disposition") == "media"
    assert part.get_content() == JPEG


async def test_a_file_is_downloaded(office: Office, signed: Api) -> None:
    office.will(token(1), refuses(42001), token(2), says(JPEG, kind="image/jpeg"))
    assert await signed.download("/cgi-bin/media/get", {"media_id": "m1"}, len(JPEG)) == JPEG
    assert office.asked[-1].query == {"media_id": "m1", "access_token": "access-token-2"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(JPEG + b"x", kind="image/jpeg"), Unacceptable),
        (says({"video_url": "http://x"}), Unacceptable),
        (refuses(40007, "invalid media_id"), ApiError),
        (says(b' \n{"errcode":40007}', kind="image/jpeg"), ApiError),
        (says({"errcode": -1}), Temporary),
        (says(b""), Temporary),
        (says(PAGE, status=502), Temporary),
        (says(PAGE, status=404), Temporary),
    ],
    ids=["too large", "a film", "refused", "refused as a picture", "busy", "empty", "a page", "not there"],
)
async def test_what_is_no_file(office: Office, api: Api, answer: Any, kind: type[SendError]) -> None:
    office.will(answer)
    with pytest.raises(kind) as raised:
        await api.download("/cgi-bin/media/get", {"media_id": "m1", "key": KEY}, len(JPEG))
    assert type(raised.value) is kind
    assert KEY not in str(raised.value)


async def test_a_file_is_asked_for_again_when_the_server_hangs_up(office: Office, api: Api) -> None:
    office.will(hangs_up, hangs_up)
    with pytest.raises(Temporary):
        await api.download("/cgi-bin/media/get", {"media_id": "m1"}, len(JPEG))
    office.will(says(JPEG, kind="image/jpeg"))
    assert await api.download("/cgi-bin/media/get", {"media_id": "m1"}, len(JPEG)) == JPEG


async def test_after_closing_one_may_call_again(office: Office, api: Api) -> None:
    await api.call("/x")
    await api.close()
    await api.close()
    await api.call("/x")
    assert len(office.asked) == 2
