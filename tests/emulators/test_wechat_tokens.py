"""Access tokens: two kinds, each with its own way of growing old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.tencent_clock import DAY
from tests.emulators.wechat import WechatServer
from tests.emulators.wechat_fixtures import Desk


async def stable(desk: Desk, **more: Any) -> Any:
    """The token and how long it lives, or the errcode."""
    about = {"grant_type": "client_credential", "appid": desk.wechat.appid, "secret": desk.wechat.secret}
    answer = await desk.ask("stable_token", about | more)
    return answer.get("errcode") or (answer["access_token"], answer["expires_in"])


async def classic(desk: Desk, **more: str) -> Any:
    about = {"grant_type": "client_credential", "appid": desk.wechat.appid, "secret": desk.wechat.secret}
    answer = await desk.ask("token", **about | more)
    return answer.get("errcode") or answer["access_token"]


async def check(desk: Desk, token: str) -> int:
    return int((await desk.ask("getcallbackip", access_token=token)).get("errcode", 0))


async def test_the_stable_token_stays_until_its_last_five_minutes(wechat: WechatServer, desk: Desk) -> None:
    first, lives = await stable(desk)
    assert (lives, len(first)) == (7200, 512)
    wechat.advance(6899)
    assert (await stable(desk))[0] == first
    wechat.advance(2)
    second, lives = await stable(desk)
    assert second != first
    assert lives == 7200
    assert [await check(desk, first), await check(desk, second)] == [0, 0]
    wechat.advance(300)
    assert [await check(desk, first), await check(desk, second)] == [42001, 0]


async def test_a_forced_refresh_kills_at_once_and_is_rationed(wechat: WechatServer, desk: Desk) -> None:
    first, _ = await stable(desk)
    second, _ = await stable(desk, force_refresh=True)
    assert [await check(desk, first), await check(desk, second)] == [40001, 0]
    assert await stable(desk, force_refresh=True) == 45011
    assert (await stable(desk))[0] == second
    for _ in range(19):
        wechat.advance(30)
        assert isinstance(await stable(desk, force_refresh=True), tuple)
    wechat.advance(30)
    assert await stable(desk, force_refresh=True) == 45009
    wechat.advance(DAY)
    assert isinstance(await stable(desk, force_refresh=True), tuple)


async def test_the_classic_token_is_new_every_time_and_apart(wechat: WechatServer, desk: Desk) -> None:
    kept, _ = await stable(desk)
    first, second = await classic(desk), await classic(desk)
    assert first != second
    assert [await check(desk, token) for token in (first, second, kept)] == [0, 0, 0]
    wechat.advance(301)
    assert [await check(desk, token) for token in (first, second, kept)] == [42001, 0, 0]


async def test_tokens_that_are_not_good(wechat: WechatServer, desk: Desk) -> None:
    token, _ = await stable(desk)
    assert [await check(desk, wrong) for wrong in ("", "short", "x" * 512)] == [41001, 40014, 40001]
    wechat.supersede_token()
    assert await check(desk, token) == 40001
    assert (await stable(desk))[0] != token
    other = await classic(desk)
    wechat.kill_tokens()
    assert await check(desk, other) == 40001


@pytest.mark.parametrize(
    ("wrong", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx1"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "guess"}, 40125),
        ({"grant_type": "password"}, 40002),
    ],
)
async def test_who_asks_is_checked(desk: Desk, wrong: dict[str, str], errcode: int) -> None:
    assert await stable(desk, **wrong) == errcode
    assert await classic(desk, **wrong) == errcode


async def test_only_known_addresses_get_tokens(wechat: WechatServer, desk: Desk) -> None:
    token, _ = await stable(desk)
    wechat.account.whitelist = {"10.0.0.1"}
    assert [await stable(desk), await classic(desk), await check(desk, token)] == [40164, 40164, 0]
    answer = await desk.ask("token", grant_type="client_credential", appid=wechat.appid, secret=wechat.secret)
    assert answer["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ")
    wechat.account.whitelist.add("127.0.0.1")
    assert isinstance(await stable(desk), tuple)
