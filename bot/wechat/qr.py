"""A code to be scanned that begins the chat: whoever scans it is asked to bind the home it stands for."""

from __future__ import annotations

from datetime import timedelta

from bot.channel import Temporary
from bot.tencent.api import Api, ApiError
from bot.wechat.errors import meaning

CREATE = "/cgi-bin/qrcode/create"
LONGEST = timedelta(days=30)
LONGEST_SCENE = 64


async def scene(api: Api, told: str, *, lasts: timedelta = LONGEST) -> str:
    """The address to be drawn as a QR code; scanning it in WeChat says `/start` and what is `told`.

    At most 64 letters, for at most 30 days (WeChat docs: 生成带参数的二维码). Raises SendError, ValueError.
    """
    if not 0 < len(told) <= LONGEST_SCENE or not timedelta(0) < lasts <= LONGEST:
        raise ValueError("a scene has up to 64 letters and lasts up to 30 days")
    payload = {
        "expire_seconds": int(lasts.total_seconds()),
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": told}},
    }
    try:
        answer = await api.call(CREATE, payload)
    except ApiError as error:
        raise meaning(error, CREATE) from error
    url = answer.get("url")
    if not isinstance(url, str) or not url:
        raise Temporary("a code without an address")
    return url
